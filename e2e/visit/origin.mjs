// An existing website, in a process of its own: serves a folder as ordinary web
// servers do, and tells every request, a line each.
import { createServer } from "node:http";
import { readFile, stat } from "node:fs/promises";
import { extname, join, normalize } from "node:path";

const [folder = ".", port = "0"] = process.argv.slice(2);
const types = { ".html": "text/html; charset=utf-8", ".css": "text/css", ".png": "image/png" };

const server = createServer(async (request, response) => {
  const url = new URL(request.url ?? "/", "http://origin");
  console.log(`${request.method} ${request.url}`);
  if (url.pathname === "/hello") {
    response.writeHead(200, { "Content-Type": "text/plain", "Cache-Control": "no-store", "Set-Cookie": "seen=1; Path=/" });
    response.end(`${request.method} ${request.headers.cookie ?? "nobody"}`);
    return;
  }
  const name = join(folder, normalize(url.pathname), url.pathname.endsWith("/") ? "index.html" : "");
  try {
    const { mtime } = await stat(name);
    const data = await readFile(name);
    const headers = { "Content-Type": types[extname(name)] ?? "application/octet-stream", "Last-Modified": mtime.toUTCString(), "Cache-Control": "max-age=3600" };
    const since = request.headers["if-modified-since"];
    if (since && new Date(since) >= new Date(mtime.toUTCString())) {
      response.writeHead(304, headers).end();
      return;
    }
    response.writeHead(200, { ...headers, "Content-Length": data.length });
    response.end(request.method === "HEAD" ? undefined : data);
  } catch {
    response.writeHead(404, { "Content-Type": "text/plain" }).end("not here");
  }
});
server.listen(Number(port), "127.0.0.1", () => console.log(`listening http://127.0.0.1:${server.address().port}`));

// §2: documents.
import { ask, gets, holds, json, list, paths, problem, put, puts, same, tag } from "./check.ts";
import type { Case } from "./world.ts";

const text = { "Content-Type": "text/plain;charset=UTF-8" };
const merge = (what: string): RequestInit => ({ method: "PATCH", body: what, headers: { "Content-Type": "application/merge-patch+json" } });

export const documents: readonly Case[] = [
  {
    name: "§2 PUT makes, PUT changes, GET and HEAD read",
    async run() {
      const first = await puts("notes/a.txt", "one", text);
      same(first.status, 201, first.text);
      const second = await puts("notes/a.txt", "two!", text);
      same(second.status, 204, second.text);
      holds(tag(first) !== tag(second), "the tag stays");
      const got = await gets(200, "data/notes/a.txt");
      same([got.text, tag(got), got.headers.get("Content-Type"), got.headers.get("Cache-Control")],
        ["two!", tag(second), "text/plain;charset=UTF-8", "private, no-cache"], "the document");
      const head = await gets(200, "data/notes/a.txt", { method: "HEAD" });
      same([head.text, tag(head), head.headers.get("Content-Length")], ["", tag(second), "4"], "its head");
    },
  },
  {
    name: "§1 a document is never a page of the origin",
    async run() {
      await put("page.html", "<script>parent.tainted = 1</script>", { "Content-Type": "text/html" });
      const got = await gets(200, "data/page.html");
      const csp = got.headers.get("Content-Security-Policy") ?? "";
      holds(/(^|[,; ])sandbox($|[,; ])/.test(csp) && csp.includes("default-src 'none'"), `the policy is ${csp}`);
      same([got.headers.get("X-Content-Type-Options"), got.headers.get("Cross-Origin-Resource-Policy"), got.headers.get("Access-Control-Allow-Origin")],
        ["nosniff", "same-origin", null], "its headers");
      const frame = document.createElement("iframe");
      frame.src = "/.kith/data/page.html";
      const loaded = new Promise((done) => frame.addEventListener("load", done));
      document.body.append(frame);
      await loaded;
      same("tainted" in window, false, "a script of a document ran");
      same(frame.contentDocument, null, "a framed document has the origin of the app");
      frame.remove();
    },
  },
  {
    name: "§1 a document is no service worker",
    async run() {
      await put("sw.js", "self.addEventListener('fetch', () => {})", { "Content-Type": "text/javascript" });
      const refused = await navigator.serviceWorker.register("/.kith/data/sw.js").then(async (r) => {
        await r.unregister();
        return false;
      }, () => true);
      holds(refused, "a document was registered as a service worker");
    },
  },
  {
    name: "§2 the type is kept, else it goes by the name",
    async run() {
      for (const [path, type] of [["t/x.json", "application/json"], ["t/x.png", "image/png"], ["t/x", "application/octet-stream"]] as const) {
        await put(path, new Blob(["{}"]));
        same((await gets(200, `data/${path}`)).headers.get("Content-Type")?.split(";")[0], type, path);
      }
    },
  },
  {
    name: "§2 ranges and conditions of GET",
    async run() {
      const etag = await put("r.bin", "0123456789", text);
      const range = async (r: string, more: Record<string, string> = {}): Promise<[number, string, string | null]> => {
        // A browser's cache answers what cannot be satisfied by itself, with a Content-Range of its own.
        const told = await ask("data/r.bin", { cache: "no-store", headers: { Range: r, ...more } });
        return [told.status, told.status === 416 || told.status === 412 ? "" : told.text, told.headers.get("Content-Range")];
      };
      same(await range("bytes=2-4"), [206, "234", "bytes 2-4/10"], "2-4");
      same(await range("bytes=7-"), [206, "789", "bytes 7-9/10"], "7-");
      same(await range("bytes=-2"), [206, "89", "bytes 8-9/10"], "-2");
      same(await range("bytes=8-99"), [206, "89", "bytes 8-9/10"], "8-99");
      same(await range("bytes=10-"), [416, "", "bytes */10"], "10-");
      same(await range("bytes=0-1", { "If-Range": etag }), [206, "01", "bytes 0-1/10"], "If-Range that holds");
      same(await range("bytes=0-1", { "If-Range": '"other"' }), [200, "0123456789", null], "If-Range that does not");
      same((await ask("data/r.bin", { headers: { "If-None-Match": etag } })).status, 304, "If-None-Match");
      same((await ask("data/r.bin", { headers: { "If-None-Match": `"other", W/${etag}` } })).status, 304, "If-None-Match, a list");
      same((await ask("data/r.bin", { headers: { "If-None-Match": '"other"' } })).status, 200, "If-None-Match of another");
      same((await ask("data/r.bin", { headers: { "If-Match": '"other"' } })).status, 412, "If-Match of another");
      same((await ask("data/r.bin", { headers: { "If-Match": etag } })).status, 200, "If-Match");
    },
  },
  {
    name: "§2 conditions of PUT",
    async run() {
      const etag = await put("c.txt", "1", text);
      problem(await puts("c.txt", "2", { ...text, "If-None-Match": "*" }), 412);
      problem(await puts("c.txt", "2", { ...text, "If-Match": '"other"' }), 412);
      problem(await puts("c-none.txt", "2", { ...text, "If-Match": "*" }), 412);
      same((await puts("c-new.txt", "2", { ...text, "If-None-Match": "*" })).status, 201, "If-None-Match where nothing is");
      same((await puts("c.txt", "2", { ...text, "If-Match": etag })).status, 204, "If-Match that holds");
      problem(await puts("c.txt", "3", { ...text, "If-Match": etag }), 412);
      same((await gets(200, "data/c.txt")).text, "2", "what is there");
    },
  },
  {
    name: "§2 of those who race by If-Match one wins",
    async run() {
      await put("race.json", JSON.stringify({ n: 0 }));
      const add = async (): Promise<number> => {
        for (let tries = 0; ; tries++) {
          const got = await gets(200, "data/race.json");
          const n = json<{ n: number }>(got).n;
          const told = await puts("race.json", JSON.stringify({ n: n + 1 }), { "If-Match": tag(got) });
          if (told.status === 204) {
            return tries;
          }
          problem(told, 412);
        }
      };
      await Promise.all(Array.from({ length: 8 }, async () => {
        await add();
        await add();
      }));
      same(json(await gets(200, "data/race.json")), { n: 16 }, "sixteen additions");
      const etag = tag(await gets(200, "data/race.json"));
      const patches = await Promise.all(Array.from({ length: 6 }, (_, i) => {
        const m = merge(`{"by":${i}}`);
        return ask("data/race.json", { ...m, headers: { ...(m.headers as Record<string, string>), "If-Match": etag } });
      }));
      same(patches.map((p) => p.status).sort(), [204, 412, 412, 412, 412, 412], "six patches of one version");
      await Promise.all(Array.from({ length: 8 }, (_, i) => gets(204, "data/race.json", merge(`{"k${i}":1}`))));
      same(Object.keys(json(await gets(200, "data/race.json"))).length, 10, "members after eight patches at once");
    },
  },
  {
    name: "§2 PATCH merges JSON (RFC 7396)",
    async run() {
      await put("p.json", '{"a":"b","c":{"d":"e","f":"g"},"big":12345678901234567890}', { "Content-Type": "application/json" });
      const told = await gets(204, "data/p.json", merge('{"a":"z","c":{"f":null},"n":[1]}'));
      tag(told);
      const got = await gets(200, "data/p.json");
      same(json<Record<string, unknown>>(got)["c"], { d: "e" }, "a member is taken away");
      same([json(got)["a"], json(got)["n"]], ["z", [1]], "members are set");
      holds(got.text.includes("12345678901234567890"), `a large number was changed: ${got.text}`);
      same(got.headers.get("Content-Type"), "application/json", "the type stays");
      problem(await ask("data/p-none.json", merge("{}")), 404);
      problem(await ask("data/p.json", merge("{nothing")), 400);
      problem(await ask("data/p.json", { method: "PATCH", body: "{}", headers: { "Content-Type": "application/json" } }), 415);
      problem(await ask("data/p.json", { ...merge("{}"), headers: { "Content-Type": "application/merge-patch+json", "If-Match": '"other"' } }), 412);
      await put("p.txt", "no JSON", text);
      problem(await ask("data/p.txt", merge("{}")), 422);
    },
  },
  {
    name: "§2 POST names documents in order of time",
    async run() {
      const made: string[] = [];
      for (let i = 0; i < 5; i++) {
        const told = await ask("data/log/", { method: "POST", body: `${i}`, headers: text });
        same(told.status, 201, told.text);
        tag(told);
        const location = told.headers.get("Location") ?? "";
        holds(location.startsWith("/.kith/data/log/"), `Location is ${location}`);
        made.push(location.slice("/.kith/data/".length));
      }
      same(made, [...made].sort(), "the order of the names");
      same(paths(await list("log/")), made, "the folder");
      same((await gets(200, `data/${made[3]}`)).text, "3", "one of them");
      problem(await ask("data/log/x", { method: "POST", body: "x" }), 405);
      problem(await ask("data/log/", { method: "PUT", body: "x" }), 405);
    },
  },
  {
    name: "§2 DELETE of a document and of a folder",
    async run() {
      const etag = await put("d/1", "1");
      await put("d/2", "2");
      await put("d/e/3", "3");
      await put("dd", "stays");
      problem(await ask("data/d/1", { method: "DELETE", headers: { "If-Match": '"other"' } }), 412);
      await gets(204, "data/d/1", { method: "DELETE", headers: { "If-Match": etag } });
      problem(await ask("data/d/1"), 404);
      problem(await ask("data/d/1", { method: "DELETE" }), 404);
      await gets(204, "data/d/", { method: "DELETE" });
      same(paths(await list("d/")), [], "the folder");
      problem(await ask("data/d/", { method: "DELETE" }), 404);
      same((await gets(200, "data/dd")).text, "stays", "what is beside it");
    },
  },
  {
    name: "§2 labels",
    async run() {
      await put("l.txt", "x", { ...text, "Kith-Labels": "red, gr%C3%BCn" });
      const item = (await list("")).items.find((i) => i.path === "l.txt");
      same([...(item?.labels ?? [])].sort(), ["grün", "red"], "the labels");
      await put("l.txt", "y", text);
      same((await list("")).items.find((i) => i.path === "l.txt")?.labels?.length, 2, "labels after a change that names none");
      problem(await puts("l.txt", "z", { ...text, "Kith-Labels": Array.from({ length: 17 }, (_, i) => `l${i}`).join(", ") }), 400);
    },
  },
  {
    name: "§2 a folder lists, goes on, and stops at a depth",
    async run() {
      for (const path of ["f/a", "f/b/1", "f/b/2", "f/b/c/3", "f/d", "f/ü.txt"]) {
        await put(path, path, text);
      }
      const all = ["f/a", "f/b/1", "f/b/2", "f/b/c/3", "f/d", "f/ü.txt"];
      const whole = await list("f/");
      same([paths(whole), whole.next], [all, undefined], "all below f/");
      const item = whole.items[5];
      same([item?.type, item?.size, item?.labels, item?.audience], ["text/plain;charset=UTF-8", 8, [], { kind: "nobody" }], "one of them");
      holds(!Number.isNaN(Date.parse(item?.modified ?? "")) && item?.modified.endsWith("Z"), `modified is ${item?.modified}`);
      same(item?.etag, tag(await gets(200, `data/${encodeURI("f/ü.txt")}`)), "its tag");
      const seen: string[] = [];
      for (let after = ""; ; ) {
        const page = await list("f/", `?limit=2${after === "" ? "" : `&after=${encodeURIComponent(after)}`}`);
        holds(page.items.length <= 2, "a page is longer than its limit");
        seen.push(...paths(page));
        if (page.next === undefined) {
          break;
        }
        after = page.next;
      }
      same(seen, all, "page by page");
      const top = await list("f/", "?depth=1");
      same([paths(top), top.folders], [["f/a", "f/d", "f/ü.txt"], ["f/b/"]], "at depth 1");
      same(await list("none/"), { items: [] }, "a folder that is none");
      problem(await ask("data/f/?limit=0"), 400);
      problem(await ask("data/f/?limit=x"), 400);
      problem(await ask("data/f/?depth=2"), 400);
    },
  },
  {
    name: "§2 what is no path is refused",
    async run() {
      for (const path of ["a//b", "/a", "a%00b", "a%2Fb", "a%0Ab", "%FF", "x".repeat(1025), "a/%2e%2e%2fb"]) {
        problem(await puts(path, "x"), 400);
        problem(await ask(`data/${path}`), 400);
      }
      same((await puts(`long/${"y".repeat(200)}`, "x")).status, 201, "a long name");
    },
  },
];

// §2.1: documents that come in parts.
import { ask, gets, holds, problem, put, puts, same, tag, type Told } from "./check.ts";
import type { Case } from "./world.ts";

const part = (path: string, text: string, range: string, more: Record<string, string> = {}): Promise<Told> =>
  puts(path, text, { "Content-Range": range, "Content-Type": "text/plain", ...more });

export const parts: readonly Case[] = [
  {
    name: "§2.1 parts make a document when all are there",
    async run() {
      const none = await ask("data/parts/a", { method: "PUT", headers: { "Content-Range": "bytes */10" } });
      same([none.status, none.headers.get("Range")], [202, null], "before the first part");
      const first = await part("parts/a", "0123", "bytes 0-3/10");
      same([first.status, first.headers.get("Range")], [202, "bytes=0-3"], "the first part");
      problem(await ask("data/parts/a"), 404);
      const asked = await ask("data/parts/a", { method: "PUT", headers: { "Content-Range": "bytes */10" } });
      same([asked.status, asked.headers.get("Range")], [202, "bytes=0-3"], "how far it is");
      const again = await part("parts/a", "2345", "bytes 2-5/10");
      same([again.status, again.headers.get("Range")], [202, "bytes=0-5"], "a part that overlaps");
      const last = await part("parts/a", "6789", "bytes 6-9/10");
      same(last.status, 201, last.text);
      const got = await gets(200, "data/parts/a");
      same([got.text, tag(got), got.headers.get("Content-Type")], ["0123456789", tag(last), "text/plain"], "the document");
    },
  },
  {
    name: "§2.1 a draft takes the place of what is there",
    async run() {
      await put("parts/b", "old");
      await part("parts/b", "ab", "bytes 0-1/4");
      same((await gets(200, "data/parts/b")).text, "old", "before it is whole");
      same((await part("parts/b", "cd", "bytes 2-3/4")).status, 204, "the last part");
      same((await gets(200, "data/parts/b")).text, "abcd", "afterwards");
    },
  },
  {
    name: "§2.1 parts of another size begin anew",
    async run() {
      await part("parts/c", "abc", "bytes 0-2/9");
      const anew = await part("parts/c", "xy", "bytes 0-1/4");
      same([anew.status, anew.headers.get("Range")], [202, "bytes=0-1"], "a part of another whole");
      same((await part("parts/c", "zw", "bytes 2-3/4")).status, 201, "its last");
      same((await gets(200, "data/parts/c")).text, "xyzw", "the document");
    },
  },
  {
    name: "§2.1 what does not follow is told how far it is",
    async run() {
      await part("parts/d", "ab", "bytes 0-1/8");
      const gap = await part("parts/d", "gh", "bytes 6-7/8");
      same(gap.headers.get("Range"), "bytes=0-1", "how far it is");
      problem(gap, 409);
      for (const range of ["bytes 0-1/*", "bytes 2-1/8", "bytes 0-8/8", "bytes 0-3/8", "items 0-1/8", "bytes a-b/8", "0-1/8", "bytes 0-1/99999999999999999999"]) {
        problem(await part("parts/d", "ab", range), 400);
      }
    },
  },
  {
    name: "§2.1 with If-Match a part overwrites",
    async run() {
      const etag = await put("parts/e", "0123456789", { "Content-Type": "text/plain" });
      const told = await part("parts/e", "xy", "bytes 4-5/10", { "If-Match": etag });
      same(told.status, 204, told.text);
      const got = await gets(200, "data/parts/e");
      same([got.text, tag(got)], ["0123xy6789", tag(told)], "the document");
      holds(tag(told) !== etag, "the tag stays");
      problem(await part("parts/e", "zz", "bytes 4-5/10", { "If-Match": etag }), 412);
      const other = await part("parts/e", "zz", "bytes 4-5/20", { "If-Match": tag(told) });
      problem(other, 416);
      same(other.headers.get("Content-Range"), "bytes */10", "the size that it has");
      const racers = await Promise.all(["aa", "bb", "cc", "dd"].map((s) => part("parts/e", s, "bytes 0-1/10", { "If-Match": tag(told) })));
      same(racers.map((r) => r.status).sort(), [204, 412, 412, 412], "four parts of one version");
    },
  },
  {
    name: "§2.1 a large document comes whole",
    async run() {
      const size = 3 << 20;
      const whole = new Uint8Array(size).map((_, i) => (i * 31 + (i >> 8)) & 255);
      const step = 1 << 20;
      for (let at = 0; at < size; at += step) {
        const told = await puts("parts/large", whole.slice(at, at + step), { "Content-Range": `bytes ${at}-${at + step - 1}/${size}` });
        same(told.status, at + step === size ? 201 : 202, told.text);
      }
      const got = new Uint8Array(await (await fetch("/.kith/data/parts/large")).arrayBuffer());
      holds(got.length === size && got.every((x, i) => x === whole[i]), "the octets differ");
    },
  },
];

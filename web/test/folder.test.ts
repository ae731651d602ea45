import assert from "node:assert/strict";
import test from "node:test";
import { folderFromEntries, folderFromFiles } from "../console/folder.ts";

/** A file as <input webkitdirectory> gives it. */
function chosen(path: string, text: string): File {
  const file = new File([text], path.slice(path.lastIndexOf("/") + 1));
  Object.defineProperty(file, "webkitRelativePath", { value: path });
  return file;
}

/** A file or folder as a drop gives it; a folder hands out some entries at a time. */
function entry(name: string, content: string | FileSystemEntry[], atOnce = 2): FileSystemEntry {
  if (typeof content === "string") {
    return { name, isFile: true, isDirectory: false, file: (ok: (f: File) => void) => ok(new File([content], name)) } as unknown as FileSystemEntry;
  }
  return {
    name,
    isFile: false,
    isDirectory: true,
    createReader: () => {
      const rest = [...content];
      return { readEntries: (ok: (e: FileSystemEntry[]) => void) => ok(rest.splice(0, atOnce)) };
    },
  } as unknown as FileSystemEntry;
}

test("a chosen folder gives its name to the site", () => {
  const f = folderFromFiles([chosen("garden/b.txt", "bb"), chosen("garden/a/c.txt", "c"), chosen("garden/.DS_Store", "litter")]);
  assert.equal(f.name, "garden");
  assert.deepEqual(f.files.map((x) => x.path), ["a/c.txt", "b.txt"]);
  assert.equal(f.bytes, 3);
});

test("a dropped folder is read to its depth, all of it", async () => {
  const many = Array.from({ length: 7 }, (_, i) => entry(`${i}.txt`, "x"));
  const f = await folderFromEntries([entry("garden", [entry("deep", [entry("er", many)]), entry("index.html", "hi"), entry("Thumbs.db", "litter")])]);
  assert.equal(f.name, "garden");
  assert.equal(f.files.length, 8);
  assert.equal(f.files[0]?.path, "deep/er/0.txt");
  assert.equal(f.bytes, 9);
});

test("things dropped side by side keep their names", async () => {
  const f = await folderFromEntries([entry("pictures", [entry("a.png", "1")]), entry("index.html", "2")]);
  assert.equal(f.name, "");
  assert.deepEqual(f.files.map((x) => x.path), ["index.html", "pictures/a.png"]);
});

test("an empty folder has no files", async () => {
  assert.equal((await folderFromEntries([entry("void", [])])).files.length, 0);
});

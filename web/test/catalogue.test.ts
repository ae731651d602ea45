import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import test from "node:test";
import { Catalogue, type Message } from "../console/text/catalogue.ts";

const c = new Catalogue("en", { hi: "Hello {name}!", n: { one: "{count} site", other: "{count} sites" } });

test("holes are filled, plurals chosen, numbers written", () => {
  assert.equal(c.text("hi", { name: "Ada" }), "Hello Ada!");
  assert.equal(c.text("n", { count: 1 }), "1 site");
  assert.equal(c.text("n", { count: 1234 }), "1,234 sites");
});

test("what is missing shows itself", () => {
  assert.equal(c.text("none"), "none");
  assert.equal(c.text("hi"), "Hello {name}!");
});

test("a value is not read as a message", () => {
  assert.equal(c.text("hi", { name: "{name}" }), "Hello {name}!");
});

const web = new URL("../../../../", import.meta.url);

/** The sources of the console, and of the people pages, which are of the same parts. */
async function sources(): Promise<string> {
  const texts = await Promise.all(["console/", "runtime/people/"].map(async (folder) => {
    const dir = new URL(folder, web);
    const names = (await readdir(dir, { recursive: true })).filter((n) => n.endsWith(".ts"));
    return Promise.all(names.map((n) => readFile(new URL(n, dir), "utf8")));
  }));
  return texts.flat().join("\n");
}

test("every message is used, and every message that is used exists", async () => {
  const messages = JSON.parse(await readFile(new URL("console/messages/en.json", web), "utf8")) as Record<string, Message>;
  const text = await sources();
  const families = [...text.matchAll(/`([\w.]+)\.\$\{[^}]+\}((?:\.\w+)*)`/g)].map(
    ([, start = "", end = ""]) => new RegExp(`^${start.replaceAll(".", "\\.")}\\.\\w+${end.replaceAll(".", "\\.")}$`),
  );
  assert.ok(families.length > 3, "no keys made of parts were found: the pattern is broken");
  for (const key of Object.keys(messages)) {
    const used = text.includes(`"${key}"`) || families.some((f) => f.test(key));
    assert.ok(used, `nothing says ${key}`);
  }
  for (const [, key = ""] of text.matchAll(/\bt\("([\w.]+)"/g)) {
    assert.ok(key in messages, `${key} is no message`);
  }
});

test("plural messages have a form for the rest", async () => {
  const messages = JSON.parse(await readFile(new URL("console/messages/en.json", web), "utf8")) as Record<string, Message>;
  for (const [key, message] of Object.entries(messages)) {
    assert.ok(typeof message === "string" || "other" in message, `${key} has no form "other"`);
  }
});

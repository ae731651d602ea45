// Every catalogue says the same in every language: the same messages, with the
// same holes, in the plural forms that the language has.
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import test from "node:test";
import type { Message } from "../console/text/catalogue.ts";

const web = new URL("../../../../", import.meta.url);

/** The languages that every catalogue has; the first is the one that the others are compared with. */
const languages = ["en", "de"] as const;

type Messages = Readonly<Record<string, Message>>;

/** Where the catalogues are, by what becomes of a language's name. */
const catalogues: Readonly<Record<string, (language: string) => string>> = {
  console: (l) => `console/messages/${l}.json`,
  shell: (l) => `shell/messages/${l}.json`,
  runtime: (l) => `runtime/messages/${l}.json`,
  extension: (l) => `extension/_locales/${l}/messages.json`,
  album: (l) => `../examples/album/src/messages/${l}.json`,
  notes: (l) => `../examples/notes/src/messages/${l}.json`,
};

async function read(path: string): Promise<Messages> {
  const messages = JSON.parse(await readFile(new URL(path, web), "utf8")) as Record<string, Message>;
  // An extension's messages are objects with one text.
  return Object.fromEntries(Object.entries(messages).map(([key, m]) => [key, typeof m === "object" && "message" in m ? String(m["message"]) : m]));
}

function texts(message: Message): readonly string[] {
  return typeof message === "string" ? [message] : Object.values(message);
}

function holes(text: string): string {
  return [...new Set(text.match(/\{\w+\}|\$\d/g))].sort().join(" ");
}

for (const [name, path] of Object.entries(catalogues)) {
  test(`${name}: every language has every message, with its holes`, async () => {
    const first = await read(path(languages[0]));
    for (const language of languages) {
      const messages = await read(path(language));
      assert.deepEqual(Object.keys(messages), Object.keys(first), `${path(language)} has other messages, or another order`);
      for (const [key, message] of Object.entries(messages)) {
        const wanted = holes(texts(first[key] ?? "").join(" "));
        for (const text of texts(message)) {
          // "one" may say "a day" for {count}.
          assert.equal(holes(`${text} ${typeof message === "string" ? "" : "{count}"}`), holes(`${wanted} ${typeof message === "string" ? "" : "{count}"}`), `${path(language)}: the holes of ${key}`);
          assert.equal(text.trim(), text, `${path(language)}: ${key} begins or ends with a space`);
          assert.notEqual(text, "", `${path(language)}: ${key} is empty`);
        }
      }
    }
  });

  test(`${name}: plural messages have the forms of their language`, async () => {
    for (const language of languages) {
      const wanted = [...new Intl.PluralRules(language).resolvedOptions().pluralCategories].sort();
      for (const [key, message] of Object.entries(await read(path(language)))) {
        if (typeof message !== "string") {
          assert.deepEqual(Object.keys(message).sort(), wanted, `${path(language)}: the forms of ${key}`);
        }
      }
    }
  });

  test(`${name}: the German is German`, async () => {
    const english = await read(path("en"));
    for (const [key, message] of Object.entries(await read(path("de")))) {
      for (const text of texts(message)) {
        assert.doesNotMatch(text, /["“]\w|\w["”]|'/, `${key}: quotes are „…“`);
        assert.doesNotMatch(text, /\b(?:du|dich|dir|dein\w*)\b/i, `${key}: people are addressed as Sie`);
        assert.ok(!texts(english[key] ?? "").includes(text) || text.split(" ").length < 4, `${key} is not translated`);
      }
    }
  });
}

test("no folder has a language that is not compared", async () => {
  for (const path of Object.values(catalogues)) {
    const [folder = "", rest = ""] = path("*").split("*");
    const found = (await readdir(new URL(folder, web))).map((n) => (rest.startsWith("/") ? n : n.replace(/\.json$/, "")));
    assert.deepEqual(found.sort(), [...languages].sort(), folder);
  }
});

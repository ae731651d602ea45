// Texts that people read are in catalogues, never in the code that builds pages.
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import test from "node:test";

const root = new URL("../../../../../", import.meta.url);

/** Where pages are built. */
const folders = ["web/console", "web/shell", "web/runtime", "web/extension", "web/sdk", "examples/album/src", "examples/notes/src", "examples/common"];

/** The same in every language: names, and examples of paths and addresses. */
const names = /Kith|\w+:\/\/\S+|(?<=^|\s)\/[\w/]+/g;

/** One text in the code, and where. */
interface Found {
  readonly text: string;
  readonly line: number;
}

/** The end of the template literal that begins after at, and its text, with a mark for what is filled in. */
function template(source: string, at: number): { readonly end: number; readonly text: string; readonly inner: readonly Found[] } {
  let text = "";
  const inner: Found[] = [];
  for (let i = at; i < source.length; i++) {
    const c = source[i] ?? "";
    if (c === "\\") {
      text += source.slice(i, i + 2);
      i++;
    } else if (c === "`") {
      return { end: i, text, inner };
    } else if (c === "$" && source[i + 1] === "{") {
      const hole = expression(source, i + 2);
      inner.push(...hole.found);
      text += "\u0000" + "\n".repeat(source.slice(i, hole.end).split("\n").length - 1);
      i = hole.end;
    } else {
      text += c;
    }
  }
  throw new Error(`a template without an end: ${source.slice(at, at + 60)}`);
}

/** Skips code until its closing brace; what templates in it say is found too. */
function expression(source: string, at: number): { readonly end: number; readonly found: readonly Found[] } {
  const found: Found[] = [];
  let depth = 0;
  for (let i = at; i < source.length; i++) {
    const c = source[i];
    if (c === '"' || c === "'") {
      while (source[++i] !== c) i += source[i] === "\\" ? 1 : 0;
    } else if (c === "`") {
      const markup = /(?<![.\w])html$/.test(source.slice(Math.max(0, i - 6), i));
      const t = template(source, i + 1);
      found.push(...t.inner, ...(markup ? markupTexts(t.text, lineAt(source, i)) : []));
      i = t.end;
    } else if (c === "{") {
      depth++;
    } else if (c === "}" && depth-- === 0) {
      return { end: i, found };
    }
  }
  throw new Error("an expression without an end");
}

function lineAt(source: string, at: number): number {
  return source.slice(0, at).split("\n").length;
}

/** Whether a text has words in it. */
function worded(text: string): boolean {
  return /\p{L}{2}/u.test(text.replace(names, ""));
}

/** What markup says: between its tags, but for code, and in attributes that are read. */
function markupTexts(markup: string, line: number): Found[] {
  const found: Found[] = [];
  const plain = markup.replace(/<(code|pre)\b[^>]*>[\s\S]*?<\/\1>/g, (s) => s.replace(/[^\n]/g, " "));
  const rest = plain.replace(/<[^>]*>/g, (tag, at: number) => {
    for (const [, , said = ""] of tag.matchAll(/\s(aria-label|title|alt|placeholder|aria-description|aria-roledescription|label)="([^"]*)"/g)) {
      if (worded(said.replaceAll("\u0000", ""))) found.push({ text: said, line: line + lineAt(plain, at) - 1 });
    }
    return tag.replace(/[^\n]/g, " ");
  });
  rest.split("\n").forEach((l, n) => worded(l.replaceAll("\u0000", " ")) && found.push({ text: l.replaceAll("\u0000", "…").trim(), line: line + n }));
  return found;
}

/** What code says to people without a catalogue. */
export function literals(source: string): Found[] {
  const found: Found[] = [];
  for (const m of source.matchAll(/(?<![.\w])html`/g)) {
    const t = template(source, m.index + m[0].length);
    found.push(...t.inner, ...markupTexts(t.text, lineAt(source, m.index)));
  }
  const direct = [
    /\b(?:textContent|innerText|title|ariaLabel|placeholder|alt|label)\s*=\s*("[^"]*"|`[^`]*`)/g,
    /setAttribute\("(?:aria-label|title|alt|placeholder)",\s*("[^"]*"|`[^`]*`)/g,
    /\bh\("\w+",\s*\{[^{}]*\},\s*("[^"]*"|`[^`]*`)/g,
    /"(?:aria-label|title|alt|placeholder)":\s*("[^"]*"|`[^`]*`)/g,
    /\b(?:say|notice|alert|confirm)\(\s*(?:\w+,\s*)?("[^"]*"|`[^`]*`)/g,
    /\.append\(\s*("[^"]*"|`[^`]*`)/g,
  ];
  for (const pattern of direct) {
    for (const m of source.matchAll(pattern)) {
      const text = (m[1] ?? "").slice(1, -1).replace(/\$\{[^}]*\}/g, " ");
      if (worded(text)) found.push({ text, line: lineAt(source, m.index) });
    }
  }
  return found.filter((f, i) => found.findIndex((g) => g.line === f.line && g.text === f.text) === i);
}

test("a text in the code is found", () => {
  const finds = (source: string): readonly string[] => literals(source).map((f) => f.text);
  assert.deepEqual(finds("html`<p>${t(\"a\")} <code>kith up</code> Kith</p>`"), []);
  assert.deepEqual(finds("html`<p>Some words</p>`"), ["Some words"]);
  assert.deepEqual(finds("html`<a title=\"Go there\" href=\"next page\">${icon(\"x\")}</a>`"), ["Go there"]);
  assert.deepEqual(finds("html`<ul>${all.map((x) => html`<li>item ${x}</li>`)}</ul>`"), ["item …"]);
  assert.deepEqual(finds("document.title = \"Kith at home\";"), ["Kith at home"]);
  assert.deepEqual(finds("h(\"p\", { class: \"x\" }, \"Nothing here\")"), ["Nothing here"]);
  assert.deepEqual(finds("b.setAttribute(\"aria-label\", `Close ${x}`)"), ["Close  "]);
});

test("no page is built with texts of its own", async () => {
  const complaints: string[] = [];
  let read = 0;
  for (const folder of folders) {
    const dir = new URL(`${folder}/`, root);
    for (const name of (await readdir(dir, { recursive: true })).filter((n) => n.endsWith(".ts") && !/node_modules|dist\/|^(?:peer\/(?!page)|swarm)/.test(n))) {
      read++;
      for (const { text, line } of literals(await readFile(new URL(name, dir), "utf8"))) complaints.push(`${folder}/${name}:${line}: ${text}`);
    }
  }
  assert.ok(read > 100, `only ${read} files were read`);
  assert.deepEqual(complaints, []);
});

test("pages without JavaScript say so in every language", async () => {
  for (const page of ["web/console/index.html", "web/shell/app.html", "web/runtime/people/index.html", "examples/album/src/index.html", "examples/notes/src/index.html"]) {
    const [said = ""] = /<noscript>[\s\S]*<\/noscript>/.exec(await readFile(new URL(page, root), "utf8")) ?? [];
    assert.match(said, /<p>[^<]/, page);
    assert.match(said, /<p lang="de">[^<]/, page);
  }
});

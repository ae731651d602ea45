// Writes docs/reference/sdk.md: every export of the SDKs, from their types.
//
//     node sdk/reference.mjs           write it
//     node sdk/reference.mjs --check   fail when it is not what the types make,
//                                      or when something has no comment
import { readFileSync, writeFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { SyntaxKind } from "typescript/unstable/ast";
import { API, SymbolFlags } from "typescript/unstable/sync";

const web = dirname(dirname(fileURLToPath(import.meta.url)));
const target = join(web, "..", "docs", "reference", "sdk.md");

const head = `# SDK reference

Every export of the two packages for web pages, with its signature: [\`@kith/sdk\`](#kithsdk) for documents and friends, [\`@kith/lp2p\`](#kithlp2p) for devices in the same room. This page is made of the packages' types (\`npm run --prefix web reference\`). How they are used is told in their own pages: [@kith/sdk](../../web/sdk/kith/README.md), [@kith/lp2p](../../web/sdk/lp2p/README.md).
`;

const packages = [
  { name: "@kith/sdk", folder: "sdk/kith", intro: "What an app calls to keep documents and to reach friends. [The app API](../../spec/app-api.md) is what it speaks, and can be had without it." },
  { name: "@kith/lp2p", folder: "sdk/lp2p", intro: "The Local Peer-to-Peer API of the W3C's incubator community, by the person's node. What is between devices is in [its protocol](../../spec/local-peer-to-peer.md)." },
];

/** Classes that pages make themselves; the others are given to them. */
const made = ["LP2PRequest", "LP2PReceiver", "LP2PConnectionEvent", "LP2PDataChannelEvent", "LP2PQuicTransport", "LP2PQuicTransportListener"];

/** @type {string[]} what lacks a comment */
const bare = [];

/** A package's exports, as Markdown. */
function describe(api, { name, folder, intro }) {
  const config = join(web, folder, "tsconfig.json");
  const project = api.updateSnapshot({ openProjects: [config] }).getProject(config);
  const { checker, program } = project;
  const entry = checker.getSymbolAtLocation(program.getSourceFile(join(web, folder, "src", "index.ts")));
  const all = checker.getExportsOfModule(entry).map((e) => {
    const symbol = e.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(e) : e;
    const [node, ...merged] = symbol.declarations.map((d) => d.resolve(project));
    return { name: e.name, symbol, node, merged };
  });
  const exported = new Set(all.map((e) => e.name));
  const context = { checker, project, exported, package: name };
  const out = [`## ${name}`, intro];
  for (const kinds of [
    [SyntaxKind.FunctionDeclaration, SyntaxKind.VariableDeclaration],
    [SyntaxKind.ClassDeclaration],
    [SyntaxKind.InterfaceDeclaration, SyntaxKind.TypeAliasDeclaration],
  ]) {
    for (const one of all.filter((e) => kinds.includes(e.node.kind))) out.push(...describeOne(context, one));
  }
  return out.join("\n\n");
}

/** One export. */
function describeOne(context, { name, symbol, node, merged }) {
  const out = [`### ${name}`, ...comment(context, name, symbol)];
  switch (node.kind) {
    case SyntaxKind.VariableDeclaration: {
      const type = context.checker.typeToString(context.checker.getTypeOfSymbol(symbol));
      const call = /^(\(.*\)) => ([^=]*)$/.exec(type);
      return [...out, ...code(context, name, call ? `function ${name}${call[1]}: ${call[2]}` : `const ${name}: ${type}`)];
    }
    case SyntaxKind.FunctionDeclaration:
      return [...out, ...code(context, name, signature(node))];
    case SyntaxKind.ClassDeclaration:
      return [...out, ...describeClass(context, name, node, merged)];
    default:
      undocumented(context, name, node);
      return [...out, ...code(context, name, dedent(node.getText()))];
  }
}

/** A class: what it has in one block, and each method by itself. */
function describeClass(context, name, node, merged) {
  const clauses = (node.heritageClauses ?? []).map((c) => ` ${c.getText()}`).join("");
  const seen = (m) => m.kind !== SyntaxKind.ClassStaticBlockDeclaration && !m.name?.getText().startsWith("#") && !isPrivate(m) && !/@internal/.test(docs(m));
  const mute = [SyntaxKind.Constructor, SyntaxKind.SetAccessor]; // their class and their getter say it
  const fields = [];
  const methods = [];
  for (const m of [node, ...merged].flatMap((d) => [...d.members]).filter(seen)) {
    const doc = docs(m);
    if (m.kind === SyntaxKind.MethodDeclaration) {
      const full = `${name}.${m.name.getText()}`;
      const said = comment(context, full, context.checker.getSymbolAtLocation(m.name));
      methods.push(`#### ${full}`, ...said, ...code(context, name, signature(m)));
    } else if (m.kind !== SyntaxKind.Constructor || made.includes(name)) {
      if (!doc && !mute.includes(m.kind)) bare.push(`${context.package} ${name}.${m.name.getText()}`);
      fields.push(`${doc ? `  ${doc}\n` : ""}  ${signature(m)};`);
    }
  }
  const generic = node.typeParameters ? `<${node.typeParameters.map((p) => p.getText()).join(", ")}>` : "";
  const block = fields.length > 0 ? code(context, name, `class ${name}${generic}${clauses} {\n${fields.join("\n")}\n}`) : [];
  return [...block, ...methods];
}

const isPrivate = (m) => (m.modifiers ?? []).some((x) => x.kind === SyntaxKind.PrivateKeyword);
const docs = (m) => (m.jsDoc ?? []).map((d) => d.getText().replace(/\n\s*\*/g, "\n   *")).join("\n  ");

/** Members of an interface need comments where their name and type do not say it all. */
function undocumented(context, name, node) {
  for (const m of node.members ?? []) {
    if (!docs(m)) bare.push(`${context.package} ${name}.${m.name?.getText() ?? "()"}`);
  }
}

/** The declaration without its body. */
function signature(node) {
  const whole = node.getSourceFile().text;
  const end = node.body ? node.body.pos : node.end;
  const text = whole.slice(node.getStart(), end).replace(/[;\s]+$/, "");
  const plain = text.replace(/^(export\s+|async\s+|override\s+|public\s+)+/, "").replace(/^(\*?)/, "");
  if (node.kind === SyntaxKind.PropertyDeclaration) return plain.replace(/\s+=\s[\s\S]*$/, "");
  return node.kind === SyntaxKind.FunctionDeclaration ? plain : plain.replace(/\s+/g, " ");
}

/** What is said of something: its comment, and what it throws. */
function comment({ checker, package: from }, name, symbol) {
  const said = checker.getDocumentationCommentOfSymbol(symbol).trim();
  if (said === "") bare.push(`${from} ${name}`);
  const tags = checker.getJsDocTagsOfSymbol(symbol).filter((t) => t.name === "throws");
  const text = (t) => (typeof t.text === "string" ? t.text : (t.text ?? []).map((p) => p.text).join("")).trim();
  return [said, ...tags.map((t) => `*Throws* ${text(t).replace(/^\{(\w+)\}\s*/, "`$1` ").replace(/\s*\n\s*/g, " ")}`)].filter(Boolean);
}

/** A block, and where the types in it are described. */
function code({ exported }, name, text) {
  const stripped = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*|"[^"]*"/g, "");
  const used = [...new Set(stripped.match(/\b[A-Z]\w+\b/g) ?? [])].filter((t) => exported.has(t) && t !== name);
  const links = used.map((t) => `[${t}](#${t.toLowerCase()})`);
  return ["```ts\n" + text + "\n```", ...(links.length > 0 ? [`→ ${links.join(", ")}`] : [])];
}

/** A declaration as if it stood at the beginning of the line. */
const dedent = (text) => text.replace(/^export\s+/, "");

const api = new API({ cwd: web });
const text = [head.trim(), ...packages.map((p) => describe(api, p))].join("\n\n") + "\n";
api.close();

if (bare.length > 0) {
  console.error(`these have no comment:\n  ${bare.join("\n  ")}`);
  process.exitCode = 1;
}
if (!process.argv.includes("--check")) {
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
} else if (readFileSync(target, "utf8") !== text) {
  console.error("docs/reference/sdk.md is stale: run 'npm run --prefix web reference' and commit it");
  process.exitCode = 1;
}

/**
 * JSON Merge Patch (RFC 7396). What a patch does not name stays as it was
 * written: numbers keep all their digits, members their order.
 */

/** JSON: what is not an object or an array stays text. */
type Tree = Map<string, Tree> | Tree[] | string;

/** Nested deeper than any document that a person made. */
const deepest = 200;

/** What patch makes of target. Throws SyntaxError for what is not JSON, RangeError for what is nested too deeply. */
export function mergePatch(target: string, patch: string): string {
  return write(merge(read(target), read(patch)));
}

function merge(target: Tree | undefined, patch: Tree): Tree {
  if (!(patch instanceof Map)) return patch;
  const out: Map<string, Tree> = new Map(target instanceof Map ? target : []);
  for (const [name, value] of patch) {
    if (value === "null") out.delete(name);
    else out.set(name, merge(out.get(name), value));
  }
  return out;
}

/** Reads JSON. */
export function read(text: string): Tree {
  JSON.parse(text); // knows the grammar: what comes here is well-formed
  const tokens = text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}:,]|[^\s[\]{}:,"]+/g);
  const next = (): string => tokens.next().value?.[0] ?? "";
  const value = (token: string, depth: number): Tree => {
    if (depth > deepest) throw new RangeError(`nested deeper than ${deepest}`);
    return token === "{" ? object(depth) : token === "[" ? array(depth) : token;
  };
  const object = (depth: number): Tree => {
    const out = new Map<string, Tree>();
    for (let name = next(); name !== "}"; name = next()) {
      if (name === ",") continue;
      next(); // :
      out.set(JSON.parse(name) as string, value(next(), depth + 1));
    }
    return out;
  };
  const array = (depth: number): Tree => {
    const out: Tree[] = [];
    for (let token = next(); token !== "]"; token = next()) {
      if (token !== ",") out.push(value(token, depth + 1));
    }
    return out;
  };
  return value(next(), 0);
}

function write(tree: Tree): string {
  if (typeof tree === "string") return tree;
  if (Array.isArray(tree)) return `[${tree.map(write).join(",")}]`;
  return `{${[...tree].map(([name, value]) => `${JSON.stringify(name)}:${write(value)}`).join(",")}}`;
}

// Two versions of a text that come from a third: put together where they changed
// different lines.

/** Lines from..to of the text before are these now. */
interface Hunk { from: number; to: number; lines: readonly string[] }

/** How many pairs of lines are compared at most. */
const mostPairs = 4e6;

/** base with the changes of both; undefined when they changed the same lines. */
export function merged(base: string, mine: string, theirs: string): string | undefined {
  if (mine === theirs || theirs === base) return mine;
  if (mine === base) return theirs;
  const lines = base.split("\n");
  const [a, b] = [changes(lines, mine.split("\n")), changes(lines, theirs.split("\n"))];
  if (!a || !b) return undefined;
  const out: string[] = [];
  let at = 0;
  const news = b.filter((h) => !a.some((o) => o.from === h.from && o.to === h.to && o.lines.join("\n") === h.lines.join("\n")));
  for (const hunk of [...a, ...news].sort((x, y) => x.from - y.from || x.to - y.to)) {
    if (touches(hunk, a, news)) return undefined; // both changed these lines
    out.push(...lines.slice(at, hunk.from), ...hunk.lines);
    at = hunk.to;
  }
  return [...out, ...lines.slice(at)].join("\n");
}

/** Whether a hunk of one side is at the same place as one of the other. */
function touches(hunk: Hunk, a: readonly Hunk[], b: readonly Hunk[]): boolean {
  const others = a.includes(hunk) ? b : a;
  return others.some((o) => (o.from < hunk.to && hunk.from < o.to) || o.from === hunk.from);
}

/** What was changed between two texts; undefined when they are too long and different. */
function changes(before: readonly string[], after: readonly string[]): Hunk[] | undefined {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  while (end < before.length - start && end < after.length - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  const [x, y] = [before.slice(start, before.length - end), after.slice(start, after.length - end)];
  if (x.length * y.length > mostPairs) return undefined;
  const width = y.length + 1;
  const same = new Uint32Array((x.length + 1) * width); // the longest common subsequence of what is left
  for (let i = x.length - 1; i >= 0; i--) {
    for (let j = y.length - 1; j >= 0; j--) {
      same[i * width + j] = x[i] === y[j] ? 1 + (same[(i + 1) * width + j + 1] ?? 0) : Math.max(same[(i + 1) * width + j] ?? 0, same[i * width + j + 1] ?? 0);
    }
  }
  const hunks: Hunk[] = [];
  for (let i = 0, j = 0; i < x.length || j < y.length; ) {
    const [from, first] = [i, j];
    while (i < x.length || j < y.length) {
      if (i < x.length && j < y.length && x[i] === y[j]) break;
      if (j >= y.length || (i < x.length && (same[(i + 1) * width + j] ?? 0) >= (same[i * width + j + 1] ?? 0))) i++;
      else j++;
    }
    if (i > from || j > first) hunks.push({ from: start + from, to: start + i, lines: y.slice(first, j) });
    while (i < x.length && j < y.length && x[i] === y[j]) {
      i++;
      j++;
    }
  }
  return hunks;
}

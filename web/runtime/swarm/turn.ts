// The order in which visitors who lack the same piece ask the host for it. All
// of them reckon it alike from what they know of each other, so that one asks
// and the others take the piece from that one, without a word about it.

/** How peers that are visitors begin their names, in hexadecimal. */
export const visitor = "2d4b56"; // -KV

/** The place of the peer called id (hexadecimal) for piece i: as good as random, another for each piece. */
export function turn(id: string, i: number): number {
  let n = Number.parseInt(id.slice(-8), 16) ^ Math.imul(i + 1, 0x9e3779b1);
  n = Math.imul(n ^ (n >>> 16), 0x85ebca6b);
  n = Math.imul(n ^ (n >>> 13), 0xc2b2ae35);
  return (n ^ (n >>> 16)) >>> 0;
}

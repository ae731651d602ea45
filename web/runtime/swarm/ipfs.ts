// The index of an immutable IPFS site: a CAR (https://ipld.io/specs/transport/car/carv1/)
// of the blocks that say how the site is built. All other blocks are its pieces.
import { bad, equal, fromHex, Reader, swarmName, utf8 } from "./bytes.ts";
import { Catalogue, checkPath, limits } from "./catalogue.ts";
import { codecs, inlined, isBlock, readCID, spell, type CID } from "./cid.ts";
import { leafContent, leafSize, readNode, types, type Link, type Node } from "./unixfs.ts";
import type { FileEntry, Index, SiteInfo, Span } from "../types.ts";

const deepest = 128;
/** No block of a network is longer. */
const longestBlock = 4 * 1024 * 1024;
/** Blocks hashed at a time. */
const lanes = 64;

/** Opens the skeleton of info.address. */
export async function openIPFS(info: SiteInfo, data: Uint8Array): Promise<Index> {
  const { root, blocks } = await readCAR(data);
  // Addresses are in their canonical form: version 1, base32.
  if (!`${info.address}/`.startsWith(`ipfs://${spell(root)}/`)) {
    bad("is that of another site");
  }
  const swarm = await swarmName("ipfs", root.bytes);
  if (!equal(swarm, fromHex(info.swarm))) {
    bad("is not that of the swarm");
  }
  return new Skeleton(swarm, root, blocks);
}

/** Reads a CARv1 of one root and checks every block. */
async function readCAR(data: Uint8Array): Promise<{ root: CID; blocks: Map<string, Uint8Array> }> {
  const r = new Reader(data);
  const root = readHeader(new Reader(r.take(r.varint())));
  const blocks = new Map<string, Uint8Array>();
  let batch: Promise<boolean>[] = [];
  while (!r.done) {
    const section = new Reader(r.take(r.varint()));
    const cid = readCID(section);
    const block = section.take(section.data.length - section.at);
    blocks.set(cid.key, block);
    batch.push(isBlock(cid, block));
    if (batch.length === lanes || r.done) {
      if ((await Promise.all(batch)).includes(false)) {
        bad("has a block that is not what its CID says");
      }
      batch = [];
    }
  }
  return { root, blocks };
}

/** Reads {"roots": [CID], "version": 1} in DAG-CBOR, which can be written in one way only. */
function readHeader(r: Reader): CID {
  expect(r, [0xa2, 0x65, ...utf8("roots"), 0x81, 0xd8, 0x2a]);
  const head = r.byte();
  const length = head === 0x58 ? r.byte() : head === 0x59 ? r.byte() * 256 + r.byte() : head - 0x40;
  const tagged = new Reader(r.take(length < 0 ? Infinity : length));
  expect(tagged, [0]);
  const root = readCID(tagged);
  expect(r, [0x67, ...utf8("version"), 1]);
  return tagged.done && r.done ? root : bad("is not a CAR of one root");
}

function expect(r: Reader, octets: readonly number[]): void {
  if (octets.some((b) => r.byte() !== b)) {
    bad("is not a CAR of one root");
  }
}

/** A block that is no part of the skeleton. */
interface Piece {
  readonly cid: CID;
  /** The length of the block, and of its content; what it is by what leads to it. */
  size: number;
  content: number;
}

class Skeleton implements Index {
  readonly kind = "ipfs";
  readonly swarm: Uint8Array;
  readonly pieces: number;
  readonly bytes: number;
  readonly #blocks: ReadonlyMap<string, Uint8Array>;
  readonly #nodes = new Map<string, Node>();
  readonly #byKey = new Map<string, number>();
  readonly #pieces: Piece[] = [];
  readonly #catalogue = new Catalogue();

  constructor(swarm: Uint8Array, root: CID, blocks: ReadonlyMap<string, Uint8Array>) {
    this.swarm = swarm;
    this.#blocks = blocks;
    const link = { name: "", cid: root, size: 0 };
    this.#walk(link, -1, 0);
    if (!this.#nodes.has(root.key)) {
      bad("is that of a single block, whose length nobody says");
    }
    this.pieces = this.#pieces.length;
    this.bytes = this.#pieces.reduce((n, p) => n + p.size, 0);
    this.#list(link, [], 0, { left: 2 * limits.files });
  }

  length(i: number): number {
    return this.#pieces[i]?.size ?? 0;
  }

  filled(i: number): number {
    return this.length(i);
  }

  async verify(i: number, data: Uint8Array): Promise<boolean> {
    const piece = this.#pieces[i];
    return piece !== undefined && data.length === piece.size && isBlock(piece.cid, data);
  }

  content(i: number, data: Uint8Array): Uint8Array {
    const piece = this.#pieces[i];
    const content = piece?.cid.codec === codecs.dagPB ? leafContent(data) : data;
    return content.length === piece?.content ? content : bad("has a piece that is not as long as its file says");
  }

  file(path: string): FileEntry | undefined {
    return this.#catalogue.file(path);
  }

  folder(path: string): boolean {
    return this.#catalogue.folder(path);
  }

  files(): Iterable<FileEntry> {
    return this.#catalogue.files();
  }

  /** The stretches of the pieces below a file's link that hold bytes [from, to) of the file. */
  *spans(link: Link, from: number, to: number): Iterable<Span> {
    const node = this.#nodes.get(link.cid.key);
    const piece = this.#byKey.get(link.cid.key);
    if (!node) {
      if (from < to && piece !== undefined) {
        yield { piece, begin: from, end: to };
      }
      return;
    }
    let at = 0;
    for (const [i, child] of node.links.entries()) {
      const size = node.sizes[i] ?? 0;
      if (size > 0 && at < to && at + size > from) {
        yield* this.spans(child, Math.max(0, from - at), Math.min(size, to - at));
      }
      at += size;
    }
  }

  /** Meets link's block for the first time; size is what a file says about its content, or -1. */
  #walk(link: Link, size: number, depth: number): void {
    const { key } = link.cid;
    const block = this.#blocks.get(key) ?? inlined(link.cid);
    const known = this.#nodes.get(key);
    let node = known;
    if (!known && block && link.cid.codec === codecs.dagPB) {
      node = readNode(block);
      if (node.links.length === 0 && node.type !== types.directory && node.type !== types.shard) {
        node = undefined; // an identity CID of a leaf
      }
    }
    if (!node) {
      this.#meet(link, size);
      return;
    }
    if (size >= 0 && (node.size !== size || (node.type !== types.file && node.type !== types.raw))) {
      bad("has a file whose parts are not as long as it says");
    }
    if (known) {
      return;
    }
    if (depth > deepest) {
      bad("is too deep");
    }
    this.#nodes.set(key, node);
    const file = node.type === types.file || node.type === types.raw;
    for (const [i, child] of node.links.entries()) {
      this.#walk(child, file ? (node.sizes[i] ?? 0) : -1, depth + 1);
    }
  }

  /** Notes a piece, and what was said about its length. */
  #meet(link: Link, content: number): void {
    const { cid } = link;
    let i = this.#byKey.get(cid.key);
    if (i === undefined) {
      i = this.#pieces.push({ cid, size: -1, content: -1 }) - 1;
      this.#byKey.set(cid.key, i);
    }
    const piece = this.#pieces[i];
    if (!piece || i >= limits.pieces) {
      return bad("has too many pieces");
    }
    if (content >= 0 && piece.content < 0) {
      piece.content = content;
      piece.size = cid.codec === codecs.dagPB ? link.size : content;
    } else if (content >= 0 && piece.content !== content) {
      bad("has a piece that is said to be of two lengths");
    } else if (piece.size < 0) {
      piece.size = inlined(cid)?.length ?? link.size;
    }
    if (piece.size > longestBlock) {
      bad("has a block that is too long");
    }
  }

  /** Lists the files below link. */
  #list(link: Link, path: readonly string[], depth: number, budget: { left: number }): void {
    if (depth > deepest || --budget.left < 0) {
      bad("has too many files");
    }
    const node = this.#nodes.get(link.cid.key);
    if (node?.type === types.directory || node?.type === types.shard) {
      if (path.length > 0) {
        this.#catalogue.addFolder(checkPath(path));
      }
      for (const child of node.links) {
        const name = node.type === types.shard ? child.name.slice(node.width) : child.name;
        if (name !== "") {
          this.#list(child, [...path, name], depth + 1, budget);
        } else if (node.type === types.shard && this.#nodes.get(child.cid.key)?.type === types.shard) {
          this.#list(child, path, depth + 1, budget); // deeper in the same folder
        } else {
          bad("has an entry without a name");
        }
      }
      return;
    }
    this.#listFile(link, node, path.length > 0 ? path : [spell(link.cid)]);
  }

  #listFile(link: Link, node: Node | undefined, path: readonly string[]): void {
    const piece = this.#pieces[this.#byKey.get(link.cid.key) ?? -1];
    let size = node ? node.size : -1;
    if (piece) {
      piece.content = piece.content < 0 ? contentSize(piece) : piece.content;
      size = piece.content;
    }
    // A file that has content beside its links is left to the host.
    if (size >= 0 && size <= limits.bytes && !(node && this.#hasInner(node, new Set()))) {
      const spans = (from: number, to: number): Iterable<Span> => this.spans(link, Math.max(0, from), Math.min(to, size));
      this.#catalogue.add({ path: checkPath(path), size, spans });
    }
  }

  /** Whether a node of a file has content that is in no piece. */
  #hasInner(node: Node, seen: Set<Node>): boolean {
    if (seen.has(node)) {
      return false;
    }
    seen.add(node);
    return node.data.length > 0 || node.links.some((l) => {
      const child = this.#nodes.get(l.cid.key);
      return child !== undefined && this.#hasInner(child, seen);
    });
  }
}

/** The length of a file that is one block, by the length of the block; -1 where that says nothing. */
function contentSize(piece: Piece): number {
  if (piece.cid.codec === codecs.raw) {
    return piece.size;
  }
  const here = inlined(piece.cid);
  if (piece.cid.codec !== codecs.dagPB) {
    return -1;
  }
  return here ? readNode(here).data.length : leafSize(piece.size);
}

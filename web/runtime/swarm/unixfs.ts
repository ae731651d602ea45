// UnixFS nodes (https://specs.ipfs.tech/unixfs/) in dag-pb blocks.
import { bad, Reader, text } from "./bytes.ts";
import { readCID, type CID } from "./cid.ts";

export const types = { raw: 0, directory: 1, file: 2, symlink: 4, shard: 5 } as const;

/** A link to a child. size is what its writer claims the child's DAG takes. */
export interface Link {
  readonly name: string;
  readonly cid: CID;
  readonly size: number;
}

/** A decoded block. */
export interface Node {
  readonly type: number;
  readonly links: readonly Link[];
  /** The content of a leaf. */
  readonly data: Uint8Array;
  /** The length of a file, and of the children of its links. */
  readonly size: number;
  readonly sizes: readonly number[];
  /** How many hexadecimal digits stand before the names in a shard. */
  readonly width: number;
}

const mostFanout = 1024;
const none = new Uint8Array(0);

/** Reads a dag-pb block that holds a UnixFS node. */
export function readNode(block: Uint8Array): Node {
  const links: Link[] = [];
  let message: Uint8Array | undefined;
  fields(block, (field, data) => {
    if (field === 2 && data) {
      links.push(readLink(data));
    } else if (field === 1 && data && !message) {
      message = data;
    } else {
      bad("has a block that is not dag-pb");
    }
  });
  return message ? readMessage(message, links) : bad("has a block that is not UnixFS");
}

function readLink(b: Uint8Array): Link {
  let cid: CID | undefined;
  let [name, size] = ["", 0];
  fields(b, (field, data, n) => {
    if (field === 1 && data) {
      const r = new Reader(data);
      cid = readCID(r);
    } else if (field === 2 && data) {
      name = text(data);
    } else if (field === 3 && !data) {
      size = n;
    }
  });
  return cid ? { name, cid, size } : bad("has a link that leads nowhere");
}

function readMessage(b: Uint8Array, links: readonly Link[]): Node {
  let [type, size, fanout] = [0, -1, 0];
  let data: Uint8Array = none;
  const sizes: number[] = [];
  fields(b, (field, octets, n) => {
    if (field === 1 && !octets) {
      type = n;
    } else if (field === 2 && octets) {
      data = octets;
    } else if (field === 3 && !octets) {
      size = n;
    } else if (field === 4) {
      const r = new Reader(octets ?? none);
      while (!r.done) { // packed
        sizes.push(r.varint());
      }
      if (!octets) {
        sizes.push(n);
      }
    } else if (field === 6 && !octets) {
      fanout = n;
    }
  });
  const node = { type, links, data, sizes, size: size < 0 ? data.length : size, width: (fanout - 1).toString(16).length };
  check(node, fanout);
  return node;
}

/** Refuses nodes that contradict themselves. */
function check(n: Node, fanout: number): void {
  if (n.type === types.file || n.type === types.raw) {
    const sum = n.sizes.reduce((a, b) => a + b, n.data.length);
    if (n.sizes.length !== n.links.length || (sum !== n.size && (n.size !== 0 || n.links.length > 0))) {
      bad("has a file whose parts are not as long as it");
    }
  } else if (n.type === types.shard && (fanout < 8 || fanout > mostFanout || (fanout & (fanout - 1)) !== 0)) {
    bad("has a folder with an impossible fan-out");
  }
}

/** The content of a leaf of a file. */
export function leafContent(block: Uint8Array): Uint8Array {
  const n = readNode(block);
  if ((n.type !== types.file && n.type !== types.raw) || n.links.length > 0) {
    bad("has something that is no part of a file where one is meant");
  }
  return n.data;
}

/** The content of a leaf whose block has so many octets, as all known writers pack it. */
export function leafSize(block: number): number {
  const packed = (n: number): number => {
    const message = n === 0 ? 4 : 2 + 1 + varintSize(n) + n + 1 + varintSize(n);
    return 1 + varintSize(message) + message;
  };
  for (let n = Math.max(0, block - 24); n <= block; n++) {
    if (packed(n) === block) {
      return n;
    }
  }
  return -1;
}

function varintSize(n: number): number {
  return n < 128 ? 1 : 1 + varintSize(Math.floor(n / 128));
}

/** Calls f with every field of a protobuf message: its octets, or its number. */
function fields(b: Uint8Array, f: (field: number, data: Uint8Array | undefined, n: number) => void): void {
  const r = new Reader(b);
  while (!r.done) {
    const tag = r.varint();
    const field = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        f(field, undefined, r.varint());
        break;
      case 1:
        r.take(8);
        break;
      case 2:
        f(field, r.take(r.varint()), 0);
        break;
      case 5:
        r.take(4);
        break;
      default:
        bad("has a block that is not protobuf");
    }
  }
}

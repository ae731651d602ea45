/**
 * What two browsers have to say of themselves to be connected (spec/private-sharing.md
 * §5.4): of SDP only what differs from one to the next, so that nothing that another
 * person's device wrote reaches the browser but numbers, addresses and two words.
 */
import { Fault } from "../fault.ts";
import { decode, encode, Fields, hex, omitEmpty, record, unhex } from "../seal/index.ts";

/** Where a side may be reached. */
export interface Candidate {
  type: "host" | "srflx" | "relay";
  priority: number;
  address: string; // IPv4, IPv6, or a name of mDNS
  port: number;
}

/** One side of a connection. */
export interface Description {
  user: string; // ice-ufrag
  password: string; // ice-pwd
  fingerprint: Uint8Array; // SHA-256 of the certificate
  candidates: Candidate[];
}

/** The body of meet. */
export interface Meet {
  id: string; // 16 octets: of an offer and its answer
  answers: boolean;
  side: Description;
}

const most = { candidates: 16, user: 256, password: 256 } as const;
const types = ["host", "srflx", "relay"] as const;
const word = /^[A-Za-z0-9+/]+$/;
const addressForm = /^(?:\d{1,3}(?:\.\d{1,3}){3}|(?=.*:)[0-9a-f:.]{2,45}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.local)$/i;

/** Refuses what ICE would not have written (RFC 8839 §5). */
function check(d: Description): Description {
  const words = [[d.user, 4, most.user], [d.password, 22, most.password]] as const;
  for (const [text, least, longest] of words) {
    if (text.length < least || text.length > longest || !word.test(text)) throw new Fault("invalid", "meet: no words of ICE");
  }
  if (d.fingerprint.length !== 32) throw new Fault("invalid", `meet: a fingerprint of ${d.fingerprint.length} octets`);
  if (d.candidates.length > most.candidates) throw new Fault("invalid", `meet: ${d.candidates.length} candidates`);
  for (const c of d.candidates) {
    if (!addressForm.test(c.address) || c.port < 1 || c.port > 65535 || c.priority < 1 || c.priority >= 2 ** 31) {
      throw new Fault("invalid", "meet: a candidate that is none");
    }
  }
  return d;
}

/** The body of a message of kind meet. */
export function encodeMeet(m: Meet): Uint8Array {
  const candidates = m.side.candidates.map((c) => record({ 1: types.indexOf(c.type), 2: c.priority, 3: c.address, 4: c.port }));
  return encode(record({
    1: unhex(m.id, 16), 2: omitEmpty(m.answers), 3: m.side.user, 4: m.side.password, 5: m.side.fingerprint, 6: candidates,
  }));
}

/** What encodeMeet made. */
export function parseMeet(body: Uint8Array): Meet {
  const f = Fields.from(decode(body), "meet");
  const candidates = f.records(6).map((c): Candidate => {
    const type = types[c.uint(1)];
    if (!type) throw new Fault("invalid", `meet: a candidate of type ${c.uint(1)}`);
    return { type, priority: c.uint(2), address: c.text(3), port: c.uint(4) };
  });
  const side = { user: f.text(3), password: f.text(4), fingerprint: f.octets(5), candidates };
  return { id: f.id(1, 16), answers: f.bool(2), side: check(side) };
}

/** Takes the browser's own SDP apart. */
export function describe(sdp: string): Description {
  const value = (name: string): string => new RegExp(`^a=${name}:(.*?)\\r?$`, "m").exec(sdp)?.[1]?.trim() ?? "";
  const print = /^sha-256 ([0-9a-f:]+)$/i.exec(value("fingerprint"))?.[1] ?? "";
  const candidates = Array.from(sdp.matchAll(/^a=candidate:(.*?)\r?$/gm), (m) => candidateOf(m[1] ?? ""));
  return check({
    user: value("ice-ufrag"), password: value("ice-pwd"), fingerprint: unhex(print.replaceAll(":", "").toLowerCase()),
    candidates: candidates.filter((c) => c !== undefined).slice(0, most.candidates),
  });
}

/** foundation component transport priority address port "typ" type …; undefined for what is not used here. */
function candidateOf(line: string): Candidate | undefined {
  const [, component, transport, priority, address = "", port, , kind] = line.split(" ");
  const type = types.find((t) => t === kind);
  if (!type || component !== "1" || transport?.toLowerCase() !== "udp" || !addressForm.test(address)) return undefined;
  return { type, priority: Number(priority), address, port: Number(port) };
}

/** The SDP of a side that offers or answers, made anew. */
export function sdpOf(d: Description, offers: boolean): string {
  check(d);
  const print = hex(d.fingerprint).toUpperCase().match(/../g)?.join(":") ?? "";
  return [
    "v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0",
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0", "a=mid:0",
    `a=ice-ufrag:${d.user}`, `a=ice-pwd:${d.password}`, `a=fingerprint:sha-256 ${print}`,
    `a=setup:${offers ? "actpass" : "active"}`, "a=sctp-port:5000", "a=max-message-size:65536",
    ...d.candidates.map(candidateLine), "a=end-of-candidates", "",
  ].join("\r\n");
}

function candidateLine(c: Candidate, i: number): string {
  const from = c.type === "host" ? "" : " raddr 0.0.0.0 rport 0";
  return `a=candidate:${i + 1} 1 udp ${c.priority} ${c.address} ${c.port} typ ${c.type}${from}`;
}

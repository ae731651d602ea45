// People who do not show their address: what they give each other goes through a
// relay (TURN), the host's own or one that stands by itself.
import { gallery } from "./site.ts";
import { expect, pictures, startHost, test, view, startTURN, type Host, type Person } from "./setting.ts";
import type { Page } from "@playwright/test";

/** What a page's connections told: who may see it. */
interface Seen {
  readonly policies: readonly string[];
  /** The kinds of the candidates that others were given, and the addresses they name. */
  readonly candidates: readonly string[];
  /** The kinds of the pairs in use, ours first, and what came in by them. */
  readonly pairs: readonly { readonly way: string; readonly received: number }[];
}

interface Recorded {
  recorded?: { readonly pc: RTCPeerConnection; readonly policy: string }[];
}

/** Remembers the connections of every page of a person. */
async function record(person: Person): Promise<void> {
  await person.context.addInitScript(() => {
    const all: NonNullable<Recorded["recorded"]> = [];
    (globalThis as Recorded).recorded = all;
    globalThis.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(config?: RTCConfiguration) {
        super(config);
        all.push({ pc: this, policy: config?.iceTransportPolicy ?? "all" });
      }
    };
  });
}

async function seen(page: Page): Promise<Seen> {
  return page.evaluate(async () => {
    const all = (globalThis as Recorded).recorded ?? [];
    const pairs: { way: string; received: number }[] = [];
    for (const { pc } of all) {
      const stats = await pc.getStats();
      stats.forEach((s: { type: string; nominated?: boolean; state?: string; localCandidateId: string; remoteCandidateId: string; bytesReceived?: number }) => {
        if (s.type === "candidate-pair" && s.nominated && s.state === "succeeded") {
          const kind = (id: string): string => (stats.get(id) as { candidateType?: string } | undefined)?.candidateType ?? "";
          pairs.push({ way: `${kind(s.localCandidateId)} ${kind(s.remoteCandidateId)}`, received: s.bytesReceived ?? 0 });
        }
      });
    }
    const candidates = all.flatMap(({ pc }) => [...(pc.localDescription?.sdp ?? "").matchAll(/ typ .*/g)].map((m) => m[0].trim()));
    return { policies: all.map((a) => a.policy), candidates, pairs };
  });
}

/** Chooses "Relay only" before anybody is met at the site itself. */
async function relayOnly(person: Person, host: Host): Promise<void> {
  const page = await person.page();
  await page.goto(`${host.origin}/.kith/served`);
  const way = page.getByRole("radio", { name: /Relay only/ });
  await way.check();
  // A page that is loaded anew knows what was kept, not what was just chosen.
  await expect(async () => {
    await page.reload();
    await expect(way).toBeChecked();
  }).toPass();
  await page.close();
}

/** A host that carries packets for its visitors, and has no faster way to give them pieces. */
const carrying = `
turn = "127.0.0.1:0"
turn_address = "127.0.0.1"
[webtransport]
enabled = false
`;

test("relay only: pieces of another visitor come through the host's TURN, and no address is told", async ({ person }) => {
  const files = await gallery(3, 40_000);
  const host = await startHost(files, carrying);
  const giver = await person();
  await record(giver);
  await relayOnly(giver, host);
  const first = await giver.page();
  await first.goto(`${host.origin}/`);
  await pictures(first);
  await first.evaluate(async (paths) => {
    for (const path of paths) {
      await (await fetch(path)).arrayBuffer();
    }
  }, Object.keys(files).map((f) => `/${f}`));

  const taker = await person();
  await record(taker);
  await relayOnly(taker, host);
  const second = await taker.page();
  await second.goto(`${host.origin}/`);
  const gave = async (): Promise<number> => (await view(second))?.stats.peers.find((p) => p.kind === "webrtc" && p.connected)?.downloaded ?? -1;
  await expect.poll(gave, { timeout: 90_000 }).toBeGreaterThanOrEqual(0);
  expect(await second.evaluate(async () => (await (await fetch("/last.png")).arrayBuffer()).byteLength)).toBe((files["last.png"] as Uint8Array).length);
  await expect.poll(gave).toBeGreaterThan(40_000);

  for (const page of [first, second]) {
    const told = await seen(page);
    expect(new Set(told.policies)).toEqual(new Set(["relay"]));
    expect(told.candidates.length).toBeGreaterThan(0);
    for (const c of told.candidates) {
      expect(c).toMatch(/^typ relay raddr (0\.0\.0\.0|::) rport 0\b/);
    }
    expect(told.pairs.map((p) => p.way)).toContain("relay relay");
  }
});

test("two pages that may use relays alone talk through 'kith relay'", async ({ person }) => {
  const relay = await startTURN();
  const page = await (await person()).page();
  const got = await page.evaluate(async (ice) => {
    const { iceServers } = (await (await fetch(ice)).json()) as { iceServers: RTCIceServer[] };
    const [a, b] = [0, 0].map(() => new RTCPeerConnection({ iceServers, iceTransportPolicy: "relay" }));
    if (!a || !b) {
      throw new Error("no connections");
    }
    a.onicecandidate = (e) => void b.addIceCandidate(e.candidate ?? undefined);
    b.onicecandidate = (e) => void a.addIceCandidate(e.candidate ?? undefined);
    const whole = new Promise<number>((resolve) => {
      let n = 0;
      b.ondatachannel = ({ channel }) => {
        channel.binaryType = "arraybuffer";
        channel.onmessage = (e: MessageEvent<ArrayBuffer>) => (n += e.data.byteLength) === 200_000 && resolve(n);
      };
    });
    const channel = a.createDataChannel("data");
    channel.onopen = () => [0, 1, 2, 3].forEach(() => channel.send(new Uint8Array(50_000)));
    await a.setLocalDescription();
    await b.setRemoteDescription(a.localDescription ?? { type: "offer" });
    await b.setLocalDescription();
    await a.setRemoteDescription(b.localDescription ?? { type: "answer" });
    return whole;
  }, relay);
  expect(got).toBe(200_000);
});

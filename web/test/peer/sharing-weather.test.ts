/** A browser, a node and a friend's browser whose relays and programs end all the time: in the end all have the same. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { dice, hasWebSocket, kith, relay } from "./relay.ts";
import { befriend, Browser, GoNode, link, type Somebody, until } from "./sharing-world.ts";

const program = hasWebSocket(import.meta.url) ? kith() : undefined;
const skip = program ? false : "there is no Go to build nodes with, or a process of its own ran this";
const text = (b: Uint8Array): string => new TextDecoder().decode(b);

interface Listed { path: string; size: number; etag: string }

/** What somebody has, with its contents. */
async function contents(s: Somebody): Promise<Map<string, string>> {
  const { documents } = await s.call<{ documents: Listed[] }>("GET", "data/");
  const all = new Map<string, string>();
  for (const d of documents) all.set(d.path, text(await s.get(d.path)));
  return all;
}

/** What a friend shows somebody, with its contents. */
async function shown(s: Somebody, friend: string): Promise<Map<string, string>> {
  const ask = async (path: string): Promise<string> => {
    const a = await s.ask("GET", `friends/${friend}/data/${path}`, undefined, { Prefer: "wait=20", "Cache-Control": "no-cache" });
    assert.equal(a.status, 200, `${path}: ${a.status}`);
    return text(a.body);
  };
  const { items } = JSON.parse(await ask("")) as { items: { path: string }[] };
  const all = new Map<string, string>();
  for (const { path } of items) all.set(path, await ask(path));
  return all;
}

const steps = 30;

for (const seed of [1, 2]) {
  test(`bad weather ${seed}`, { skip }, async (t) => {
    const relays = [await relay(program ?? ""), await relay(program ?? "")];
    const urls = relays.map((r) => r.url);
    const [phone, desk, bob] = [await Browser.start("phone", ...urls), await GoNode.start(program ?? "", "desk", true, ...urls), await Browser.start("bob", ...urls)];
    t.after(async () => {
      await Promise.all([phone, desk, bob].map((s) => s.end()));
      await Promise.all(relays.map((r) => r.end()));
    });
    await befriend(desk, bob);
    await link(desk, phone);
    await until("the browser knows bob", async () => (await phone.state()).friends.some((f) => f.name === "bob"));

    const next = dice(seed);
    const one = <T>(of: readonly T[]): T => of[Math.floor(next() * of.length)] as T;
    for (let n = 0; n < steps; n++) {
      const owner: Somebody = one([phone, desk]);
      const path = `d${Math.floor(next() * 6)}`;
      switch (Math.floor(next() * 8)) {
        case 0:
        case 1:
        case 2:
          await owner.put(path, `${n} by ${owner.name} ${"x".repeat(Math.floor(next() * 9000))}`, `?for=${one(["bob", "nobody"])}`);
          break;
        case 3:
          await owner.ask("DELETE", `data/${path}`);
          break;
        case 4: {
          const r = one(relays);
          await r.end();
          await r.start();
          break;
        }
        case 5: {
          const b = one([phone, bob]);
          await b.end();
          await b.open();
          break;
        }
        case 6:
          await desk.end();
          await desk.open();
          break;
        default:
          await bob.ask("GET", `friends/desk/data/${path}`, undefined, { Prefer: "wait=1" });
      }
    }

    const same = await until("both devices have the same", async () => {
      const [a, b] = [await contents(phone), await contents(desk)];
      assert.deepEqual([...a].sort(), [...b].sort());
      return a;
    });
    const visible = new Map<string, string>();
    for (const [path, said] of same) {
      const { audience } = await desk.call<{ audience: { kind: string } }>("GET", `data/${path}?info`);
      if (audience.kind === "some") visible.set(path, said);
    }
    await until("the friend sees what is for him", async () => {
      assert.deepEqual([...(await shown(bob, "desk"))].sort(), [...visible].sort());
      return true;
    });
    await until("nothing waits any more", async () => {
      const { receipts } = await phone.state();
      return receipts.every((r) => r.state === "confirmed");
    });
  });
}

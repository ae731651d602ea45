// §4: friends, and what they let this person see.
import { ask, gets, holds, json, list, posts, problem, put, same, tag, until } from "./check.ts";
import { Stream } from "./stream.ts";
import type { Case } from "./world.ts";

interface Friend { friend: string; name: string; heard: string | null }

export async function friends(): Promise<Friend[]> {
  return json<{ items: Friend[] }>(await gets(200, "friends/")).items;
}

/** The handle of the one friend. */
export async function theFriend(name: string): Promise<string> {
  const found = (await friends()).find((f) => f.name === name);
  holds(found, `there is no ${name}`);
  return found.friend;
}

const at = (handle: string, path: string): string => `friends/${handle}/${path}`;

export const friendCases: readonly Case[] = [
  {
    name: "§4 the list has those who were chosen, by handles",
    needs: ["friend"],
    async run(w) {
      const all = await friends();
      same(all.map((f) => f.name), [w.friend], "who is shown");
      holds(/^[0-9a-f]{16}$/.test(all[0]?.friend ?? ""), `the handle is ${all[0]?.friend}`);
      same(await friends(), await friends(), "the list again");
    },
  },
  {
    name: "§4 a friend's document, from them and from the copy",
    needs: ["friend"],
    async run(w) {
      await w.friendPuts("posts/1", "0123456789", "text/plain");
      const f = await theFriend(w.friend);
      const got = await gets(200, at(f, "posts/1"), { headers: { Prefer: "wait=60" } });
      same([got.text, got.headers.get("Content-Type")], ["0123456789", "text/plain"], "the document");
      holds(/(^|[,; ])sandbox($|[,; ])/.test(got.headers.get("Content-Security-Policy") ?? ""), "it has no sandbox");
      const again = await gets(200, at(f, "posts/1"));
      holds(Number(again.headers.get("Age")) >= 0 && again.headers.has("Age"), "a copy without an age");
      holds((again.headers.get("Cache-Control") ?? "").includes("private"), "a copy that anybody may keep");
      const part = await gets(206, at(f, "posts/1"), { headers: { Range: "bytes=2-3" } });
      same([part.text, part.headers.get("Content-Range")], ["23", "bytes 2-3/10"], "a part");
      same((await ask(at(f, "posts/1"), { headers: { "If-None-Match": tag(got) } })).status, 304, "If-None-Match");
      same((await ask(at(f, "posts/1"), { method: "HEAD" })).status, 200, "HEAD");
      const l = json<{ items: { path: string }[] }>(await gets(200, at(f, "posts/"), { headers: { Prefer: "wait=60" } }));
      same(l.items.map((i) => i.path), ["posts/1"], "the folder");
    },
  },
  {
    name: "§4 only what is here, and only what is new",
    needs: ["friend"],
    async run(w) {
      await w.friendPuts("posts/fresh", "one", "text/plain");
      const f = await theFriend(w.friend);
      problem(await ask(at(f, "posts/fresh"), { headers: { "Cache-Control": "only-if-cached" } }), 504);
      same((await gets(200, at(f, "posts/fresh"), { headers: { Prefer: "wait=60" } })).text, "one", "the first");
      same((await gets(200, at(f, "posts/fresh"), { headers: { "Cache-Control": "only-if-cached" } })).text, "one", "the copy");
      await w.friendPuts("posts/fresh", "two", "text/plain");
      same((await gets(200, at(f, "posts/fresh"), { headers: { "Cache-Control": "no-cache", Prefer: "wait=60" } })).text, "two", "asked anew");
    },
  },
  {
    name: "§4 what is not for them and what is not there are the same",
    needs: ["friend"],
    async run(w) {
      const f = await theFriend(w.friend);
      const wait = { headers: { Prefer: "wait=60" } };
      problem(await ask(at(f, "posts/none"), wait), 404);
      const stranger = await ask(at("0123456789abcdef", "posts/1"), wait);
      const odd = await ask(at("x", "posts/1"), wait);
      problem(stranger, 404);
      same(odd.status, 404, "what is no handle");
      problem(await ask(at(f, "posts/1"), { method: "PUT", body: "x" }), 405);
      problem(await ask(at(f, "posts/"), { method: "POST", body: "x" }), 405);
    },
  },
  {
    name: "§4 what a friend changes is told",
    needs: ["friend"],
    async run(w) {
      const f = await theFriend(w.friend);
      const s = await Stream.open("events");
      await w.friendPuts("posts/told", "news", "text/plain");
      await s.hears("friend", (d) => d["friend"] === f);
      s.close();
    },
  },
  {
    name: "§4 what a friend deleted is gone, here too",
    needs: ["friend"],
    async run(w) {
      await w.friendPuts("posts/gone", "soon gone", "text/plain");
      const f = await theFriend(w.friend);
      await gets(200, at(f, "posts/gone"), { headers: { Prefer: "wait=60" } });
      await w.friendDeletes("posts/gone");
      const told = await ask(at(f, "posts/gone"), { headers: { "Cache-Control": "no-cache", Prefer: "wait=60" } });
      holds(told.status === 410 || told.status === 404, `what was deleted is answered ${told.status}`);
      problem(told, told.status, told.status === 410 ? "gone" : "not-found"); // the friend forgets the deletion when it is confirmed
      problem(await ask(at(f, "posts/gone"), { headers: { "Cache-Control": "only-if-cached" } }), 504);
    },
  },
  {
    name: "§4 DELETE erases the copy here",
    needs: ["friend"],
    async run(w) {
      const f = await theFriend(w.friend);
      await gets(200, at(f, "posts/1"), { headers: { Prefer: "wait=60" } });
      await gets(204, at(f, "posts/1"), { method: "DELETE" });
      problem(await ask(at(f, "posts/1"), { headers: { "Cache-Control": "only-if-cached" } }), 504);
    },
  },
  {
    name: "§4 a friend who is away: a stale copy, a request that waits, an event when it arrives",
    needs: ["friend"],
    async run(w) {
      await w.friendPuts("posts/later", "it arrived", "text/plain");
      const f = await theFriend(w.friend);
      same((await gets(200, at(f, "posts/1"), { headers: { Prefer: "wait=60" } })).text, "0123456789", "while they are here");
      const s = await Stream.open("events");
      await w.friendSleeps(true);
      try {
        const stale = await gets(200, at(f, "posts/1"), { headers: { "Cache-Control": "no-cache", Prefer: "wait=1" } });
        same([stale.text, stale.headers.get("Kith-Copy")], ["0123456789", "stale"], "the copy of who is away");
        const waits = await gets(202, at(f, "posts/later"), { headers: { Prefer: "wait=1" } });
        const location = waits.headers.get("Location") ?? "";
        const r = json(waits);
        same([r["friend"], r["path"], r["state"]], [f, "posts/later", "waiting"], "the request");
        same(location, `/.kith/requests/${String(r["id"])}`, "its place");
        same(json(await gets(200, `requests/${String(r["id"])}`))["state"], "waiting", "its state");
        const given = await gets(202, at(f, "posts/never"), { headers: { Prefer: "wait=0" } });
        const gone = String(json(given)["id"]);
        await gets(204, `requests/${gone}`, { method: "DELETE" });
        problem(await ask(`requests/${gone}`), 404);
        await w.friendSleeps(false);
        await s.hears("request", (d) => d["id"] === r["id"] && d["state"] === "arrived");
        same(json(await gets(200, `requests/${String(r["id"])}`))["state"], "arrived", "its state at the end");
        same((await gets(200, at(f, "posts/later"))).text, "it arrived", "the document");
      } finally {
        await w.friendSleeps(false);
        s.close();
      }
    },
  },
  {
    name: "§3 share sets who may see a document, among those whom the app sees",
    needs: ["friend"],
    async run(w) {
      const f = await theFriend(w.friend);
      await put("mine/1", "for a friend", { "Content-Type": "text/plain" });
      await put("mine/2", "for nobody", { "Content-Type": "text/plain" });
      same((await w.friendSees("mine/1")).status, 404, "a new document is seen by nobody");
      const told = await posts("share", { path: "mine/1", audience: { kind: "some", friends: [f] } });
      same([told.status, json(told)], [200, { path: "mine/1", audience: { kind: "some", friends: [f], others: 0 } }], "sharing");
      same((await list("mine/")).items.map((i) => i.audience), [{ kind: "some", friends: [f], others: 0 }, { kind: "nobody" }], "the folder");
      await until(async () => ((await w.friendSees("mine/1")).text === "for a friend" ? true : undefined), "the friend sees it");
      same((await w.friendSees("mine/2")).status, 404, "what is beside it");
      const all = await posts("share", { path: "mine/", audience: { kind: "some", friends: [f] } });
      same(all.status, 200, all.text);
      same((await list("mine/")).items.map((i) => i.audience.kind), ["some", "some"], "a whole folder");
      await posts("share", { path: "mine/1", audience: { kind: "nobody" } });
      await until(async () => ((await w.friendSees("mine/1")).status >= 404 ? true : undefined), "the friend sees it no longer");
      problem(await posts("share", { path: "mine/none", audience: { kind: "nobody" } }), 404);
      problem(await posts("share", { path: "mine/1", audience: { kind: "some", friends: ["0123456789abcdef"] } }), 404);
      problem(await posts("share", { path: "mine/1", audience: { kind: "world" } }), 400);
    },
  },
  {
    name: "§3 a person who is asked chooses among all friends",
    needs: ["friend", "picker"],
    async run(w) {
      const asked = posts("share", { path: "mine/2", pick: true, audience: { kind: "nobody" } });
      await w.decide({ to: "share", yes: true, kind: "some", friends: [w.friend, w.hidden] });
      const told = await asked;
      const audience = json<{ audience: { kind: string; friends: string[]; others: number } }>(told).audience;
      same([told.status, audience.kind, audience.friends.length, audience.others], [200, "some", 1, 1], "what the app is told");
      const no = posts("share", { path: "mine/2", pick: true });
      await w.decide({ to: "share", yes: false });
      problem(await no, 403, "refused");
    },
  },
  {
    name: "§4 the person chooses the friends that an app sees",
    needs: ["friend", "picker"],
    async run(w) {
      const before = await theFriend(w.friend);
      const s = await Stream.open("events");
      const asked = posts("friends/", {});
      await w.decide({ to: "friends", yes: true, friends: [] });
      same(json(await asked), { items: [] }, "nobody");
      problem(await ask(at(before, "posts/1")), 404);
      await s.hears("friends");
      const again = posts("friends/", {});
      await w.decide({ to: "friends", yes: true, friends: [w.friend] });
      same(json<{ items: Friend[] }>(await again).items.map((f) => f.friend), [before], "the same handle again");
      s.close();
    },
  },
  {
    name: "§2.2 mounts of another app, for reading and for writing",
    needs: ["picker", "other"],
    async run(w) {
      await w.writes(w.other, "pictures/sea.txt", "blue", "text/plain");
      await w.writes(w.other, "secret.txt", "not yours", "text/plain");
      await put("shown/own", "hidden by the mount");
      const no = posts("mounts", { at: "shown/" });
      await w.decide({ to: "mount", yes: false });
      problem(await no, 403, "refused");
      const asked = posts("mounts", { at: "shown/" });
      await w.decide({ to: "mount", yes: true, pick: { app: w.other, path: "pictures/" } });
      const told = await asked;
      same(told.status, 201, told.text);
      const m = json(told);
      same([m["at"], m["writable"]], ["shown/", false], "the mount");
      same((await gets(200, "data/shown/sea.txt")).text, "blue", "a document of it");
      same((await list("shown/")).items.map((i) => i.path), ["shown/sea.txt"], "its folder");
      problem(await ask("data/shown/own"), 404);
      problem(await ask("data/shown/%2e%2e/secret.txt"), 404);
      for (const init of [{ method: "PUT", body: "x" }, { method: "DELETE" }] as const) {
        problem(await ask("data/shown/sea.txt", init), 403, "read-only");
      }
      problem(await ask("data/shown/", { method: "DELETE" }), 403, "read-only");
      problem(await posts("share", { path: "shown/sea.txt", audience: { kind: "nobody" } }), 403, "read-only");
      same(json<{ items: unknown[] }>(await gets(200, "mounts")).items, [m], "the list of mounts");
      await gets(204, `mounts/${String(m["id"])}`, { method: "DELETE" });
      same((await gets(200, "data/shown/own")).text, "hidden by the mount", "what was hidden");
      const writable = posts("mounts", { at: "write/" });
      await w.decide({ to: "mount", yes: true, pick: { app: w.other, path: "pictures/", writable: true } });
      same((await writable).status, 201, "a writable mount");
      await put("write/new.txt", "by the first app", { "Content-Type": "text/plain" });
      same((await gets(200, "data/write/new.txt")).text, "by the first app", "what was written");
    },
  },
  {
    name: "§2.2 mounts of a friend",
    needs: ["picker", "friend"],
    async run(w) {
      const asked = posts("mounts", { at: "theirs/" });
      await w.decide({ to: "mount", yes: true, pick: { friend: w.friend, app: w.app, path: "posts/" } });
      const told = await asked;
      same([told.status, json(told)["writable"]], [201, false], told.text);
      same((await gets(200, "data/theirs/1", { headers: { Prefer: "wait=60" } })).text, "0123456789", "a document of a friend");
      problem(await ask("data/theirs/1", { method: "PUT", body: "x" }), 403, "read-only");
      holds(json<{ items: { path: string }[] }>(await gets(200, "data/theirs/", { headers: { Prefer: "wait=60" } })).items.some((i) => i.path === "theirs/1"), "the folder");
    },
  },
];

// Another app of the same person, which guesses what it may not know.
import { ask, gets, holds, json, posts, problem, put, same } from "./check.ts";
import { friends } from "./friends.ts";
import { Stream } from "./stream.ts";
import type { Case } from "./world.ts";

/** What the first app's page knows, and a stranger may try. */
export interface Loot {
  readonly paths: readonly string[];
  readonly handles: readonly string[];
  readonly requests: readonly string[];
  readonly mounts: readonly string[];
}

/** Gathered by the page of the first app, for the stranger. */
export async function loot(): Promise<Loot> {
  await put("treasure", "gold", { "Content-Type": "text/plain" });
  const mounts = json<{ items: { id: string }[] }>(await gets(200, "mounts")).items;
  return {
    paths: ["treasure", "notes/a.txt"], handles: (await friends().catch(() => [])).map((f) => f.friend),
    requests: [], mounts: mounts.map((m) => m.id),
  };
}

/** The cases of the second app's page, which knows what the first had. */
export function strangers(l: Loot): readonly Case[] {
  return [
    {
      name: "another app is not connected by the first one's consent",
      async run() {
        problem(await ask("data/treasure"), 403, "not-connected");
      },
    },
    {
      name: "another app, connected, finds nothing of the first",
      async run(w) {
        const asked = posts("connect", { app: w.other, title: "Other", wants: ["data", "friends"] });
        await w.decide({ to: "connect", yes: true, friends: [w.friend, w.hidden] });
        same((await asked).status, 200, "connecting");
        const none = await ask("data/nothing-here");
        for (const path of l.paths) {
          const told = await ask(`data/${path}`);
          problem(told, 404);
          same(told.text.replaceAll(path, "…"), none.text.replaceAll("nothing-here", "…"), `the answer for ${path}`);
        }
        holds(!JSON.stringify(json(await gets(200, "data/"))).includes("treasure"), "the listing");
      },
    },
    {
      name: "handles, requests and mounts of another app are nothing",
      async run() {
        const mine = await friends();
        for (const h of l.handles) {
          holds(!mine.some((f) => f.friend === h), "two apps have one handle for a friend");
          problem(await ask(`friends/${h}/posts/1`), 404);
        }
        for (const id of l.mounts) {
          problem(await ask(`mounts/${id}`, { method: "DELETE" }), 404);
        }
        for (const id of l.requests) {
          problem(await ask(`requests/${id}`), 404);
        }
        same(json(await gets(200, "mounts")), { items: [] }, "its own mounts");
      },
    },
    {
      name: "writes of another app are its own",
      async run() {
        same((await ask("data/treasure", { method: "PUT", body: "lead", headers: { "Content-Type": "text/plain" } })).status, 201, "a document of the same name");
        same((await ask("data/treasure", { method: "DELETE" })).status, 204, "deleting it");
        same((await ask("data/notes/", { method: "DELETE" })).status, 404, "deleting a folder that it does not have");
      },
    },
    {
      name: "what was not granted is refused",
      async run() {
        await put("own", "x");
        const told = await Promise.race([posts("share", { path: "own", audience: { kind: "all" } }, { Prefer: "wait=1" }), new Promise<undefined>((done) => setTimeout(done, 30_000))]);
        holds(told?.status === 408, `a share without the grant is answered ${told?.status}: the person has to be asked`);
      },
    },
    {
      name: "its events are its own",
      async run() {
        const s = await Stream.open("events");
        await put("own-2", "x");
        await s.hears("document", (d) => d["path"] === "own-2");
        same(s.told.filter((e) => JSON.stringify(e).includes("treasure")).length, 0, "events of the first app");
        s.close();
      },
    },
  ];
}

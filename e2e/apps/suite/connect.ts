// §1: who may ask, and how an app is connected.
import { ask, gets, holds, json, posts, problem, same } from "./check.ts";
import type { Case } from "./world.ts";

const guarded: readonly (readonly [string, string])[] = [
  ["GET", "data/"], ["GET", "data/x"], ["HEAD", "data/x"], ["PUT", "data/x"], ["PATCH", "data/x"], ["POST", "data/"], ["DELETE", "data/x"],
  ["GET", "mounts"], ["POST", "mounts"], ["DELETE", "mounts/1"], ["POST", "share"],
  ["GET", "friends/"], ["POST", "friends/"], ["GET", "friends/0123456789abcdef/x"], ["DELETE", "friends/0123456789abcdef/x"],
  ["GET", "requests/1"], ["DELETE", "requests/1"], ["GET", "events"],
];

export const connecting: readonly Case[] = [
  {
    name: "§1.1 the host says what it is, and asks for nothing",
    async run(w) {
      const told = await gets(200, "");
      same(told.headers.get("Kith-Host"), w.host, "Kith-Host");
      const is = json(told);
      same([is["kith"], is["host"], is["people"]], [1, w.host, "/.kith/people/"], "what GET /.kith/ says");
      same([is["app"], is["granted"]], [w.host === "node" ? "" : is["app"], []], "what is granted before anything was asked");
    },
  },
  {
    name: "§1.1 everything else is for connected apps",
    async run(w) {
      for (const [method, path] of guarded) {
        const told = await ask(path, { method, ...(method === "PUT" || method === "PATCH" || method === "POST" ? { body: "{}" } : {}) });
        if (method === "HEAD") {
          same(told.status, 403, `${method} ${path}`);
        } else {
          problem(told, 403, "not-connected");
        }
        same(told.headers.get("Kith-Host"), w.host, `Kith-Host of ${method} ${path}`);
      }
    },
  },
  {
    name: "§1 what is no name of an app is refused",
    async run() {
      for (const app of ["", ".person", "Album", "a/b", "ä", "a".repeat(64), "-a", 7, null]) {
        problem(await posts("connect", { app, title: "x", wants: ["data"] }), 400);
      }
      problem(await ask("connect", { method: "POST", body: "no JSON" }), 400);
      problem(await ask("connect"), 405);
    },
  },
  {
    name: "§1.1 a question that nobody decides is 408",
    async run(w) {
      const wait = posts("connect", { app: w.app, title: "Suite", wants: ["data", "friends"] }, { Prefer: "wait=1" });
      problem(await wait, 408);
    },
  },
  {
    name: "§1.1 a no is 403",
    async run(w) {
      const asked = posts("connect", { app: w.app, title: "Suite", wants: ["data", "friends", "share"] });
      await w.decide({ to: "connect", yes: false });
      problem(await asked, 403, "refused");
      problem(await ask("data/x"), 403, "not-connected");
    },
  },
  {
    name: "§1.1 a yes connects, and to ask again is harmless",
    async run(w) {
      const asked = posts("connect", { app: w.app, title: "Suite", wants: ["data", "friends", "share"] });
      await w.decide({ to: "connect", yes: true, friends: [w.friend] });
      const told = await asked;
      same(told.status, 200, told.text);
      const is = json(told);
      same([is["app"], is["ready"]], [w.host === "node" ? w.app : is["app"], true], "what connecting says");
      for (const grant of ["data", "friends", "share"]) {
        holds((is["granted"] as string[]).includes(grant), `${grant} is not in ${told.text}`);
      }
      same(json(await gets(200, "")), is, "GET /.kith/ afterwards");
      same(json(await posts("connect", { app: w.app, title: "Suite", wants: ["data"] })), is, "asking again");
    },
  },
  {
    name: "§6 what is not there, and methods that are none, are problems",
    async run() {
      problem(await ask("nothing"), 404);
      problem(await ask("data/none.txt"), 404);
      problem(await ask("requests/none"), 404);
      problem(await ask("mounts/none", { method: "DELETE" }), 404);
      problem(await ask("", { method: "PUT", body: "x" }), 405);
      problem(await ask("events", { method: "POST", body: "x" }), 405);
      problem(await ask("friends/0123456789abcdef/x"), 404);
    },
  },
];

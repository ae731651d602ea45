// §5: events, of everything and of a folder.
import { ask, gets, holds, json, put, same, until } from "./check.ts";
import { Stream } from "./stream.ts";
import type { Case } from "./world.ts";

export const events: readonly Case[] = [
  {
    name: "§5 what is written and deleted is told",
    async run() {
      const s = await Stream.open("events");
      const etag = await put("ev/a", "1");
      const told = await s.hears("document", (d) => d["path"] === "ev/a");
      same([told.data["etag"], /^\d+$/.test(told.id)], [etag, true], "the event of a document");
      await ask("data/ev/a", { method: "DELETE" });
      await s.hears("document", (d) => d["path"] === "ev/a" && d["deleted"] === true);
      s.close();
    },
  },
  {
    name: "§5 an EventSource hears, too",
    async run() {
      const source = new EventSource("/.kith/events");
      await new Promise((done, fail) => {
        source.addEventListener("open", done);
        source.addEventListener("error", fail);
      });
      const heard = new Promise<MessageEvent<string>>((done) => source.addEventListener("document", (e) => {
        if (e.data.includes("ev/source")) {
          done(e);
        }
      }));
      const etag = await put("ev/source", "1");
      same(JSON.parse((await heard).data), { path: "ev/source", etag }, "the event");
      source.close();
    },
  },
  {
    name: "§5 a folder's stream tells of what is below it alone",
    async run() {
      const s = await Stream.open("data/ev2/");
      await put("ev/b", "beside");
      await put("ev2/b", "below");
      await s.hears("document", (d) => d["path"] === "ev2/b");
      same(s.told.filter((e) => e.data["path"] === "ev/b").length, 0, "events of another folder");
      s.close();
    },
  },
  {
    name: "§5 who comes back hears what was missed, or begins anew",
    async run() {
      const s = await Stream.open("events");
      await put("ev/c", "1");
      const last = await s.hears("document", (d) => d["path"] === "ev/c");
      s.close();
      await put("ev/d", "1");
      const again = await Stream.open("events", { "Last-Event-ID": last.id });
      await until(async () => again.told.find((e) => e.event === "resync" || e.data["path"] === "ev/d"), "the event that was missed, or resync");
      again.close();
      const lost = await Stream.open("events", { "Last-Event-ID": "999999999999" });
      await lost.hears("resync");
      lost.close();
    },
  },
  {
    name: "§5 another program's change is told",
    needs: ["other"],
    async run(w) {
      const s = await Stream.open("events");
      await w.writes(w.app, "ev/elsewhere", "from elsewhere", "text/plain");
      await s.hears("document", (d) => d["path"] === "ev/elsewhere");
      same((await gets(200, "data/ev/elsewhere")).text, "from elsewhere", "the document");
      s.close();
    },
  },
  {
    name: "§5 another app's documents are not told",
    needs: ["other"],
    async run(w) {
      const s = await Stream.open("events");
      await w.writes(w.other, "ev/secret", "not yours", "text/plain");
      await put("ev/after", "1");
      await s.hears("document", (d) => d["path"] === "ev/after");
      holds(!JSON.stringify(s.told).includes("ev/secret"), "an event tells of another app's document");
      s.close();
      same(json<{ items: unknown[] }>(await gets(200, "data/")).items.some((i) => JSON.stringify(i).includes("secret")), false, "the listing");
    },
  },
];

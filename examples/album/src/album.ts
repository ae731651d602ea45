// The album: this person's posts, those of friends, and the comments between them.
import type { Audience, Friend, Item, Kith, KithEvent } from "@kith/sdk";
import { Asking, Turns } from "../../common/asking.ts";
import { commentOf, newID, postOf, readComment, readPost, type Comment, type Post } from "./post.ts";
import type { Scaled } from "./picture.ts";

/** A post, and whose it is. */
export interface Entry {
  readonly id: string;
  /** The handle of the friend; "" for this person. */
  readonly owner: string;
  readonly etag: string;
  readonly post: Post;
  readonly audience?: Audience | undefined;
}

/** What is there of a friend. */
export interface Shelf { readonly friend: Friend; state: "here" | "stale" | "waiting"; entries: Map<string, Entry> }

/** A picture to show: its URL, or that it is waited for. */
export type Shown = { readonly url: string } | "waiting" | "gone" | undefined;

/** What there is of a person's album and those of their friends. */
export class Album {
  readonly kith: Kith;
  /** This person's posts. */
  readonly mine = new Map<string, Entry>();
  readonly shelves = new Map<string, Shelf>();
  /** This person's comments on posts of friends: `<post>/<id>`. */
  readonly said = new Map<string, Comment>();
  /** What this person is called below comments. */
  name = "";
  loaded = false;
  readonly #changed: () => void;
  readonly #failed: (error: unknown) => void;
  readonly #turns = new Turns();
  readonly #pictures = new Map<string, Shown>();
  readonly #asking: Asking;
  readonly #saidTags = new Map<string, string>();

  constructor(kith: Kith, changed: () => void, failed: (error: unknown) => void) {
    this.kith = kith;
    this.#asking = new Asking(kith);
    this.#changed = changed;
    this.#failed = failed;
  }

  /** Loads everything, and follows what happens. */
  begin(): void {
    this.kith.events((e) => this.#hear(e));
    this.#all();
  }

  #all(): void {
    this.#do("mine", () => this.#loadMine().then(() => this.#do("friends", () => this.#loadFriends())));
    this.#do("said", () => this.#loadSaid());
  }

  #do(name: string, work: () => Promise<unknown>): void {
    this.#turns.run(name, async () => {
      await work();
      this.#changed();
    }).catch(this.#failed);
  }

  #hear(e: KithEvent): void {
    const d = e.data as { path?: string; friend?: string };
    switch (e.event) {
      case "document":
        if (d.path?.startsWith("posts/")) this.#do("mine", () => this.#loadMine());
        if (d.path?.startsWith("comments/") || d.path === "me") this.#do("said", () => this.#loadSaid());
        return;
      case "friend":
        return this.#look(d.friend ?? "", true);
      case "friends":
      case "connected":
        return this.#do("friends", () => this.#loadFriends());
      case "request":
        return void this.#asking.hear(e);
      case "resync":
        return this.#all();
    }
  }

  async #loadMine(): Promise<void> {
    const there = new Set<string>();
    for await (const item of this.kith.data.all("posts/")) {
      const place = postOf(item.path);
      if (place?.file !== "post") continue;
      there.add(place.id);
      const known = this.mine.get(place.id);
      const post = known?.etag === item.etag ? known.post : readPost(await this.kith.data.json(item.path));
      if (post) this.mine.set(place.id, { id: place.id, owner: "", etag: item.etag, post, audience: item.audience });
    }
    for (const id of [...this.mine.keys()].filter((id) => !there.has(id))) this.mine.delete(id);
    this.loaded = true;
  }

  async #loadSaid(): Promise<void> {
    const there = new Set<string>();
    for await (const item of this.kith.data.all("comments/")) {
      const place = commentOf(item.path);
      if (!place) continue;
      const key = `${place.post}/${place.id}`;
      there.add(key);
      if (this.#saidTags.get(key) === item.etag) continue;
      const comment = readComment(await this.kith.data.json(item.path));
      if (comment) this.said.set(key, comment);
      this.#saidTags.set(key, item.etag);
    }
    for (const key of [...this.said.keys()].filter((k) => !there.has(k))) this.said.delete(key);
    this.name = (await this.kith.data.json<{ name?: string }>("me"))?.name ?? "";
  }

  async #loadFriends(): Promise<void> {
    const friends = await this.kith.friends.list();
    for (const handle of [...this.shelves.keys()]) if (!friends.some((f) => f.friend === handle)) this.shelves.delete(handle);
    for (const friend of friends) {
      const before = this.shelves.get(friend.friend);
      this.shelves.set(friend.friend, { state: "here", entries: new Map(), ...before, friend });
      this.#look(friend.friend, false);
    }
  }

  /** Looks at what a friend shares, and takes what they said about this person's posts. */
  #look(handle: string, fresh: boolean): void {
    this.#do(`posts ${handle}`, () => this.#loadShelf(handle, fresh));
    this.#do(`comments ${handle}`, () => this.#take(handle, fresh));
  }

  async #loadShelf(handle: string, fresh: boolean): Promise<void> {
    const shelf = this.shelves.get(handle);
    if (!shelf) return;
    const found = await this.#asking.list(handle, "posts/", () => this.#look(handle, false), fresh);
    if (!found) {
      shelf.state = "waiting";
      return;
    }
    shelf.state = found.stale ? "stale" : "here";
    const entries = new Map<string, Entry>();
    for (const item of found.items) {
      const place = postOf(item.path);
      if (place?.file !== "post") continue;
      const known = shelf.entries.get(place.id);
      const entry = known?.etag === item.etag ? known : ((await this.#entry(handle, place.id, item, known !== undefined)) ?? known);
      if (entry) entries.set(place.id, entry);
    }
    for (const id of shelf.entries.keys()) if (!entries.has(id)) this.#drop(handle, id);
    shelf.entries = entries;
    for (const [key, shown] of this.#pictures) if (shown === "gone" && key.startsWith(`${handle}/`)) this.#pictures.delete(key);
  }

  async #entry(owner: string, id: string, item: Item, fresh: boolean): Promise<Entry | undefined> {
    const answer = await this.#asking.get(owner, item.path, () => this.#look(owner, false), { fresh });
    if (answer.state !== "here") return undefined;
    const post = readPost(await answer.response.json().catch(() => undefined));
    return post && { id, owner, etag: item.etag, post };
  }

  /** Takes a friend's comments into this person's posts, so that all who see these see them. */
  async #take(handle: string, fresh: boolean): Promise<void> {
    const found = await this.#asking.list(handle, "comments/", () => this.#look(handle, false), fresh);
    if (!found || found.stale) return;
    const there = new Map<string, Set<string>>();
    for (const item of found.items) {
      const place = commentOf(item.path);
      if (place && this.mine.has(place.post)) there.set(place.post, (there.get(place.post) ?? new Set()).add(place.id));
    }
    for (const id of this.mine.keys()) await this.#takeInto(handle, id, there.get(id) ?? new Set());
  }

  async #takeInto(handle: string, post: string, there: ReadonlySet<string>): Promise<void> {
    // Who said which is for this person alone: handles are nobody else's business. "" is one that was deleted here.
    const taken = (await this.kith.data.json<Record<string, string>>(`taken/${post}`)) ?? {};
    const comments: Record<string, Comment | null> = {};
    for (const id of there) {
      if (taken[id] !== undefined || this.mine.get(post)?.post.comments[id]) continue;
      const answer = await this.#asking.get(handle, `comments/${post}/${id}`, () => this.#look(handle, false));
      const comment = answer.state === "here" ? readComment(await answer.response.json().catch(() => undefined)) : undefined;
      if (comment) comments[id] = comment;
    }
    for (const [id, by] of Object.entries(taken)) if (by === handle && !there.has(id)) comments[id] = null;
    if (Object.keys(comments).length === 0) return;
    await this.kith.data.patch(`posts/${post}/post`, { comments });
    await this.#note(post, Object.fromEntries(Object.entries(comments).map(([id, c]) => [id, c && handle])));
  }

  async #note(post: string, taken: Readonly<Record<string, string | null>>): Promise<void> {
    const path = `taken/${post}`;
    if (await this.kith.data.get(path, { method: "HEAD" })) await this.kith.data.patch(path, taken);
    else await this.kith.data.put(path, taken, { ifNone: true });
  }

  /** Everything, the newest first. */
  entries(): Entry[] {
    const all = [...this.mine.values(), ...[...this.shelves.values()].flatMap((s) => [...s.entries.values()])];
    return all.sort((a, b) => b.post.at - a.post.at);
  }

  entry(owner: string, id: string): Entry | undefined {
    return owner === "" ? this.mine.get(id) : this.shelves.get(owner)?.entries.get(id);
  }

  /** The comments of an entry in order of time; own ones that its owner did not take yet wait. */
  comments(e: Entry): (Comment & { id: string; own: boolean; waits: boolean })[] {
    const all = new Map(Object.entries(e.post.comments).map(([id, c]) => [id, { ...c, id, own: this.said.has(`${e.id}/${id}`), waits: false }]));
    if (e.owner !== "") {
      for (const [key, c] of this.said) {
        const [post, id = ""] = key.split("/");
        if (post === e.id && !all.has(id)) all.set(id, { ...c, id, own: true, waits: true });
      }
    }
    return [...all.values()].sort((a, b) => a.at - b.at);
  }

  async add(picture: Scaled, text: string): Promise<string> {
    const id = newID();
    await this.kith.data.put(`posts/${id}/small`, picture.small);
    await this.kith.data.put(`posts/${id}/large`, picture.large);
    const post: Post = { text, at: Date.now(), width: picture.width, height: picture.height, comments: {} };
    await this.kith.data.put(`posts/${id}/post`, post);
    return id;
  }

  /** Sets who sees a post: with pick the person chooses among all their friends. */
  async share(id: string, audience: Audience, pick: boolean): Promise<void> {
    await this.kith.share(`posts/${id}/`, audience, { pick });
    this.#do("mine", () => this.#loadMine());
  }

  async delete(id: string): Promise<void> {
    await this.kith.data.delete(`posts/${id}/`);
    await this.kith.data.delete(`taken/${id}`);
    this.#drop("", id);
  }

  async say(e: Entry, text: string, name: string): Promise<void> {
    if (name !== this.name) await this.kith.data.put("me", { name });
    this.name = name;
    const comment: Comment = { text, name, at: Date.now() };
    const id = newID();
    if (e.owner === "") return void (await this.kith.data.patch(`posts/${e.id}/post`, { comments: { [id]: comment } }));
    const path = `comments/${e.id}/${id}`;
    await this.kith.data.put(path, comment);
    await this.kith.share(path, { kind: "some", friends: [e.owner] });
  }

  /** Deletes a comment: one's own, or any below one's own post. */
  async unsay(e: Entry, comment: string): Promise<void> {
    if (e.owner !== "") return void (await this.kith.data.delete(`comments/${e.id}/${comment}`));
    await this.#note(e.id, { [comment]: "" });
    await this.kith.data.patch(`posts/${e.id}/post`, { comments: { [comment]: null } });
  }

  /** A picture to show; undefined at first, and changed() is called when it is there. */
  picture(e: Entry, size: "small" | "large"): Shown {
    const key = `${e.owner}/${e.id}/${size}`;
    if (!this.#pictures.has(key)) {
      this.#pictures.set(key, undefined);
      this.#fetch(key, e, size);
    }
    return this.#pictures.get(key);
  }

  #fetch(key: string, e: Entry, size: string): void {
    const path = `posts/${e.id}/${size}`;
    this.#do(key, async () => {
      this.#pictures.set(key, await this.#shown(e.owner, path, () => this.#fetch(key, e, size)));
    });
  }

  async #shown(owner: string, path: string, again: () => void): Promise<Shown> {
    if (owner === "") {
      const found = await this.kith.data.get(path);
      return found ? { url: URL.createObjectURL(await found.blob()) } : "gone";
    }
    const answer = await this.#asking.get(owner, path, again);
    if (answer.state !== "here") return answer.state === "waiting" ? "waiting" : "gone";
    return { url: URL.createObjectURL(await answer.response.blob()) };
  }

  /** Forgets the pictures of a post that is gone. */
  #drop(owner: string, id: string): void {
    for (const size of ["small", "large"]) {
      const key = `${owner}/${id}/${size}`;
      const shown = this.#pictures.get(key);
      if (typeof shown === "object") URL.revokeObjectURL(shown.url);
      this.#pictures.delete(key);
    }
  }
}

// What posts and comments are, as documents. Those of friends are somebody else's
// words: whatever is not as it should be is left out.

/** A comment below a post. */
export interface Comment { readonly text: string; readonly name: string; readonly at: number }

/** posts/<id>/post; the pictures are beside it, posts/<id>/small and posts/<id>/large. */
export interface Post {
  readonly text: string;
  readonly at: number;
  readonly width: number;
  readonly height: number;
  readonly comments: Readonly<Record<string, Comment>>;
}

const most = { caption: 500, comment: 4000, name: 64, comments: 1000 } as const;
const isID = /^[a-z0-9]{8,32}$/;

/** A new id; ids are in order of time. */
export function newID(now = Date.now()): string {
  const random = crypto.getRandomValues(new Uint8Array(5));
  return now.toString(36).padStart(9, "0") + [...random].map((b) => (b % 36).toString(36)).join("");
}

/** The id of the post that path belongs to: posts/<id>/<file>. */
export function postOf(path: string): { id: string; file: string } | undefined {
  const [folder, id = "", file = "", ...more] = path.split("/");
  return folder === "posts" && isID.test(id) && more.length === 0 ? { id, file } : undefined;
}

/** The post and the comment that path is: comments/<post>/<id>. */
export function commentOf(path: string): { post: string; id: string } | undefined {
  const [folder, post = "", id = "", ...more] = path.split("/");
  return folder === "comments" && isID.test(post) && isID.test(id) && more.length === 0 ? { post, id } : undefined;
}

/** A comment as somebody wrote it; undefined for what is none. */
export function readComment(v: unknown): Comment | undefined {
  const { text, name, at } = (v ?? {}) as Partial<Record<keyof Comment, unknown>>;
  if (typeof text !== "string" || text.trim() === "") return undefined;
  return { text: text.slice(0, most.comment), name: typeof name === "string" ? name.slice(0, most.name) : "", at: time(at) };
}

/** A post as somebody wrote it; undefined for what is none. */
export function readPost(v: unknown): Post | undefined {
  if (typeof v !== "object" || v === null) return undefined;
  const { text, at, width, height, comments } = v as Partial<Record<keyof Post, unknown>>;
  const read: Record<string, Comment> = {};
  for (const [id, c] of Object.entries(typeof comments === "object" && comments !== null ? comments : {}).slice(0, most.comments)) {
    const comment = isID.test(id) ? readComment(c) : undefined;
    if (comment) read[id] = comment;
  }
  return { text: typeof text === "string" ? text.slice(0, most.caption) : "", at: time(at), width: side(width), height: side(height), comments: read };
}

const time = (v: unknown): number => (typeof v === "number" && v > 0 && v < 8e15 ? v : 0);
const side = (v: unknown): number => (typeof v === "number" && v >= 1 && v <= 1e5 ? Math.round(v) : 1);

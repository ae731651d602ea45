// What the suite needs of whoever runs it: people who answer, a friend, another
// program. The suite itself has fetch and nothing else.

/** What a person says to the next question that the app asks. Friends are named as the person calls them. */
export type Decision =
  | { readonly to: "connect"; readonly yes: boolean; readonly friends?: readonly string[] }
  | { readonly to: "friends"; readonly yes: boolean; readonly friends?: readonly string[] }
  | { readonly to: "share"; readonly yes: boolean; readonly kind?: "nobody" | "some" | "all"; readonly friends?: readonly string[] }
  | { readonly to: "mount"; readonly yes: boolean; readonly pick?: Pick };

/** What is picked for a mount: of another app of the person, or of a friend. A folder ends in a slash. */
export interface Pick {
  readonly app?: string;
  readonly friend?: string;
  readonly path: string;
  readonly writable?: boolean;
}

/** What somebody was answered. */
export interface Seen {
  readonly status: number;
  readonly text: string;
}

/** The rest of the world. Every call returns when it is done. */
export interface World {
  readonly host: "node" | "page";
  /** The name that the app connects as, and that of another app of the same person. */
  readonly app: string;
  readonly other: string;
  /** A friend of the person, and one whom the app is never shown; as the person calls them. */
  readonly friend: string;
  readonly hidden: string;
  /** Waits until the app's question is shown to the person, and answers it there. */
  decide(d: Decision): Promise<void>;
  /** Another program or device of the person writes a document of an app. */
  writes(app: string, path: string, text: string, type: string): Promise<void>;
  /** The friend has a document of the app, which this person may see; or has it no more. */
  friendPuts(path: string, text: string, type: string): Promise<void>;
  friendDeletes(path: string): Promise<void>;
  /** The friend is away, until called with false. */
  friendSleeps(asleep: boolean): Promise<void>;
  /** What the friend gets who asks this person for a document of the app. */
  friendSees(path: string): Promise<Seen>;
}

/** What a case may want beyond fetch; who cannot offer it leaves those cases out. */
export type Need = "friend" | "picker" | "other";

/** One case. */
export interface Case {
  readonly name: string;
  readonly needs?: readonly Need[];
  run(w: World): Promise<void>;
}

/** What came of a case. */
export interface Result {
  readonly name: string;
  readonly ok: boolean;
  readonly said?: string;
}

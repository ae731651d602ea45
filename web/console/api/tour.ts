// What the node's API says of the first steps, as package api writes it.

import type { Caller } from "./nearby.ts";

export type StepID = "meet" | "site" | "app" | "friend" | "send";
export type StepState = "open" | "done" | "skipped";

export interface TourStep {
  readonly id: StepID;
  readonly state: StepState;
}

/** A site or an app that comes with the program. */
export interface Example {
  readonly name: "welcome" | "notes";
  readonly app: boolean;
  readonly published: boolean;
  readonly folder?: string;
  readonly address?: string;
  readonly label?: string;
  readonly url?: string;
}

export interface TourState {
  readonly new: boolean;
  readonly closed: boolean;
  readonly steps: readonly TourStep[];
  readonly examples: readonly Example[];
}

/** The calls of the tour. */
export class Tour {
  readonly #api: Caller;

  constructor(api: Caller) {
    this.#api = api;
  }

  state(): Promise<TourState> {
    return this.#api.call<TourState>("GET", "/tour");
  }

  change(change: { seen?: boolean; closed?: boolean; step?: StepID; state?: StepState }): Promise<TourState> {
    return this.#api.call<TourState>("PATCH", "/tour", change);
  }

  publish(example: Example["name"]): Promise<Example> {
    return this.#api.call<Example>("POST", `/tour/examples/${example}`);
  }

  remove(example: Example["name"]): Promise<void> {
    return this.#api.call("DELETE", `/tour/examples/${example}`);
  }
}

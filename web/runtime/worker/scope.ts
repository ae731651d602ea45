// The global scope of a service worker, as far as it is used here (Service
// Workers §4). TypeScript's own library for workers cannot stand beside that for
// pages, and most modules here run in both.

export interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}

export interface FetchEvent extends ExtendableEvent {
  readonly request: Request;
  readonly clientId: string;
  readonly resultingClientId: string;
  respondWith(response: Promise<Response>): void;
}

export interface ExtendableMessageEvent extends ExtendableEvent {
  readonly data: unknown;
  readonly ports: readonly MessagePort[];
  readonly source: Client | null;
}

export interface Client {
  readonly id: string;
  readonly url: string;
  postMessage(message: unknown, transfer?: readonly Transferable[]): void;
}

export interface Clients {
  matchAll(options: { readonly type: "window"; readonly includeUncontrolled: boolean }): Promise<readonly Client[]>;
  claim(): Promise<void>;
}

interface Events {
  readonly install: ExtendableEvent;
  readonly activate: ExtendableEvent;
  readonly fetch: FetchEvent;
  readonly message: ExtendableMessageEvent;
}

export interface WorkerScope {
  readonly clients: Clients;
  readonly location: { readonly origin: string };
  readonly registration: { readonly active: unknown };
  skipWaiting(): Promise<void>;
  addEventListener<K extends keyof Events>(type: K, listener: (e: Events[K]) => void): void;
}

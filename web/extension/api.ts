// What is used of the WebExtensions API, as Chromium and Firefox have it under
// the name chrome, with promises.

export interface Tab {
  readonly id?: number;
  /** Only of pages that the extension may see. */
  readonly url?: string;
  readonly active?: boolean;
}

interface Event<A extends unknown[]> {
  addListener(listener: (...args: A) => unknown): void;
}

interface Area {
  get(keys: readonly string[] | null): Promise<Record<string, unknown>>;
  set(values: Readonly<Record<string, unknown>>): Promise<void>;
  remove(keys: readonly string[]): Promise<void>;
  /** Says who may read it; Firefox shows it to none but the extension's own pages anyway. */
  setAccessLevel?(o: { readonly accessLevel: "TRUSTED_CONTEXTS" }): Promise<void>;
}

export interface Sender {
  readonly id?: string;
  readonly tab?: Tab;
  readonly url?: string;
}

export interface Extensions {
  readonly action: {
    setBadgeText(o: { text: string; tabId?: number }): Promise<void>;
    setBadgeBackgroundColor(o: { color: string }): Promise<void>;
    setTitle(o: { title: string; tabId?: number }): Promise<void>;
  };
  readonly alarms: {
    create(name: string, o: { periodInMinutes: number }): Promise<void>;
    readonly onAlarm: Event<[{ readonly name: string }]>;
  };
  readonly i18n: { getMessage(name: string, values?: readonly string[]): string; getUILanguage(): string };
  readonly omnibox: {
    setDefaultSuggestion(o: { description: string }): void;
    readonly onInputEntered: Event<[string, "currentTab" | "newForegroundTab" | "newBackgroundTab"]>;
  };
  readonly runtime: {
    readonly id: string;
    getURL(path: string): string;
    sendMessage(message: unknown): Promise<unknown>;
    readonly onInstalled: Event<[]>;
    readonly onStartup: Event<[]>;
    readonly onMessage: Event<[unknown, Sender, (answer: unknown) => void]>;
  };
  readonly storage: { readonly local: Area; readonly session: Area; readonly onChanged: Event<[unknown, string]> };
  readonly tabs: {
    create(o: { url: string; active?: boolean }): Promise<Tab>;
    update(id: number, o: { url: string }): Promise<Tab>;
    query(o: { active?: boolean; currentWindow?: boolean; url?: readonly string[] }): Promise<readonly Tab[]>;
    readonly onActivated: Event<[{ readonly tabId: number }]>;
    readonly onUpdated: Event<[number, { readonly status?: string; readonly url?: string }, Tab]>;
    readonly onRemoved: Event<[number]>;
  };
  readonly webNavigation: {
    readonly onBeforeNavigate: Event<[{ readonly tabId: number; readonly frameId: number; readonly url: string }]>;
  };
}

declare const chrome: Extensions;

/** The browser's API for extensions. */
export const browser: Extensions = typeof chrome === "undefined" ? ({} as Extensions) : chrome;

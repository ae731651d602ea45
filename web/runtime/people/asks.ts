import type { Live } from "../../console/api/live.ts";
import type { PeopleClient } from "./client.ts";

/** How often it is looked whether an app asks something, in ms. */
const every = 1000;

/** Keeps what apps ask and may up to date in live. */
export function follow(client: PeopleClient, live: Live): void {
  let said = "";
  const look = async (): Promise<void> => {
    const [asks, apps] = await Promise.all([client.apps.asks(), client.apps.all()]);
    const now = JSON.stringify([asks, apps]);
    if (now !== said) {
      said = now;
      live.apps = { version: 0, asks, apps };
      live.dispatchEvent(new Event("change"));
    }
  };
  const again = (): void => {
    const wait = (): void => void setTimeout(again, every);
    if (document.visibilityState === "hidden") wait();
    else look().then(wait, wait); // where the peer is not there, live says so
  };
  again();
}

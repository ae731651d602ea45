// The people pages: where a person who installed nothing manages friends, devices
// and documents, and decides what an app may. They are the console's pages, over
// the peer of this origin in place of a node.
import { Live } from "../../console/api/live.ts";
import { PeopleClient } from "./client.ts";
import { language } from "../../console/text/index.ts";
import { follow } from "./asks.ts";
import { People } from "./people.ts";

// The document is below .kith/people/ of the app, or is a file of the app's own.
const client = new PeopleClient(new URL("/.kith/api", location.origin).pathname, language);
const live = new Live(client, { sites: false });
const root = document.querySelector("kith-people");
if (root instanceof People) {
  root.begin(client, live);
  follow(client, live);
}

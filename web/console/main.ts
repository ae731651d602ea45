// The console: the page a person sees at the node's own address.
import { Client } from "./api/client.ts";
import { Live } from "./api/live.ts";
import { Console } from "./console.ts";
import { language } from "./text/index.ts";

const token = document.querySelector<HTMLMetaElement>('meta[name="kith-token"]')?.content ?? "";
const client = new Client(token, undefined, language);
const live = new Live(client);
const root = document.querySelector("kith-console");
if (root instanceof Console) {
  root.begin(client, live);
}

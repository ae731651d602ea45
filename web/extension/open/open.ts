// Opens the address in the hash, and says what is in the way when it cannot be.
import { Node, NodeError } from "../node.ts";
import { loadSettings } from "../settings.ts";
import { fill, t } from "../text.ts";

function put(id: string, text: string): void {
  const e = document.getElementById(id);
  if (e) {
    e.textContent = text;
  }
}

async function open(): Promise<void> {
  let address = "";
  try {
    address = decodeURIComponent(location.hash.slice(1));
  } catch {
    return;
  }
  put("title", t("opening", address));
  put("why", "");
  put("hint", "");
  const { node, token } = await loadSettings();
  try {
    location.replace(await new Node(node, token).open(address));
  } catch (e) {
    put("title", t("failed", address));
    const kind = e instanceof NodeError ? e.kind : "";
    put("why", kind === "offline" ? t("offlineTitle") : kind === "unauthorized" ? t("connectText") : e instanceof Error ? e.message : "");
    put("hint", kind === "offline" ? `${t("offlineText")} kith up` : e instanceof NodeError && kind !== "unauthorized" ? e.hint : "");
    const again = document.getElementById("again");
    if (again) {
      again.hidden = false;
    }
  }
}

fill(document);
document.getElementById("again")?.addEventListener("click", () => void open());
void open();

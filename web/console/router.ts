// The console's places, kept in the hash: the page is served at / alone.

export type Place =
  | { readonly page: "open"; readonly address?: string }
  | { readonly page: "publish" }
  | { readonly page: "sites" }
  | { readonly page: "site"; readonly label: string; readonly section?: string }
  | { readonly page: "nearby" }
  | { readonly page: "node" };

/** Reads a location's hash. What it does not know is the first page. */
export function parsePlace(hash: string): Place {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?", 2);
  const parts = path.split("/").filter((p) => p !== "");
  switch (parts[0]) {
    case "publish":
      return { page: "publish" };
    case "nearby":
      return { page: "nearby" };
    case "node":
      return { page: "node" };
    case "sites": {
      const label = parts[1] === undefined ? "" : decode(parts[1]);
      if (label === "") {
        return { page: "sites" };
      }
      return parts[2] ? { page: "site", label, section: decode(parts[2]) } : { page: "site", label };
    }
  }
  const address = new URLSearchParams(query).get("address");
  return address ? { page: "open", address } : { page: "open" };
}

/** The hash of a place, with its #. */
export function placeHash(place: Place): string {
  switch (place.page) {
    case "open":
      return place.address ? `#/?address=${encodeURIComponent(place.address)}` : "#/";
    case "site":
      return `#/sites/${encodeURIComponent(place.label)}${place.section ? `/${encodeURIComponent(place.section)}` : ""}`;
    default:
      return `#/${place.page}`;
  }
}

/** Where a browser opens a link: the first page, with the address for %s filled in. */
export function handlerURL(base: string): string {
  return `${new URL("/#/?address=", base).href}%s`;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}

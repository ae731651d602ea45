// The console's places, kept in the hash: the page is served at / alone.

export type Place =
  | { readonly page: "open"; readonly address?: string }
  | { readonly page: "publish" }
  | { readonly page: "sites" }
  | { readonly page: "site"; readonly label: string; readonly section?: string }
  | { readonly page: "nearby" }
  | { readonly page: "friends" }
  | { readonly page: "accept" }
  | { readonly page: "friend"; readonly id: string }
  | { readonly page: "documents" }
  | { readonly page: "devices" }
  | { readonly page: "apps" }
  | { readonly page: "tour" }
  | { readonly page: "you" }
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
    case "documents":
    case "devices":
    case "apps":
    case "tour":
    case "you":
      return { page: parts[0] };
    case "friends": {
      const id = parts[1] === undefined ? "" : decode(parts[1]);
      return id === "" ? { page: "friends" } : id === "accept" ? { page: "accept" } : { page: "friend", id };
    }
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
    case "accept":
      return "#/friends/accept";
    case "friend":
      return `#/friends/${encodeURIComponent(place.id)}`;
    default:
      return `#/${place.page}`;
  }
}

/** The invitation that an address is (http://localhost:5484/friend#…); "" for an address that is none. */
export function givenLink(at: Pick<Location, "pathname" | "hash" | "href">): string {
  return at.pathname === "/friend" && at.hash.length > 1 ? at.href : "";
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

import assert from "node:assert/strict";
import test from "node:test";
import { givenLink, parsePlace, placeHash, type Place } from "../console/router.ts";
import { appOrigin, parseAppPlace, readable, shellPath } from "../shell/place.ts";

test("places of the console go to a hash and back", () => {
  const all: Place[] = [
    { page: "open" },
    { page: "open", address: "magnet:?xt=urn:btih:aa&dn=a b" },
    { page: "publish" },
    { page: "sites" },
    { page: "site", label: "example-com" },
    { page: "site", label: "example-com", section: "privacy" },
    { page: "node" },
    { page: "apps" },
    { page: "friends" },
    { page: "accept" },
    { page: "friend", id: "0f/a b" },
    { page: "documents" },
    { page: "devices" },
    { page: "you" },
  ];
  for (const place of all) {
    assert.deepEqual(parsePlace(placeHash(place)), place);
  }
});

test("a hash that means nothing is the first page", () => {
  for (const hash of ["", "#", "#/", "#/nowhere", "#main", "#/?address="]) {
    assert.deepEqual(parsePlace(hash), { page: "open" });
  }
  assert.deepEqual(parsePlace("#/sites/%E0%A4%A"), { page: "sites" });
});

test("an invitation is an address, and nothing else is one", () => {
  const of = (url: string): string => givenLink(new URL(url));
  assert.equal(of("http://localhost:5484/friend#AQEAB"), "http://localhost:5484/friend#AQEAB");
  for (const url of ["http://localhost:5484/friend", "http://localhost:5484/friend#", "http://localhost:5484/#/friends", "http://localhost:5484/friends#x"]) {
    assert.equal(of(url), "", url);
  }
});

const at = (pathname: string, search = "", hash = "") => ({ pathname, search, hash });

test("the shell shows the path it is at", () => {
  assert.deepEqual(parseAppPlace(at("/app/example-com/a/b", "?c=1", "#d")), { label: "example-com", path: "/a/b?c=1#d" });
  assert.deepEqual(parseAppPlace(at("/app/example-com")), { label: "example-com", path: "/" });
});

test("what is no label never becomes part of an origin", () => {
  for (const path of ["/", "/app/", "/app/a.b/", "/app/a%40evil/", "/app/-a/", "/app/a-/", "/app/A/", `/app/${"a".repeat(64)}/`, "/app/evil:80/", "/app/@evil/"]) {
    assert.equal(parseAppPlace(at(path)), undefined, path);
  }
});

test("an app's origin is beside the shell's", () => {
  assert.equal(appOrigin("example-com", { protocol: "http:", port: "5484" }), "http://example-com.localhost:5484");
  assert.equal(appOrigin("example-com", { protocol: "http:", port: "" }), "http://example-com.localhost");
});

test("labels are read as what they stand for", () => {
  assert.equal(readable("en-wikipedia--on--ipfs-org"), "en.wikipedia-on-ipfs.org");
  assert.equal(readable("wtp-2b7f0c0d9e6a51f3b8a4c1d2e3f405162738495a"), "wtp-2b7f0c0d9e…38495a");
});

test("an app can name its own pages only", () => {
  assert.equal(shellPath("a-b", "/x/y?z#w"), "/app/a-b/x/y?z#w");
  for (const said of [undefined, 7, "", "x", "/../../", "/../other/", `/${"x".repeat(3000)}`]) {
    assert.equal(shellPath("a-b", said), undefined, String(said));
  }
  assert.equal(shellPath("a-b", "//evil.example/"), "/app/a-b//evil.example/");
});

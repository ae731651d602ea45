import assert from "node:assert/strict";
import test from "node:test";
import { handlerURL, parsePlace } from "../console/router.ts";

test("a link that the browser hands over is the address on the first page", () => {
  for (const link of ["magnet:?xt=urn:btih:aa&dn=a%20b#c", "web+wtp://example.org/a?b=c", "ipfs://bafy/ü"]) {
    // What a browser puts in place of %s (HTML, protocol handler navigation).
    const url = new URL(handlerURL("http://localhost:5484/").replace("%s", encodeURIComponent(link)));
    assert.equal(url.pathname, "/");
    assert.deepEqual(parsePlace(url.hash), { page: "open", address: link });
  }
});

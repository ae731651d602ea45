import assert from "node:assert/strict";
import test from "node:test";
import { escapePath, linkKind, readListing } from "../console/api/sharing.ts";
import { shown } from "../console/text/shown.ts";

/** The text form of an invitation that begins with these octets. */
const link = (...head: number[]): string =>
  `http://localhost:5484/friend#${Buffer.from([...head, ...new Uint8Array(90)]).toString("base64url")}`;

test("a link tells whom it is for", () => {
  assert.equal(linkKind(link(1, 1, 0, 7)), "friend");
  assert.equal(linkKind(` ${link(1, 2, 255, 255)}\n`), "device");
  assert.equal(linkKind(link(1, 1).replace(/^.*#/, "")), "friend");
  assert.equal(linkKind(link(1, 1).replace("#", "#kith-join=")), "friend");
  for (const bad of ["", "#", link(2, 1), link(1, 3), link(1, 1).slice(0, 60), `${link(1, 1)}=`, "http://localhost:5484/#/friends"]) {
    assert.equal(linkKind(bad), undefined, bad);
  }
});

test("a friend's listing may hold anything", () => {
  assert.deepEqual(readListing(`{"items":[{"path":"a/b","size":3,"modified":86400000,"type":"text/plain"}],"cursor":"x"}`), [
    { path: "a/b", size: 3, modified: new Date(86_400_000) },
  ]);
  assert.deepEqual(readListing(`{"items":[7,null,{},{"path":""},{"path":"c","size":-1,"modified":1e300},{"path":["d"]}]}`), [
    { path: "c", size: 0, modified: undefined },
  ]);
  for (const bad of ["", "no", "null", "[]", `{"items":{}}`]) {
    assert.deepEqual(readListing(bad), [], bad);
  }
});

test("a path is escaped part by part", () => {
  assert.equal(escapePath("photos/1 + 2?.jpg"), "photos/1%20%2B%202%3F.jpg");
  assert.equal(escapePath("/a/#/b"), "a/%23/b");
});

test("text of somebody else cannot turn what stands beside it", () => {
  assert.equal(shown("a\u202Egpj.exe\nb\u0000c\u200B"), "agpj.exe b c");
  assert.equal(shown("été 👍 שלום"), "été 👍 שלום");
});

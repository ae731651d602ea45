import assert from "node:assert/strict";
import test from "node:test";
import { Format, moment } from "../console/text/format.ts";

const f = new Format("en");
/** Intl writes some of its spaces as narrow or as not breaking. */
const plain = (s: string): string => s.replace(/[\u00a0\u202f]/g, " ");

test("sizes have at most three figures", () => {
  for (const [n, want] of [
    [0, "0 B"], [1, "1 B"], [999, "999 B"], [1000, "1 kB"], [1499, "1.5 kB"], [9949, "9.9 kB"], [9999, "10 kB"],
    [999_499, "999 kB"], [999_500, "1 MB"], [48_200_000, "48 MB"], [1.24e9, "1.2 GB"], [5e12, "5 TB"], [3e18, "3,000 PB"], [-5, "0 B"],
  ] as const) {
    assert.equal(plain(f.bytes(n)), want);
  }
});

test("rates say per second", () => {
  assert.equal(plain(f.rate(0)), "0 B/s");
  assert.equal(plain(f.rate(620_000)), "620 kB/s");
  assert.equal(plain(f.rate(4_200_000)), "4.2 MB/s");
});

test("a share is whole only when it is", () => {
  for (const [n, want] of [[0, "0%"], [0.0001, "1%"], [0.5, "50%"], [0.9999, "99%"], [1, "100%"], [1.2, "100%"], [-1, "0%"]] as const) {
    assert.equal(f.percent(n), want);
  }
});

test("a span is told in its two largest units", () => {
  assert.equal(f.duration(0), "0 seconds");
  assert.equal(f.duration(61), "1 minute, 1 second");
  assert.equal(f.duration(93_784), "1 day, 2 hours");
  assert.equal(f.duration(86_400), "1 day");
});

test("how long ago", () => {
  const now = new Date("2026-05-04T12:00:00Z");
  const at = (seconds: number): string => f.relative(new Date(now.getTime() + seconds * 1000), now);
  assert.equal(at(-3), "now");
  assert.equal(at(-42), "42 seconds ago");
  assert.equal(at(-300), "5 minutes ago");
  assert.equal(at(1800), "in 30 minutes");
  assert.equal(at(-86_400), "yesterday");
});

test("a moment of the API may be absent", () => {
  assert.equal(moment(undefined), undefined);
  assert.equal(moment(""), undefined);
  assert.equal(moment("0001-01-01T00:00:00Z"), undefined);
  assert.equal(moment("rubbish"), undefined);
  assert.equal(moment("2026-05-04T12:00:00Z")?.getTime(), Date.UTC(2026, 4, 4, 12));
});

test("other languages write numbers their way", () => {
  assert.equal(plain(new Format("de").bytes(1_500_000)), "1,5 MB");
});

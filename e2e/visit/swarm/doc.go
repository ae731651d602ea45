// Package swarm tries the browser's own swarm engine (web/runtime/swarm) alone,
// in real Chromium pages: with itself, with npm's webtorrent in a page, and with
// Kith's native hosts. The cases are Playwright's, in tests; the Go test starts
// what they need and reports each of them as its own. The figures beside
// webtorrent's are taken when KITH_BENCH_SWARM is set.
package swarm

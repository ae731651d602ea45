// Package direct tries two browsers that meet (spec/private-sharing.md §5.4): pages
// with web/runtime/peer in a worker, a real relay between them, and a data channel of
// a real Chromium once they met; and what sealing costs there. The cases are
// Playwright's, in tests; the Go test starts what they need and reports each of them
// as its own. Figures are taken when KITH_BENCH_DIRECT is set.
package direct

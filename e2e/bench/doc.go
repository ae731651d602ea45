// Package bench measures whole nodes beside their peers, in one run on one machine:
// Kith beside Kubo, libtorrent, aria2, rtorrent, webtorrent and trackers; and how
// their cost grows with work.
//
// It holds tests, because that is where processes are started and cleaned up well,
// which only ./bench runs. Contestants take turns, each does the same work under the
// same conditions, all on loopback, and the median of the runs counts.
//
// A measurement, here or in any other package or browser test, writes what it found
// as one file of JSON (e2e/figure) into the folder that KITH_RESULTS names. ./bench
// (e2e/bench/run) runs groups of them (e2e/bench/report lists these), merges what
// they wrote into docs/benchmarks/results.json, where the newest of each figure
// replaces the older one, and makes docs/benchmarks.md and its drawings
// (e2e/bench/chart) of all that is there. So a run of some groups renews their
// figures and keeps the others.
package bench

// Package bench measures whole nodes beside their peers, in one run on one
// machine: Kith beside Kubo, libtorrent, aria2, rtorrent and webtorrent.
//
// It holds a test, because that is where processes are started and cleaned up
// well, which only ./bench runs. Contestants take turns, each does the same work
// under the same conditions, all on loopback, and the median of the runs counts.
// The result is docs/benchmarks.md.
package bench

// Package harness starts real nodes and other people's programs for the tests
// in e2e and for the benchmarks in e2e/bench: the kith program as a process of
// its own, with every outside service off, and beside it trackers, name servers
// and peers, all on loopback or in a network namespace made for the test.
//
// Whatever it starts ends with the test that started it. A program that is not
// installed is skipped, and said so in a way that ./test repeats at its end.
package harness

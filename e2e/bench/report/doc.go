// Package report keeps what was measured and tells it: it merges new figures into
// results.json, where the newest of each replaces the older one, and makes of all of
// them docs/benchmarks.md with its drawings.
//
// A figure that falls short of its goal is shown as falling short, whoever is missing
// as missing, and what was measured while something else had the processors is
// marked; it takes the place of no figure from a quiet machine.
package report

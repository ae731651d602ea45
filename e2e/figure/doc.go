// Package figure writes down what measurements found, one file for each figure, in
// the folder that KITH_RESULTS names; without it nothing is written.
//
// Whoever measures calls [Save] as soon as a figure is there, so that what was
// measured before a run broke off is kept. ./bench gives the folder, adds when and
// under which circumstances it was, and merges what it finds into
// docs/benchmarks/results.json, from which docs/benchmarks.md is made
// (e2e/bench/report). Cases in browsers do the same by e2e/figure/figure.ts.
package figure

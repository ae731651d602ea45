// Command fuzz runs every fuzz target of the project for a given processor time
// each, in turns, so that it can be stopped at any moment and go on later:
//
//	go run -C tools ./fuzz -each 1h            (all targets)
//	go run -C tools ./fuzz -each 1h -only seal (packages whose path matches)
//
// What it finds fails the run and stays in the package's testdata/fuzz, as with
// go test. What the fuzzer learned stays in the folder -corpus. How long each
// target has run is kept in docs/fuzzing.json, and docs/fuzzing.md is written
// from it.
package main

// Run is the program behind ./bench: it lists and runs groups of measurements, one
// 'go test' after the other, keeps what they found, and writes the page.
//
// It runs in the repository's root.
//
//	./bench [--small] [--force] [--runs N] [list | page | GROUP…]
package main

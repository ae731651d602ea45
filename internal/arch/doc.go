// Package arch holds no code, only tests on the shape of the repository: which
// package may import which, which third-party module stays behind which fence,
// that every package and export is documented, that functions stay short, and
// that the paths which ARCHITECTURE.md and README.md name exist.
//
// A test that fails here names the rule and where it is written down.
package arch

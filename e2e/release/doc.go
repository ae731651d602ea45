// Package release makes a release of this tree, as docs/release.md tells, and
// holds what comes out against what it promises: the same bytes from another
// folder, packages that unpack and run by the command lines of their units,
// units that are valid and sandboxed, an image that runs without root, lists of
// parts that name every module, npm packages that an empty project compiles.
//
// The second build shares the compiler's cache with the first. With
// KITH_REPRODUCE=1 it has an empty one, which takes minutes.
package release

// Package memory is the reference engine: a network of peers inside one
// process. The layers above are tried against it, and so is the suite in
// enginetest that every engine passes.
//
// Engines that share a Network are each other's peers. A Network can hold
// transfers back and let them pass one by one, so that a test can watch what
// happens while something downloads. A Disk outlives its engine, so that a
// test can restart one.
//
// A site is a manifest, which lists files and the SHA-256 of their pieces; the
// address is made of the manifest's SHA-256. Pieces are verified before they
// are stored or served. Published folders are read in place.
package memory

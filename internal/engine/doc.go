// Package engine is the contract between Kith and a peer-to-peer network.
//
// An Engine opens an immutable address (a CID, an infohash) as a Site, and a
// Site is an fs.FS whose files seek: nothing above this package knows which
// network the bytes came from. Engines that can also publish implement
// Publisher; those whose network has mutable names implement Namer; those that
// take an index file made elsewhere implement Importer.
//
// Every engine passes the suite in enginetest. The in-memory engine in memory
// is the reference that the suite and the layers above are tried against first.
package engine

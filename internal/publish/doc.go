// Package publish puts a folder, or one file, into every engine in one pass
// over its bytes, and remembers what was published.
//
// A Publisher walks the folder, asks every engine which files it still has to
// see, reads each of those once and hands the same bytes to all engines side by
// side. Nothing becomes visible to peers unless every engine took every byte and
// no file changed meanwhile. The files stay where they are: engines keep what
// they need to find and verify their blocks in them.
//
// A name is a mutable address that stays while the site changes. One secret seed
// a name gives it one key in every network that has names (an IPNS key and a
// BEP 46 key), see docs/decisions/0005-names-from-one-seed.md. Publishing the
// folder again moves all of them.
//
// The package leaves reading and serving to the engines, keeping a published
// site open to a Keeper, and the look-up of names to package resolve.
package publish

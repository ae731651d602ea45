// Package pack stores the blocks of sites on disk, one folder a site:
//
//	<name>/data     blocks, one after the other, without anything between
//	<name>/index    one fixed record a block: key, place, checksum
//	<name>/files    the person's own files that blocks are read from (JSON
//	                lines); only where the site was published here
//	<name>/meta     what the engine remembers of the site
//
// Adjacent blocks are adjacent on disk, so that a file of many blocks is read,
// or sent by the kernel, as one run. Removing a site removes its folder. The
// index of a site is in memory while it is open and costs nothing otherwise.
//
// The order on disk is data first, then index: an index record is written when
// the data it speaks of is synced. What a crash leaves behind (a torn last
// record, data without a record) is cut off when the pack is next opened. A
// block lost that way is fetched again.
//
// The package does not hash: callers put verified blocks in, and blocks of
// published files are served only while size and modification time of the file
// are what they were (Pack.Open).
package pack

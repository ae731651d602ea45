// Package segment is the log of an engine that keeps small rows in a database
// (package sqlite): files to which is only appended, with every message that came
// and a mark for every one that went. It has the bodies, and it is what makes
// puts and acknowledgements durable, by one flush for all that are written
// together; the database follows, and is flushed now and then.
//
// One goroutine writes: Ready, Add for each record, Flush, then the engine's own
// transaction, which notes the Place that Flush returned, then Settle; or Undo.
// After a power cut the database may be as it was some time ago: Replay has what
// came since. So that no more than the last file is needed for that, the first
// transaction for a file, and the one after Retire, have to be flushed by the
// database, too.
//
// The engine counts how many octets of a file its rows name. A file in which
// nothing is named is removed or written over. One in which more is given up
// than is named is written anew: Crowded tells which, the engine adds its records
// once more, as Moved, and the file goes. A file is never appended to after a
// start, so what a crash left at its end is in nobody's way.
//
// A record is, with integers big-endian,
//
//	kind (1) ‖ sequence (8) ‖ queue (8) ‖ number (8) ‖ expires (8) ‖ message id (16)
//	‖ length of the body (4) ‖ CRC-32C of all else (4) ‖ body
//
// Records that were flushed together have one sequence, which only grows: what
// is behind a smaller one was in the file before, or was undone.
//
// A process that follows another without a gap has the folder together with it
// for a while. It adds to files of its own, which are of another epoch, lets the
// database flush each transaction, and adopts the other's files when that has
// gone.
package segment

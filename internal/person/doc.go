// Package person is who somebody is, which devices are theirs, and who their
// friends are (spec/private-sharing.md §2, §4, §7): the recovery phrase, the
// roster of devices and how it changes, invitations and the handshake behind
// them, safety codes, blocking and removing, and changing all keys after a device
// was lost.
//
// It is a state machine without a network, clock or goroutine of its own. Each
// method keeps what it changed, and returns Effects: queues to make, bodies and
// messages to send. State that all of the person's devices share is in Records,
// one record for each thing that changes by itself, so that of two devices that
// write at once either may win; what belongs to one device is in Local. What is
// lost between keeping and doing is said again by Resume and Tick.
//
// Cryptography is internal/seal's, documents are internal/library's, and how
// messages travel is internal/exchange's. Parts of their own: phrase (words for a
// seed), roster (signatures of rosters, and which to believe) and guard (what
// keeps the master key).
package person

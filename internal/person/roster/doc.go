// Package roster is the signed list of a person's devices
// (spec/private-sharing.md §2): its encoding, its signatures, and which of two
// rosters a device has to believe. It is pure; internal/person keeps the roster
// that it says to keep.
package roster

// Package vault keeps sealed rows of which nothing is left once they are dropped
// (spec/private-sharing.md §6.5, §6.6). Every row has a key of its own, wrapped
// by the master key in a slot: 64 octets of a plain file that are overwritten
// where they stand. The rows themselves are in an SQLite file; what its log, a
// freed page or an old copy of a page still holds of a dropped row is sealed
// under a key that is gone.
//
// What a row means is the business of whoever put it there: internal/library and
// internal/library/copies.
package vault

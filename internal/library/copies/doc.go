// Package copies keeps what friends sent, for as long as they lend it
// (spec/private-sharing.md §6.6). A copy is used without asking while it is
// fresh, asked about again after that, used as it is when its owner cannot be
// reached, and erased when the lease ends, when the owner asks for it, or when the
// owner says that it is not there. A copy is for the person alone: nothing here
// answers anybody.
//
// At rest copies are what documents are: sealed, each under a key of its own that
// is overwritten (internal/library/vault, internal/library/body). They are of this
// device and are not synchronised.
package copies

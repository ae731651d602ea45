// Package exchange carries messages between relations
// (spec/private-sharing.md §3.1, §3.2 and §5): it seals what is to be sent, keeps it
// until a mailbox has accepted it, opens what comes, drops what came before, asks
// friends and has them answered, and changes epochs.
//
// Core is the protocol: deterministic, without a network, a clock or goroutines
// of its own, so that a simulation can drive hundreds of them with one seed. What
// has to be done it returns as effects. Peer runs a Core over real mailboxes.
//
// Who is a friend, and what a relation's keys are, is internal/person's business;
// what may be seen, internal/library's; how a relay keeps a mailbox,
// internal/relay/mailbox's. All are reached by the interfaces declared here.
package exchange

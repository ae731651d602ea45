// Package library keeps a person's documents on one device and keeps the
// devices' copies of it the same (spec/private-sharing.md §5.3 and §6): items
// and their bodies at rest, audiences, the answers to friends and own devices,
// deletion with receipts, and synchronisation.
//
// It is deterministic: the clock and randomness are options, nothing runs by
// itself. Handlers take a message and return the messages that follow from it;
// Tick does what is due. Who is a friend it asks People; carrying messages is
// internal/exchange's business, and both are wired by internal/node.
//
// At rest everything is sealed by internal/library/vault (rows) and
// internal/library/body (files). What has to be searched, paths and audiences,
// is in memory while the library is open and nowhere else
// (docs/decisions/0033-library-at-rest.md).
package library

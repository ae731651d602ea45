// Package mailbox is what a relay's mailboxes and those who use them say to one
// another (spec/mailbox.md): ids of queues, records, what they carry, and the
// proofs in them. It opens no connection and keeps nothing: internal/mailbox/client
// talks to relays, internal/relay/mailbox is one, internal/mailbox/ohttp hides a
// sender's address. What a message says is sealed before it comes here.
//
// Everything read is bounded by the length it comes with, and payloads that are
// parsed point into what they were parsed from.
package mailbox

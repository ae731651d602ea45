// Package ohttp is Oblivious HTTP (RFC 9458) as far as mailboxes need it
// (spec/mailbox.md §4): one suite, whole messages, and binary HTTP (RFC 9292) of
// known length. It opens no connection.
package ohttp

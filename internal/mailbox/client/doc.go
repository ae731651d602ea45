// Package client talks to the mailboxes of relays (spec/mailbox.md) for a native
// node. A Session is one WebSocket: everything asked on it is pipelined, proofs
// are made once a session and key. A Pool keeps sessions to several relays and
// makes them anew, with what was subscribed; sending and receiving have sessions
// of their own (spec §7). Chunks travel by HTTP, and Oblivious sends through
// another relay.
//
// Which relays, which queues and what is in a message is for others to say.
package client

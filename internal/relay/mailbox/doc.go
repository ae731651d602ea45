// Package mailbox serves the mailboxes of a relay (spec/mailbox.md): sealed
// messages that wait for who is not there. It proves who may do what, hands out
// messages on leases, keeps chunks as files, opens oblivious requests, forwards
// those of others and wakes sleepers by Web Push. What is kept of queues is a
// queue.Store's business; octets on the wire are internal/mailbox's.
//
// Nothing that matters is in memory: proofs and leases end with the session they
// are of, and are made again. One lock, that of the hub, orders deliveries; it is
// never held while a store, a file or the network is waited for.
//
// Pages of any origin may connect. Nothing here is granted for where a request
// comes from or for what a browser adds to it by itself: each proof is made by
// who holds a queue's key, for one session.
package mailbox

// Package queue is where a relay's mailboxes are kept (spec/mailbox.md): queues,
// the sealed messages in them and what has to be known to let the right ones in.
// Store is the contract; sqlite is the engine that needs nothing installed,
// postgres the one for operators who outgrow a machine, and queuetest the one
// suite for both. What a message says, who may prove what and how it travels is
// the business of internal/relay/mailbox.
package queue

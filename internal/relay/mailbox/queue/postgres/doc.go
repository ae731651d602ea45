// Package postgres keeps mailboxes in a database that speaks PostgreSQL's wire
// protocol: PostgreSQL itself, or a distributed engine for operators who outgrow
// one machine. It is a queue.Store; what the methods mean is said there. No
// state is in the process, so any number of relays may stand before one
// database.
//
// What a distributed engine does badly is not used: every key begins with a
// queue's id, so that rows spread over nodes as queues do; there are no
// sequences, no triggers, no index on time, and no counter in a queue's row,
// which would be rewritten for every message. Where there are LISTEN and NOTIFY a
// relay hears at once of what was put by another; nothing depends on that.
//
// Many callers share a transaction: what they put is sent as arrays and
// unnested there, sorted by queue, so that two transactions take their locks in
// the same order. A put locks the rows of its queues, which keeps a queue within
// its limits, makes a message id unique in it and lets its numbers appear in
// order. The transactions are READ COMMITTED: an engine that has to be told to
// offer that (YugabyteDB: yb_enable_read_committed_isolation) has to be told.
//
// # Numbers
//
// A message's number is the database's clock in microseconds, read when the
// queue is locked, or one more than the largest number in the queue when that is
// more. So numbers grow within a queue without anything being counted, as long
// as the clock does not go back by more than the time that passes between two
// puts to a queue that was emptied between them. Where nodes of a database take
// over from each other their clocks have to be kept together (NTP is enough:
// a takeover takes longer than they differ).
package postgres

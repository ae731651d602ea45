// Package sqlite keeps mailboxes in one SQLite file: the engine of a relay that
// is one machine, with nothing to install. It is a queue.Store; what the methods
// mean is said there.
//
// Everything that writes goes through one goroutine, which takes all that waits
// into one transaction: a hundred callers pay for one fsync. Readers have
// connections of their own and never wait for it. Disk that deleted messages
// held is given back to the system in small steps, and the log is emptied when
// there is nothing else to do.
//
// The file's schema is in schema.go. Ids, keys and bodies are stored as they
// come; nothing else about a message is, but its number, length and expiry.
package sqlite

// Package sqlite keeps mailboxes in one SQLite file, and their bodies in files
// beside it: the engine of a relay that is one machine, with nothing to install.
// It is a queue.Store; what the methods mean is said there.
//
// Everything that is written goes through one goroutine, which takes all that
// waits into one transaction. What is put and what is acknowledged goes to the
// log of package segment first, with the bodies, and is durable by the one flush
// of that: a hundred callers pay for one, and a body is written once. SQLite then
// need not flush, as a start does again what a power cut took from it. It does
// for everything else. Readers have connections of their own and never wait for
// the writer. Disk that messages held is given back to the system beside that.
//
// The file's schema is in schema.go. Ids, keys and bodies are stored as they
// come; nothing else about a message is, but its number, length, expiry and the
// place of its body.
package sqlite

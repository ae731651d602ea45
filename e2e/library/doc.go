// The program library is one device of a person, for tests of the browser's
// library (web/test/peer/library-go.test.ts) against this one: it opens
// internal/library in a new folder and does what comes as JSON on standard input,
// one request a line, and answers each with a line. What it asks of the other
// device it says in a line, too, and reads the answer.
package main

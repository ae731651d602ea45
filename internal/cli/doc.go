// Package cli is the command line: one file a command. Commands other than up
// talk to the running node through package api's client; up runs the node.
//
// What a person asked for goes to standard output, everything else to standard
// error. On a terminal there are bars and tables; elsewhere plain lines; with
// --json, one JSON object. A failure is one line "kith: …", a line with the next
// step to take, and the exit code that package fault gives its kind.
package cli

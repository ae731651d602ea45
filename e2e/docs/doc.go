// Package docs keeps the guides true: it runs the commands of docs/guide/ten-minutes.md
// against real nodes and a real relay, holds the diagrams against the descriptions that
// they are drawn from, looks for every command and test that is named, and publishes
// the website of the documents with one node and reads it with another.
package docs

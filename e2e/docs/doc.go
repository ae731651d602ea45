// Package docs keeps the guides true: it runs the commands of docs/guide/ten-minutes.md
// against real nodes and a real relay, holds the diagrams against the descriptions that
// they are drawn from, and follows every link between documents.
package docs

// Package joint is what internal/sharing does between person, library, copies and
// exchange, without goroutines, clock or network: each message and request is
// handed to the part whose business it is, in the names by which that knows
// friends. A simulation runs it as it is.
package joint

package client

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrNo is a relay's refusal: what was asked for is absent, not allowed or
	// ill-formed; relays do not say which.
	ErrNo = errors.New("the relay refuses")
	// ErrGone is the error for everything on a session that has ended. What was
	// not answered may have been done: ask again on another session.
	ErrGone = errors.New("the session with the relay has ended")
	// ErrOther is the error for a relay that is not the one that was expected.
	ErrOther = errors.New("the relay is not the one expected")
)

// WaitError is a relay's request to come back later: a queue is full, or too
// much was asked for.
type WaitError struct {
	Seconds int
}

// Error says how long to wait.
func (e *WaitError) Error() string {
	return fmt.Sprintf("the relay asks to wait for %d seconds", e.Seconds)
}

// Delay is how long to wait.
func (e *WaitError) Delay() time.Duration { return time.Duration(e.Seconds) * time.Second }

package client

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff is how long to wait before trying again: a random part of what is longer
// each time, so that not all come back at once; of most where least is 0.
type backoff struct {
	least, most time.Duration
}

func defaultBackoff() backoff { return backoff{least: 250 * time.Millisecond, most: time.Minute} }

// sleep waits before the next attempt, and says why it did not.
func (b backoff) sleep(ctx context.Context, stop <-chan struct{}, attempt int) error {
	span := b.most
	if b.least > 0 {
		span = min(b.least<<min(attempt, 16), b.most)
	}
	t := time.NewTimer(rand.N(span))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-stop:
		return ErrGone
	case <-ctx.Done():
		return ctx.Err()
	}
}

package sharing

import (
	"context"
	"sync"
)

// changes counts them, and wakes who waits for the next.
type changes struct {
	mu      sync.Mutex
	version uint64
	next    chan struct{}
}

func (c *changes) init() { c.version, c.next = 1, make(chan struct{}) }

// note counts a change.
func (c *changes) note() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.version++
	close(c.next)
	c.next = make(chan struct{})
}

func (c *changes) now() (uint64, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.version, c.next
}

// after waits until there was a change after version.
func (c *changes) after(ctx context.Context, version uint64) error {
	for {
		v, next := c.now()
		if v > version {
			return nil
		}
		select {
		case <-next:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

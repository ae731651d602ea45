package swarm

import (
	"container/list"
	"context"
	"sync"
)

// cache holds pieces in memory, since peers ask for them in blocks. Each piece is
// read once, however many want it.
type cache struct {
	limit int64

	mu    sync.Mutex
	byKey map[pieceKey]*list.Element
	order *list.List // of *cached, the latest in front
	bytes int64
}

type pieceKey struct {
	of *Swarm
	i  int
}

// cached is a piece that is here or being read.
type cached struct {
	key  pieceKey
	done chan struct{}
	data []byte
	err  error
}

func newCache(limit int64) *cache {
	return &cache{limit: limit, byKey: map[pieceKey]*list.Element{}, order: list.New()}
}

// get returns a piece, read by load when it is not here.
func (c *cache) get(ctx context.Context, key pieceKey, load func() ([]byte, error)) ([]byte, error) {
	c.mu.Lock()
	if el, ok := c.byKey[key]; ok {
		c.order.MoveToFront(el)
		c.mu.Unlock()
		hit, _ := el.Value.(*cached)
		select {
		case <-hit.done:
			return hit.data, hit.err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	own := &cached{key: key, done: make(chan struct{})}
	c.byKey[key] = c.order.PushFront(own)
	c.mu.Unlock()
	own.data, own.err = load()
	close(own.done)
	c.settle(own)
	return own.data, own.err
}

// settle counts a piece that was read, and makes room.
func (c *cache) settle(own *cached) {
	c.mu.Lock()
	defer c.mu.Unlock()
	el := c.byKey[own.key]
	if el == nil || el.Value != own {
		return // dropped with its swarm
	}
	if own.err != nil {
		c.order.Remove(el)
		delete(c.byKey, own.key)
		return
	}
	c.bytes += int64(len(own.data))
	for el := c.order.Back(); el != nil && c.bytes > c.limit && c.order.Len() > 1; {
		before := el.Prev()
		if old, _ := el.Value.(*cached); old != own && old.ready() {
			c.remove(el, old)
		}
		el = before
	}
}

func (c *cached) ready() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// remove takes a piece out; the lock is held.
func (c *cache) remove(el *list.Element, old *cached) {
	c.order.Remove(el)
	delete(c.byKey, old.key)
	c.bytes -= int64(len(old.data))
}

// forget drops the pieces of a swarm.
func (c *cache) forget(of *Swarm) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, el := range c.byKey {
		if old, _ := el.Value.(*cached); key.of == of && old.ready() {
			c.remove(el, old)
		}
	}
}

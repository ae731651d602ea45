package guard

import (
	"net/netip"
	"sync"
)

// Count limits how many things an address may hold at once, and how many all
// may together. The zero value allows nothing; make one with NewCount.
type Count struct {
	each, all int

	mu    sync.Mutex
	held  map[netip.Addr]int
	total int
}

// NewCount returns a Count of at most each per address and all together; a
// limit of 0 or less is none.
func NewCount(each, all int) *Count {
	return &Count{each: each, all: all, held: map[netip.Addr]int{}}
}

// Take counts one more thing of a and reports whether it may be had. What was
// taken is given back by Give.
func (c *Count) Take(a netip.Addr) bool {
	a = Subject(a)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all > 0 && c.total >= c.all || c.each > 0 && c.held[a] >= c.each {
		return false
	}
	c.held[a]++
	c.total++
	return true
}

// Give returns what Take took.
func (c *Count) Give(a netip.Addr) {
	a = Subject(a)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total--
	if c.held[a]--; c.held[a] <= 0 {
		delete(c.held, a)
	}
}

// Total returns how many things are held now.
func (c *Count) Total() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.total
}

package peerlink

import (
	"sync"

	"github.com/kith-web/kith/internal/fault"
)

// mostNumbers is how many numbers channels have: 0 to 65534 (Local Peer-to-Peer
// API, data channel extension).
const mostNumbers = 65535

// numbers are those of the channels of a connection. The side that asked for the
// connection chooses even ones, the other odd ones, so that both may open a
// channel at the same moment.
type numbers struct {
	mu   sync.Mutex
	used map[int]bool
	odd  int // 0 or 1
	next int
}

func newNumbers(asked bool) *numbers {
	odd := 1
	if asked {
		odd = 0
	}
	return &numbers{used: map[int]bool{}, odd: odd, next: odd}
}

// take reserves a number, or with one below 0 chooses it.
func (n *numbers) take(id int) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if id >= 0 {
		if n.used[id] || id >= mostNumbers {
			return 0, fault.New(fault.Conflict, "channel %d is in use", id)
		}
		n.used[id] = true
		return id, nil
	}
	for range mostNumbers / 2 {
		id = n.next
		if n.next += 2; n.next >= mostNumbers {
			n.next = n.odd
		}
		if !n.used[id] {
			n.used[id] = true
			return id, nil
		}
	}
	return 0, fault.New(fault.TooLarge, "no number for a channel is free")
}

// give makes a number free again.
func (n *numbers) give(id int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.used, id)
}

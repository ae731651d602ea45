package page

import (
	"sync"
	"time"
)

const (
	// receiptDelay is how long a page may have to wait to hear that little of
	// what it sent was passed on. Its next message usually comes first, and the
	// answer to its last one is not held up by a frame that nobody waits for.
	receiptDelay = 20 * time.Millisecond
	// receiptAtOnce is how many octets a page hears of at once.
	receiptAtOnce = 16 << 10
)

// receipt tells a page how much of what it sent on a channel or stream was passed
// on: much of it at once, little of it together with what follows.
type receipt struct {
	sk *socket
	id uint32

	mu   sync.Mutex
	owed int
	soon bool // a timer runs
}

// add counts octets that were passed on.
func (r *receipt) add(n int) {
	r.mu.Lock()
	r.owed += n
	now := r.owed >= receiptAtOnce
	if !now && !r.soon {
		r.soon = true
		time.AfterFunc(receiptDelay, func() {
			r.mu.Lock()
			r.soon = false
			r.mu.Unlock()
			r.say()
		})
	}
	r.mu.Unlock()
	if now {
		r.say()
	}
}

func (r *receipt) say() {
	r.mu.Lock()
	n := r.owed
	r.owed = 0
	r.mu.Unlock()
	if n > 0 {
		r.sk.say(news{Op: "credit", ID: r.id, Bytes: n})
	}
}

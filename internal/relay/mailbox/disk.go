package mailbox

import (
	"sync"
	"time"

	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

// disk says when nothing more is taken because there is little room.
type disk struct {
	dir  string // "" for none
	most float64

	mu    sync.Mutex
	asked time.Time
	since int // questions since then
	above bool
}

func newDisk(dir string, most float64) *disk { return &disk{dir: dir, most: most} }

// The system is asked once a second, and for every so many messages: many may
// come in a second, and what is acknowledged needs some room to be erased.
const (
	askEvery    = time.Second
	askMessages = 16
)

// isFull reports whether the disk is so full that nothing more is taken.
func (d *disk) isFull() bool {
	if d.dir == "" {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.since++; d.since >= askMessages || time.Since(d.asked) >= askEvery {
		used, err := queue.DiskUsed(d.dir)
		d.asked, d.since, d.above = time.Now(), 0, err != nil || used >= d.most
	}
	return d.above
}

// full notes that a write found no room.
func (d *disk) full() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked, d.since, d.above = time.Now(), 0, true
}

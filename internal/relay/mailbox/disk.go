package mailbox

import (
	"sync"
	"time"
)

// disk says when nothing more is taken because there is little room.
type disk struct {
	dir  string // "" for none
	most float64

	mu    sync.Mutex
	asked time.Time
	above bool
}

func newDisk(dir string, most float64) *disk { return &disk{dir: dir, most: most} }

// askEvery is how often the system is asked.
const askEvery = time.Second

// isFull reports whether the disk is so full that nothing more is taken.
func (d *disk) isFull() bool {
	if d.dir == "" {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if now := time.Now(); now.Sub(d.asked) >= askEvery {
		used, err := diskUsed(d.dir)
		d.asked, d.above = now, err != nil || used >= d.most
	}
	return d.above
}

// full notes that a write found no room.
func (d *disk) full() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked, d.above = time.Now(), true
}

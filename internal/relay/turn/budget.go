package turn

import (
	"sync"
	"time"
)

// budget allows so many octets a second, and as many at once.
type budget struct {
	perSecond float64

	mu   sync.Mutex
	have float64
	last time.Time
}

func newBudget(perSecond int) *budget {
	return &budget{perSecond: float64(perSecond), have: float64(perSecond), last: time.Now()}
}

// spend takes n octets, if they are there.
func (b *budget) spend(n int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.have = min(b.have+now.Sub(b.last).Seconds()*b.perSecond, b.perSecond)
	b.last = now
	if b.have < float64(n) {
		return false
	}
	b.have -= float64(n)
	return true
}

// owe takes n octets whether they are there or not, and returns how long it takes
// until they are.
func (b *budget) owe(n int) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.have = min(b.have+now.Sub(b.last).Seconds()*b.perSecond, b.perSecond) - float64(n)
	b.last = now
	return max(0, time.Duration(-b.have/b.perSecond*float64(time.Second)))
}

package dnssd

import (
	"net/netip"
	"time"
)

// mostSenders is how many senders are told apart in a second.
const mostSenders = 256

// budget is how many packets are looked at in a second.
type budget struct {
	most, each int
	since      time.Time
	all        int
	of         map[netip.Addr]int
}

func newBudget(most int) budget {
	return budget{most: most, each: max(1, most/4), of: map[netip.Addr]int{}}
}

// take counts a packet, and reports whether it may be looked at. One that may not
// does not use up what others have.
func (b *budget) take(from netip.Addr, now time.Time) bool {
	if now.Sub(b.since) >= time.Second || now.Before(b.since) {
		b.since, b.all = now, 0
		clear(b.of)
	}
	if _, known := b.of[from]; !known && len(b.of) >= mostSenders {
		return false
	}
	if b.all >= b.most || b.of[from] >= b.each {
		return false
	}
	b.of[from]++
	b.all++
	return true
}

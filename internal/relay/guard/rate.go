package guard

import (
	"hash/maphash"
	"net/netip"
	"sync/atomic"
	"time"
)

// tableSize is the number of buckets of a Rate: 512 KiB, whatever is thrown at
// it.
const tableSize = 1 << 16

// Limit is how often something may happen. The zero value leaves the choice to
// whoever is given it; a negative PerSecond sets no limit.
type Limit struct {
	PerSecond float64
	Burst     int
}

// Or returns l, or d where l chooses nothing.
func (l Limit) Or(d Limit) Limit {
	if l.PerSecond == 0 {
		return d
	}
	if l.Burst <= 0 {
		l.Burst = 1
	}
	return l
}

// Rate holds each address to a Limit by the generic cell rate algorithm. Its
// buckets stand in a table of fixed size under a secret hash: two addresses in
// one bucket share its rate, and nobody can choose whom to share with. A nil
// Rate allows everything.
type Rate struct {
	seed  maphash.Seed
	start time.Time
	cost  int64 // nanoseconds one event takes from the bucket
	depth int64 // nanoseconds a bucket holds
	table []atomic.Int64
}

// NewRate returns a Rate for l; nil when l sets no limit.
func NewRate(l Limit) *Rate {
	if l.PerSecond <= 0 {
		return nil
	}
	cost := max(int64(float64(time.Second)/l.PerSecond), 1)
	return &Rate{
		seed:  maphash.MakeSeed(),
		start: time.Now(),
		cost:  cost,
		depth: cost * int64(max(l.Burst, 1)),
		table: make([]atomic.Int64, tableSize),
	}
}

// Allow counts one event from a and reports whether it is within the rate. An
// event that is not allowed is not counted.
func (r *Rate) Allow(a netip.Addr) bool { return r == nil || r.take(r.key(a, nil), r.depth) <= 0 }

// AllowIn is Allow for the pair of a and scope, whose rate is apart from that
// of any other pair.
func (r *Rate) AllowIn(a netip.Addr, scope []byte) bool {
	return r == nil || r.take(r.key(a, scope), r.depth) <= 0
}

// Delay counts one event from a and returns how long to put it off to keep to
// the rate. Where that is longer than most, the event is not counted and ok is
// false.
func (r *Rate) Delay(a netip.Addr, most time.Duration) (wait time.Duration, ok bool) {
	if r == nil {
		return 0, true
	}
	over := r.take(r.key(a, nil), r.depth+int64(most))
	return time.Duration(max(over+int64(most), 0)), over <= 0
}

// take adds an event to bucket i unless it would then hold more than depth, and
// returns by how much it exceeds depth; up to 0 the event is counted.
func (r *Rate) take(i uint64, depth int64) int64 {
	now := int64(time.Since(r.start))
	b := &r.table[i&(tableSize-1)]
	for {
		old := b.Load()
		next := max(old, now) + r.cost
		over := next - now - depth
		if over > 0 || b.CompareAndSwap(old, next) {
			return over
		}
	}
}

func (r *Rate) key(a netip.Addr, scope []byte) uint64 {
	b := Subject(a).As16()
	h := maphash.Bytes(r.seed, b[:])
	if scope != nil {
		h ^= maphash.Bytes(r.seed, scope) * 0x9e3779b97f4a7c15
	}
	return h
}

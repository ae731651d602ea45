package mailbox

import (
	"time"

	"github.com/kith-web/kith/internal/mailbox"
	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

// acking keeps leases from ending while their messages are being erased, and
// returns of how many numbers there is no lease.
func (h *hub) acking(id queue.ID, numbers []uint64) (strays int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[id]
	if t == nil {
		return len(numbers)
	}
	for _, n := range numbers {
		if l := t.leases[n]; l != nil {
			l.acking = true
		} else {
			strays++
		}
	}
	return strays
}

// acked ends them when they are; else they are offered again in their time.
func (h *hub) acked(id queue.ID, numbers []uint64, gone bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[id]
	if t == nil {
		return
	}
	for _, n := range numbers {
		l := t.leases[n]
		if gone && t.fetching {
			if t.erased == nil {
				t.erased = map[uint64]struct{}{}
			}
			t.erased[n] = struct{}{}
		}
		switch {
		case l == nil || !l.acking: // of another lease
		case gone:
			h.release(t, n)
		default:
			l.acking = false
		}
	}
	h.dropIdle(t)
}

// back gives back a lease of a session, which is not offered the message again
// before wait has passed; it reports whether there was one.
func (h *hub) back(s *session, id queue.ID, n uint64, wait time.Duration) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	u := s.subs[mailbox.ID(id)]
	if u == nil {
		return false
	}
	l := u.t.leases[n]
	if l == nil || l.sub != u || l.acking || len(u.avoid) >= maxAvoid {
		return false
	}
	if wait > 0 {
		if u.avoid == nil {
			u.avoid = map[uint64]time.Time{}
		}
		u.avoid[n] = time.Now().Add(wait)
	}
	h.giveBack(u.t, n)
	h.pump(u.t)
	return true
}

// removed forgets a queue that is deleted.
func (h *hub) removed(id queue.ID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[id]
	if t == nil {
		return
	}
	for _, u := range t.subs {
		delete(u.s.subs, mailbox.ID(id))
	}
	for n := range t.leases {
		h.release(t, n)
	}
	t.subs = nil
	h.dropIdle(t)
}

// expire gives back what was not acknowledged in time, and looks again at what
// was parked.
func (h *hub) expire(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for t := range h.busy {
		for n, l := range t.leases {
			if !l.acking && l.until.Before(now) {
				h.p.count.returned.Add(1)
				h.giveBack(t, n)
			}
		}
		for n, until := range t.parked {
			if until.Before(now) {
				delete(t.parked, n)
				t.rewind(n)
			}
		}
		for _, u := range t.subs {
			for n, until := range u.avoid {
				if until.Before(now) {
					delete(u.avoid, n)
				}
			}
		}
		if len(t.leases) == 0 && len(t.parked) == 0 {
			delete(h.busy, t)
		}
		h.pump(t)
		h.dropIdle(t)
	}
}

// lookAgain has all topics look for what came by another relay; from the
// beginning now and then, since numbers need not come in order there.
func (h *hub) lookAgain(fromBeginning bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, t := range h.topics {
		t.behind = true
		if fromBeginning {
			t.cursor = 0
		}
		h.pump(t)
	}
}

// elsewhere has a topic look for what came by another relay.
func (h *hub) elsewhere(id queue.ID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := h.topics[id]; t != nil {
		t.behind = true
		h.pump(t)
	}
}

// count returns how many topics and leases there are.
func (h *hub) count() (topics, leases int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.topics), h.leased
}

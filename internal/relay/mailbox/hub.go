package mailbox

import (
	"context"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/mailbox"
	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

// hub knows who listens to which queue, and what is leased to whom.
type hub struct {
	p       *Part
	fetches chan struct{} // one for each question to the store
	wg      sync.WaitGroup

	mu     sync.Mutex
	topics map[queue.ID]*topic
	busy   map[*topic]struct{} // those that expire has to look at
	leased int
}

// topic is a queue that somebody listens to. Up to cursor its messages are
// leased, parked or gone; behind says that there may be some beyond.
type topic struct {
	id       queue.ID
	subs     []*sub
	next     int // whose turn it is
	cursor   uint64
	behind   bool
	fetching bool
	leases   map[uint64]*lease
	parked   map[uint64]time.Time // what all who listen gave back, and until when
	erased   map[uint64]struct{}  // acknowledged while fetching, so perhaps fetched
}

// sub is a session that listens to a queue.
type sub struct {
	s      *session
	t      *topic
	credit int
	avoid  map[uint64]time.Time // what it gave back, and until when
}

// lease is a message that was delivered and is not acknowledged.
type lease struct {
	sub    *sub
	until  time.Time
	acking bool
}

const (
	maxCredit = 1 << 16
	maxAvoid  = 256
	// fetched is the most messages asked of the store at once, fetchers how many
	// ask.
	fetched  = 16
	fetchers = 8
)

func newHub(p *Part) *hub {
	return &hub{p: p, fetches: make(chan struct{}, fetchers), topics: map[queue.ID]*topic{}, busy: map[*topic]struct{}{}}
}

// subscribe lets a session listen, or sets its credit; none ends it.
func (h *hub) subscribe(s *session, id queue.ID, credit int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if old := s.subs[mailbox.ID(id)]; old != nil {
		if credit == 0 {
			h.unsubscribe(old)
			return
		}
		old.credit = credit
		h.pump(old.t)
		return
	}
	if credit == 0 {
		return
	}
	t := h.topics[id]
	if t == nil {
		t = &topic{id: id, behind: true, leases: map[uint64]*lease{}}
		h.topics[id] = t
	}
	u := &sub{s: s, t: t, credit: credit}
	t.subs = append(t.subs, u)
	if s.subs == nil {
		s.subs = map[mailbox.ID]*sub{}
	}
	s.subs[mailbox.ID(id)] = u
	for n := range t.parked { // nobody wanted it; the new one may
		t.rewind(n)
	}
	t.parked = nil
	h.pump(t)
}

// leave ends all that a session listens to.
func (h *hub) leave(s *session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, u := range s.subs {
		h.unsubscribe(u)
	}
}

// unsubscribe gives back what was leased to u.
func (h *hub) unsubscribe(u *sub) {
	t := u.t
	delete(u.s.subs, mailbox.ID(t.id))
	for i, other := range t.subs {
		if other == u {
			t.subs = append(t.subs[:i:i], t.subs[i+1:]...)
			break
		}
	}
	for n, l := range t.leases {
		if l.sub == u && !l.acking {
			h.giveBack(t, n)
		}
	}
	h.pump(t)
	h.dropIdle(t)
}

// dropIdle forgets a topic that nobody listens to and nothing is at work for.
func (h *hub) dropIdle(t *topic) {
	if len(t.subs) == 0 && len(t.leases) == 0 && h.topics[t.id] == t {
		delete(h.topics, t.id)
		delete(h.busy, t)
	}
}

// giveBack ends a lease.
func (h *hub) giveBack(t *topic, n uint64) {
	h.release(t, n)
	t.rewind(n)
}

func (h *hub) release(t *topic, n uint64) {
	if _, ok := t.leases[n]; ok {
		delete(t.leases, n)
		h.leased--
	}
}

// rewind has n looked at again.
func (t *topic) rewind(n uint64) {
	t.cursor = min(t.cursor, n-1)
	t.behind = true
}

// credit lets more be delivered.
func (h *hub) credit(s *session, id mailbox.ID, more int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if u := s.subs[id]; u != nil {
		u.credit = min(u.credit+more, maxCredit)
		h.resume(u)
	}
}

// wake goes on with a session that has room again.
func (h *hub) wake(s *session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, u := range s.subs {
		h.resume(u)
	}
}

// resume goes on with one who may take more, also of what others did not want.
func (h *hub) resume(u *sub) {
	for n := range u.t.parked {
		if _, mine := u.avoid[n]; !mine {
			delete(u.t.parked, n)
			u.t.rewind(n)
		}
	}
	h.pump(u.t)
}

// arrived offers a message that was just kept, and reports whether anybody
// listens.
func (h *hub) arrived(id queue.ID, m queue.Message) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[id]
	if t == nil || len(t.subs) == 0 {
		return false
	}
	switch {
	case m.Number <= t.cursor: // was there before
	case t.behind || t.fetching || h.p.o.Shared || h.offer(t, m, time.Now()) == noRoom:
		t.behind = true
		h.pump(t)
	default:
		t.cursor = m.Number
	}
	return true
}

// What became of an offer.
type outcome int

const (
	delivered outcome = iota
	unwanted          // by those who have room: it is parked
	noRoom
)

// offer leases a message to the next who has room and did not give it back.
func (h *hub) offer(t *topic, m queue.Message, now time.Time) outcome {
	var soonest time.Time
	for i := range t.subs {
		u := t.subs[(t.next+i)%len(t.subs)]
		if u.credit == 0 {
			continue
		}
		if until := u.avoid[m.Number]; until.After(now) {
			if soonest.IsZero() || until.Before(soonest) {
				soonest = until
			}
			continue
		}
		if !u.s.offerTo(t.id, m) {
			continue
		}
		delete(u.avoid, m.Number)
		u.credit--
		t.next = (t.next + i + 1) % len(t.subs)
		t.leases[m.Number] = &lease{sub: u, until: now.Add(h.p.o.Lease)}
		h.leased++
		h.busy[t] = struct{}{}
		h.p.count.delivered.Add(1)
		return delivered
	}
	if soonest.IsZero() {
		return noRoom
	}
	if t.parked == nil {
		t.parked = map[uint64]time.Time{}
	}
	t.parked[m.Number] = soonest
	h.busy[t] = struct{}{}
	return unwanted
}

// pump asks the store for what a topic is behind, if anybody can take it.
func (h *hub) pump(t *topic) {
	if !t.behind || t.fetching {
		return
	}
	credit := 0
	for _, u := range t.subs {
		if u.s.hasRoom() {
			credit += u.credit
		}
	}
	if credit == 0 {
		return
	}
	t.behind, t.fetching = false, true
	from := t.cursor
	h.wg.Go(func() {
		h.fetches <- struct{}{}
		ctx, stop := context.WithTimeout(context.Background(), storeTimeout)
		n := min(credit, fetched)
		list, err := h.p.o.Store.Fetch(ctx, t.id, from, n)
		stop()
		<-h.fetches
		if err != nil {
			h.p.o.Log.Warn("messages cannot be fetched", "error", err)
		}
		h.take(t, from, list, err != nil, len(list) == n)
	})
}

// take delivers what was fetched from beyond a number.
func (h *hub) take(t *topic, from uint64, list []queue.Message, failed, more bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t.fetching = false
	erased := t.erased
	t.erased = nil
	if failed { // the next tick, message or credit tries again
		t.behind = true
		h.busy[t] = struct{}{}
		return
	}
	if t.cursor != from { // something was given back meanwhile
		t.behind = true
		h.pump(t)
		return
	}
	now := time.Now()
	for _, m := range list {
		_, gone := erased[m.Number]
		if !gone && t.leases[m.Number] == nil && h.offer(t, m, now) == noRoom {
			t.behind = true
			break
		}
		t.cursor = max(t.cursor, m.Number)
	}
	t.behind = t.behind || more
	h.pump(t)
}

// wait returns when no question to the store is open.
func (h *hub) wait() { h.wg.Wait() }

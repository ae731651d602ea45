package tracker

import (
	"errors"
	"hash/maphash"
	"sync"
	"sync/atomic"

	"github.com/kith-web/kith/internal/relay/guard"
)

// shardCount is how many parts the store has, each under a lock of its own.
const shardCount = 256

// Answers to announces that are refused; they become the "failure reason".
var (
	errForeign  = errors.New("this tracker does not serve that torrent")
	errFull     = errors.New("tracker is full")
	errTaken    = errors.New("peer id is in use by another connection")
	errStranger = errors.New("announce to the swarm before answering in it")
	errJoined   = errors.New("too many torrents on one connection")
)

// store is all swarms. Its methods may be called by any number of goroutines.
type store struct {
	maxSwarms, maxPeers, maxSwarmPeers int64
	fresh                              *guard.Rate
	allow                              func(InfoHash) bool // nil allows every swarm

	seed   maphash.Seed
	swarms atomic.Int64
	peers  atomic.Int64
	shards [shardCount]shard
}

type shard struct {
	mu     sync.Mutex
	swarms map[InfoHash]*swarm
	_      [48]byte // a cache line each
}

func newStore(o Options) *store {
	s := &store{
		maxSwarms: int64(o.MaxSwarms), maxPeers: int64(o.MaxPeers), maxSwarmPeers: int64(o.MaxSwarmPeers),
		fresh: guard.NewRate(o.NewPeers), allow: o.Allow, seed: maphash.MakeSeed(),
	}
	for i := range s.shards {
		s.shards[i].swarms = map[InfoHash]*swarm{}
	}
	return s
}

func (s *store) shard(h *InfoHash) *shard {
	return &s.shards[maphash.Bytes(s.seed, h[:])%shardCount]
}

// swarm returns the swarm h of a locked shard; a new one if make is set.
func (s *store) swarm(sh *shard, h InfoHash, create bool) (*swarm, error) {
	if sw := sh.swarms[h]; sw != nil || !create {
		return sw, nil
	}
	if s.allow != nil && !s.allow(h) {
		return nil, errForeign
	}
	if s.swarms.Load() >= s.maxSwarms || s.peers.Load() >= s.maxPeers {
		return nil, errFull
	}
	sw := &swarm{}
	sh.swarms[h] = sw
	s.swarms.Add(1)
	return sw, nil
}

// room reports whether a roster of n peers takes one more.
func (s *store) room(n int) bool {
	return int64(n) < s.maxSwarmPeers && s.peers.Load() < s.maxPeers
}

// announce enters a, at second now, and fills h. A peer for whom there is no
// room is answered all the same.
func (s *store) announce(a *announce, now uint32, h *handout) error {
	sh := s.shard(&a.hash)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sw, err := s.swarm(sh, a.hash, a.event != eventStopped)
	if sw == nil {
		return err
	}
	s.enlist(sw, a, now, func(n int) bool { return s.room(n) && s.fresh.AllowIn(a.addr.Addr(), a.hash[:]) })
	h.Tally = sw.tally()
	if a.event != eventStopped {
		sw.hand(a, h)
	}
	return nil
}

// enlist is the function of that name, on the roster of the peer's family.
func (s *store) enlist(sw *swarm, a *announce, now uint32, admit func(n int) bool) {
	change := 0
	if a.addr.Addr().Is4() {
		change = enlist(&sw.v4, compact4(a.addr), a, now, &sw.completed, admit)
	} else {
		change = enlist(&sw.v6, compact6(a.addr), a, now, &sw.completed, admit)
	}
	if change != 0 {
		s.peers.Add(int64(change))
	}
}

// scrape returns the size of a swarm; all zero for one that nobody is in.
func (s *store) scrape(h InfoHash) Tally {
	sh := s.shard(&h)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sw := sh.swarms[h]; sw != nil {
		return sw.tally()
	}
	return Tally{}
}

// sweep forgets the peers of shard i that were last seen before the second
// oldest, and swarms without any.
func (s *store) sweep(i int, oldest uint32) {
	sh := &s.shards[i%shardCount]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for h, sw := range sh.swarms {
		n := expire(&sw.v4, oldest) + expire(&sw.v6, oldest)
		sw.web.shrink()
		s.peers.Add(int64(-n))
		if sw.size() == 0 {
			delete(sh.swarms, h)
			s.swarms.Add(-1)
		}
	}
}

// expire removes what was last seen before oldest. It goes backwards, because
// remove moves only what comes after.
func expire[K comparable](r *roster[K, native], oldest uint32) (n int) {
	for i := len(r.items) - 1; i >= 0; i-- {
		if r.items[i].val.seen < oldest {
			r.remove(i)
			n++
		}
	}
	if n > 0 {
		r.shrink()
	}
	return n
}

package ipfs

import (
	"sync"
	"time"

	"github.com/kith-web/kith/internal/engine"
)

// rateSpan is how far back rates look.
const rateSpan = 5 * time.Second

// maxTallied bounds how many peers a site keeps count of; the rest is summed.
const maxTallied = 1024

// tally counts what went in and out of one site, by peer.
type tally struct {
	mu       sync.Mutex
	down, up int64 // since the site was first seen, over restarts
	peers    map[string]*engine.Peer
	samples  []sample
}

// sample is the totals at one moment.
type sample struct {
	at       time.Time
	down, up int64
}

// got counts verified bytes from a peer.
func (t *tally) got(kind engine.PeerKind, id string, n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.down += n
	if p := t.peer(kind, id); p != nil {
		p.Downloaded += n
	}
	t.sample()
}

// sent counts bytes sent to a bitswap peer.
func (t *tally) sent(id string, n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.up += n
	if p := t.peer(engine.PeerBitswap, id); p != nil {
		p.Uploaded += n
	}
	t.sample()
}

// peer returns the entry of a peer, nil when there are too many. t.mu is held.
func (t *tally) peer(kind engine.PeerKind, id string) *engine.Peer {
	p := t.peers[id]
	if p == nil && len(t.peers) < maxTallied {
		p = &engine.Peer{ID: id, Kind: kind, Progress: -1}
		t.peers[id] = p
	}
	return p
}

// sample remembers the totals, a few times a second at most. t.mu is held.
func (t *tally) sample() {
	now := time.Now()
	if n := len(t.samples); n > 0 && now.Sub(t.samples[n-1].at) < rateSpan/10 {
		return
	}
	t.samples = append(t.samples, sample{now, t.down, t.up})
	for len(t.samples) > 1 && now.Sub(t.samples[0].at) > rateSpan {
		t.samples = t.samples[1:]
	}
}

// fill writes totals, rates and peers into s; with says whether a peer is
// connected, and where.
func (t *tally) fill(s *engine.Stats, with func(*engine.Peer) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sample()
	s.Downloaded, s.Uploaded = t.down, t.up
	oldest := t.samples[0]
	if span := time.Since(oldest.at); span <= 2*rateSpan {
		span = max(span, time.Second)
		s.DownRate = int64(float64(t.down-oldest.down) / span.Seconds())
		s.UpRate = int64(float64(t.up-oldest.up) / span.Seconds())
	}
	for _, p := range t.peers {
		if c := *p; with(&c) {
			s.Peers = append(s.Peers, c)
		} else {
			s.Left = append(s.Left, c)
		}
	}
	s.Left = engine.MostFirst(s.Left)
	s.Known = max(s.Known, len(t.peers))
}

// totals returns what went in and out over all time.
func (t *tally) totals() (down, up int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.down, t.up
}

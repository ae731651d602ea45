package bittorrent

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/anacrolix/torrent"
	pp "github.com/anacrolix/torrent/peer_protocol"

	"github.com/kith-web/kith/internal/engine"
)

// ledger keeps who sent how much that was verified. A peer's octets count once
// the piece they are part of passed.
type ledger struct {
	mu      sync.Mutex
	pending map[int]map[*torrent.Peer]int64
	credit  map[*torrent.Peer]int64
	samples []sample
	gone    map[string]engine.Peer // what those that left sent and took, by ID
}

// sample is the counters at one time, for rates.
type sample struct {
	at time.Time
	counters
}

func (l *ledger) init() {
	l.pending, l.credit = map[int]map[*torrent.Peer]int64{}, map[*torrent.Peer]int64{}
	l.gone = map[string]engine.Peer{}
}

// received notes octets of a piece.
func (l *ledger) received(p *torrent.Peer, piece, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pending[piece] == nil {
		l.pending[piece] = map[*torrent.Peer]int64{}
	}
	l.pending[piece][p] += int64(n)
}

// verified credits the peers of a piece.
func (l *ledger) verified(piece int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for p, n := range l.pending[piece] {
		l.credit[p] += n
	}
	delete(l.pending, piece)
}

// left forgets a peer that went, and returns its credit; what it sent of open
// pieces still counts for nobody.
func (l *ledger) left(p *torrent.Peer) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	credit := l.credit[p]
	delete(l.credit, p)
	for _, from := range l.pending {
		delete(from, p)
	}
	return credit
}

// remember keeps count of a peer that left, together with what it did before it
// left the last time. Those who did the least are forgotten first.
func (l *ledger) remember(p engine.Peer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.gone[p.ID]
	p.Downloaded += before.Downloaded
	p.Uploaded += before.Uploaded
	if p.Downloaded+p.Uploaded > 0 {
		l.gone[p.ID] = p
	}
	if len(l.gone) <= 2*engine.MaxLeft {
		return
	}
	kept := engine.MostFirst(slices.Collect(maps.Values(l.gone)))
	clear(l.gone)
	for _, p := range kept {
		l.gone[p.ID] = p
	}
}

// absent returns those that left; what one of the present did before it left and
// came back is added to it.
func (l *ledger) absent(present []engine.Peer) []engine.Peer {
	l.mu.Lock()
	gone := maps.Clone(l.gone)
	l.mu.Unlock()
	for i := range present {
		before := gone[present[i].ID]
		present[i].Downloaded += before.Downloaded
		present[i].Uploaded += before.Uploaded
		delete(gone, present[i].ID)
	}
	return engine.MostFirst(slices.Collect(maps.Values(gone)))
}

func (l *ledger) of(p *torrent.Peer) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.credit[p]
}

// Rates are over rateTime; samples are rateStep apart.
const (
	rateTime = 5 * time.Second
	rateStep = 500 * time.Millisecond
)

// rates takes a sample and says what it makes a second.
func (l *ledger) rates(now counters) (down, up int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := time.Now()
	for len(l.samples) > 1 && at.Sub(l.samples[0].at) > rateTime {
		l.samples = l.samples[1:]
	}
	if n := len(l.samples); n == 0 || at.Sub(l.samples[n-1].at) >= rateStep {
		l.samples = append(l.samples, sample{at, now})
	}
	first := l.samples[0]
	took := at.Sub(first.at)
	if took < rateStep || took > 4*rateTime {
		return 0, 0
	}
	perSecond := func(n int64) int64 { return int64(float64(n) / took.Seconds()) }
	return perSecond(now.Down - first.Down), perSecond(now.Up - first.Up)
}

// count is what went down and up since the engine first saw the site.
func (s *site) count() counters {
	st := s.t.Stats()
	return counters{
		Down: s.base.Down + st.BytesReadUsefulData.Int64(),
		Up:   s.base.Up + st.BytesWrittenData.Int64(),
	}
}

// saveCounters stores the counters when they changed.
func (s *site) saveCounters() error {
	now := s.count()
	s.mu.Lock()
	defer s.mu.Unlock()
	if now == s.saved {
		return nil
	}
	data, err := json.Marshal(now)
	if err == nil {
		err = s.e.o.Store.Put(countPrefix+s.key, data)
	}
	if err != nil {
		return fmt.Errorf("store the counters of %v: %w", s.addr, err)
	}
	s.saved = now
	return nil
}

// watch asks the wire library to say what peers do. It holds its lock meanwhile:
// nothing here may call it.
func (e *Engine) watch(c *torrent.Callbacks) {
	c.ReadExtendedHandshake = e.onHandshake
	c.ReadMessage = func(pc *torrent.PeerConn, m *pp.Message) {
		if s := e.siteOf(pc.Torrent()); s != nil && !m.Keepalive {
			s.stirred.Store(true)
		}
	}
	c.PeerConnReadExtensionMessage = append(c.PeerConnReadExtensionMessage, e.onExtension)
	c.ReceivedUsefulData = append(c.ReceivedUsefulData, func(ev torrent.ReceivedUsefulDataEvent) {
		if s := e.siteOf(ev.Peer.Torrent()); s != nil {
			s.ledger.received(ev.Peer, int(ev.Message.Index), len(ev.Message.Piece))
		}
	})
	c.PeerConnAdded = append(c.PeerConnAdded, func(pc *torrent.PeerConn) {
		if pc.Discovery != torrent.PeerSourceIncoming {
			return
		}
		if ap, err := netip.ParseAddrPort(pc.RemoteAddr.String()); err == nil && !isLocal(ap.Addr()) {
			e.reached.Store(true)
		}
	})
	c.PeerConnClosed = func(pc *torrent.PeerConn) {
		if s := e.siteOf(pc.Torrent()); s != nil {
			s.exchange.forget(pc)
			credit := s.ledger.left(&pc.Peer)
			go func() { // describing the peer waits for the library's lock
				p := s.peer(pc, 0)
				p.Downloaded = credit
				s.ledger.remember(p)
			}()
			s.departed(pc)
		}
	}
}

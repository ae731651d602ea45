package mailbox

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

// counters count what was done.
type counters struct {
	sessions, created, put, delivered, acked, returned, expired atomic.Int64
	refused, waits, limited, full, failed                       atomic.Int64
	proofs, oblivious, forwarded, chunksPut, chunksGot          atomic.Int64
	stats                                                       stats
}

// stats is what the store last said of itself.
type stats struct {
	mu   sync.Mutex
	at   time.Time
	last queue.Stats
}

// statsAge is how old what the store said may be.
const statsAge = 15 * time.Second

// Metrics is how much is kept and was done. It says nothing about who or what.
type Metrics struct {
	Queues       int64 `json:"queues"`
	Messages     int64 `json:"messages"` // that wait
	Octets       int64 `json:"octets"`   // of those
	ChunkOctets  int64 `json:"chunk_octets"`
	Sessions     int   `json:"sessions"`
	Listened     int   `json:"listened"` // queues that somebody listens to
	Leased       int   `json:"leased"`
	Opened       int64 `json:"sessions_opened"`
	Created      int64 `json:"queues_created"`
	Put          int64 `json:"put"`
	Delivered    int64 `json:"delivered"`
	Acknowledged int64 `json:"acknowledged"`
	Returned     int64 `json:"leases_ended"`
	Expired      int64 `json:"expired"`
	Refused      int64 `json:"refused"`
	Waits        int64 `json:"asked_to_wait"`
	Limited      int64 `json:"limited"` // for its rate
	Full         int64 `json:"full"`
	Failed       int64 `json:"failed"` // for the store's trouble
	Proofs       int64 `json:"proofs"`
	Oblivious    int64 `json:"oblivious"`
	Forwarded    int64 `json:"forwarded"`
	ChunksPut    int64 `json:"chunks_put"`
	ChunksGot    int64 `json:"chunks_got"`
	Woken        int64 `json:"woken"`
	NotWoken     int64 `json:"not_woken"`
}

// Metrics counts, as something JSON can write.
func (p *Part) Metrics() any { return p.Count() }

// Count is what Metrics says.
func (p *Part) Count() Metrics {
	c := &p.count
	topics, leased := p.hub.count()
	kept := p.stats()
	m := Metrics{
		Queues: kept.Queues, Messages: kept.Messages, Octets: kept.Octets,
		Sessions: p.sessions.count.Total(), Listened: topics, Leased: leased, Opened: c.sessions.Load(),
		Created: c.created.Load(), Put: c.put.Load(), Delivered: c.delivered.Load(), Acknowledged: c.acked.Load(),
		Returned: c.returned.Load(), Expired: c.expired.Load(), Refused: c.refused.Load(), Waits: c.waits.Load(),
		Limited: c.limited.Load(), Full: c.full.Load(), Failed: c.failed.Load(), Proofs: c.proofs.Load(),
		Oblivious: c.oblivious.Load(), Forwarded: c.forwarded.Load(), ChunksPut: c.chunksPut.Load(), ChunksGot: c.chunksGot.Load(),
	}
	if p.chunks != nil {
		m.ChunkOctets = p.chunks.held.Load()
	}
	if p.waker != nil {
		p.waker.mu.Lock()
		m.Woken, m.NotWoken = p.waker.count.sent, p.waker.count.failed
		p.waker.mu.Unlock()
	}
	return m
}

// stats asks the store now and then.
func (p *Part) stats() queue.Stats {
	s := &p.count.stats
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.at) < statsAge {
		return s.last
	}
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	last, err := p.o.Store.Stats(ctx)
	if err != nil {
		p.o.Log.Debug("the store says nothing of itself", "error", err)
		return s.last
	}
	s.at, s.last = time.Now(), last
	return last
}

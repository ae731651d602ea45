package tracker

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kith-web/kith/internal/relay/guard"
)

// announcePath and scrapePath are the paths of the HTTP tracker (BEP 48 derives
// the second from the first).
const (
	announcePath = "/announce"
	scrapePath   = "/scrape"
)

// Tracker is one store of swarms and its three doors: ServeHTTP for HTTP and
// WebSockets, ServePacket for UDP.
type Tracker struct {
	o       Options
	start   time.Time
	store   *store
	rate    *guard.Rate
	bakery  *bakery
	sockets *sockets
	count   counters

	buffers    sync.Pool // *[]byte
	workspaces sync.Pool // *workspace
	writers    sync.Pool // what the WebSocket library writes with
}

// New returns a tracker without peers. It works until Run ends.
func New(o Options) (*Tracker, error) {
	o = o.withDefaults()
	b, err := newBakery(o.Secret)
	if err != nil {
		return nil, err
	}
	t := &Tracker{
		o:      o,
		start:  time.Now().Add(-o.PeerTTL - time.Minute), // so that peers may be older than the tracker
		store:  newStore(o),
		rate:   guard.NewRate(o.Rate),
		bakery: b,
		buffers: sync.Pool{New: func() any {
			b := make([]byte, 0, 4096)
			return &b
		}},
		workspaces: sync.Pool{New: func() any { return new(workspace) }},
	}
	t.sockets = newSockets(o)
	return t, nil
}

// Run forgets peers that are gone and closes WebSockets that are dead, until
// ctx ends.
func (t *Tracker) Run(ctx context.Context) {
	const rounds = 4 // sweeps of the whole store within a PeerTTL, at least
	pace := max(min(t.o.PeerTTL/rounds, time.Minute)/shardCount, time.Millisecond)
	shards := time.NewTicker(pace)
	defer shards.Stop()
	health := time.NewTicker(min(t.o.PingEvery, t.o.Patience) / 4)
	defer health.Stop()
	for next := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-shards.C:
			t.store.sweep(next, t.now()-uint32(t.o.PeerTTL/time.Second))
			next = (next + 1) % shardCount
		case <-health.C:
			t.sockets.check(t.now())
		}
	}
}

// now is the second at hand, by a clock that is past PeerTTL from the beginning.
func (t *Tracker) now() uint32 { return uint32(time.Since(t.start) / time.Second) }

// ServeHTTP answers announces and scrapes over HTTP, and takes WebSockets on
// any path, as the trackers of WebTorrent do.
func (t *Tracker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case isUpgrade(r):
		t.serveSocket(w, r)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "a tracker is asked with GET", http.StatusMethodNotAllowed)
	case r.URL.Path == announcePath:
		t.serveAnnounce(w, r)
	case r.URL.Path == scrapePath:
		t.serveScrape(w, r)
	default:
		http.NotFound(w, r)
	}
}

// want returns how many peers to hand out to one who asked for n; n < 0 is no
// wish.
func (t *Tracker) want(n int) int {
	if n < 0 {
		return t.o.Want
	}
	return min(n, t.o.MaxWant)
}

// counters are what Metrics tells.
type counters struct {
	http, udp, web door
	offers         atomic.Uint64
	answers        atomic.Uint64
	dropped        atomic.Uint64
}

// relayed counts a message that was, or was not, put on its way.
func (c *counters) relayed(n *atomic.Uint64, ok bool) {
	if !ok {
		n = &c.dropped
	}
	n.Add(1)
}

// door counts what comes in at one front end.
type door struct {
	announces, scrapes, connects, invalid, refused atomic.Uint64
}

// DoorMetrics counts the requests of one front end since the tracker began.
type DoorMetrics struct {
	Announces uint64 `json:"announces"`
	Scrapes   uint64 `json:"scrapes"`
	Connects  uint64 `json:"connects"` // UDP connection ids given, WebSockets opened
	Invalid   uint64 `json:"invalid"`  // requests that could not be understood
	Refused   uint64 `json:"refused"`  // requests over a limit
}

// Metrics is the state of a tracker at a moment.
type Metrics struct {
	Swarms  int64       `json:"swarms"`
	Peers   int64       `json:"peers"`
	Sockets int         `json:"sockets"`
	HTTP    DoorMetrics `json:"http"`
	UDP     DoorMetrics `json:"udp"`
	Web     DoorMetrics `json:"websocket"`
	Offers  uint64      `json:"offers"`  // carried to a peer
	Answers uint64      `json:"answers"` // carried back
	Dropped uint64      `json:"dropped"` // messages for WebSockets too slow to take them, or gone
}

// Metrics counts what the tracker has done so far.
func (t *Tracker) Metrics() Metrics {
	return Metrics{
		Swarms: t.store.swarms.Load(), Peers: t.store.peers.Load(), Sockets: t.sockets.len(),
		HTTP: t.count.http.metrics(), UDP: t.count.udp.metrics(), Web: t.count.web.metrics(),
		Offers: t.count.offers.Load(), Answers: t.count.answers.Load(), Dropped: t.count.dropped.Load(),
	}
}

func (d *door) metrics() DoorMetrics {
	return DoorMetrics{
		Announces: d.announces.Load(), Scrapes: d.scrapes.Load(), Connects: d.connects.Load(),
		Invalid: d.invalid.Load(), Refused: d.refused.Load(),
	}
}

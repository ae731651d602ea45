package signal

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
)

// Options of a Hub.
type Options struct {
	// PeerID is what this node is called in its announces.
	PeerID [20]byte
	// STUN servers, stun:host:port; none is fine.
	STUN []string
	// Every is how often a swarm is announced when the tracker does not ask for
	// more.
	Every time.Duration
	// Dial opens the connections to trackers; nil is the network's own.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// OnDialable is called when a peer took an offer of ours: it is dialled by
	// Hub.Dial at addr, once.
	OnDialable func(hash [20]byte, addr Addr)
	// Endpoints are told to browsers beside offers and answers; nil for none.
	Endpoints func() []Endpoint
	// Log gets what trackers do; it may not be nil.
	Log *slog.Logger
}

// Limits on connections in the making and made, and on offers in one announce.
const (
	maxConnections = 200
	maxOffers      = 5
)

// Swarm is what the hub asks of a torrent that it announces.
type Swarm interface {
	// Progress says how many octets went up and down, and how many are missing;
	// left is -1 while nobody knows.
	Progress() (uploaded, downloaded, left int64)
	// Wanted is how many more peers would be welcome.
	Wanted() int
}

// Taker is a Swarm that takes the connections of peers which made it an offer
// itself, in place of Hub.Accept.
type Taker interface {
	// Take must return soon. The connection is its own.
	Take(c net.Conn)
}

// Hub connects with peers by way of WebSocket trackers. It is a listener for
// those that made us an offer and a dialer for those that took one.
type Hub struct {
	o      Options
	api    *webrtc.API
	ctx    context.Context //nolint:containedctx // ends what runs in the background, at Close
	cancel context.CancelFunc
	wg     sync.WaitGroup
	accept chan net.Conn

	mu       sync.Mutex
	trackers map[string]*tracker
	pcs      map[*webrtc.PeerConnection]*time.Timer
	dialable map[string]*conn
}

// New makes a hub that does nothing yet.
func New(o Options) *Hub {
	ctx, cancel := context.WithCancel(context.Background())
	return &Hub{
		o: o, api: newAPI(), ctx: ctx, cancel: cancel, accept: make(chan net.Conn),
		trackers: map[string]*tracker{}, pcs: map[*webrtc.PeerConnection]*time.Timer{}, dialable: map[string]*conn{},
	}
}

// Join announces the torrent at the tracker at url until leave is called.
func (h *Hub) Join(url string, hash [20]byte, s Swarm) (leave func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ctx.Err() != nil {
		return func() {}
	}
	t := h.trackers[url]
	if t == nil {
		t = newTracker(h, url)
		h.trackers[url] = t
		h.wg.Go(t.run)
	}
	t.join(hash, s)
	return sync.OnceFunc(func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if t.leave(hash) && h.trackers[url] == t {
			delete(h.trackers, url)
			t.cancel()
		}
	})
}

// Wake announces the torrent now, because it wants peers.
func (h *Hub) Wake(hash [20]byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, t := range h.trackers {
		t.wake(hash)
	}
}

// Contact is how it goes with one tracker.
type Contact struct {
	URL  string
	Last time.Time
	Err  error
}

// Contacts says how it goes with the trackers.
func (h *Hub) Contacts() []Contact {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]Contact, 0, len(h.trackers))
	for _, t := range h.trackers {
		out = append(out, t.contact())
	}
	return out
}

// Close ends all connections.
func (h *Hub) Close() error {
	h.cancel()
	h.mu.Lock()
	pcs := make([]*webrtc.PeerConnection, 0, len(h.pcs))
	for pc := range h.pcs {
		pcs = append(pcs, pc)
	}
	h.mu.Unlock()
	var errs []error
	for _, pc := range pcs {
		errs = append(errs, pc.Close())
	}
	h.wg.Wait()
	return errors.Join(errs...)
}

// Accept returns the next connection whose offer came from the other side.
func (h *Hub) Accept() (net.Conn, error) {
	select {
	case c := <-h.accept:
		return c, nil
	case <-h.ctx.Done():
		return nil, net.ErrClosed
	}
}

// Addr implements the listener.
func (h *Hub) Addr() net.Addr { return Addr{id: Network} }

// DialerNetwork implements the dialer.
func (h *Hub) DialerNetwork() string { return Network }

// Dial returns the connection that OnDialable announced under addr.
func (h *Hub) Dial(_ context.Context, addr string) (net.Conn, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.dialable[addr]
	if c == nil {
		return nil, errors.New("no such WebRTC peer")
	}
	delete(h.dialable, addr)
	return c, nil
}

// opened takes a connection whose offer was ours.
func (h *Hub) opened(hash [20]byte, c *conn) {
	h.mu.Lock()
	h.dialable[c.remote.id] = c
	h.mu.Unlock()
	time.AfterFunc(connectTime, func() {
		if c, err := h.Dial(h.ctx, c.remote.id); err == nil {
			_ = c.Close() // nobody wanted it
		}
	})
	h.o.OnDialable(hash, c.remote)
}

// endpoints are what browsers are told of.
func (h *Hub) endpoints() []Endpoint {
	if h.o.Endpoints == nil {
		return nil
	}
	return h.o.Endpoints()
}

// accepted takes a connection whose offer was the peer's.
func (h *Hub) accepted(s Swarm, c *conn) {
	if t, ok := s.(Taker); ok {
		t.Take(c)
		return
	}
	select {
	case h.accept <- c:
	case <-h.ctx.Done():
		_ = c.Close()
	}
}

// addPC counts a connection, unless there are too many.
func (h *Hub) addPC(pc *webrtc.PeerConnection, timer *time.Timer) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.pcs) >= maxConnections || h.ctx.Err() != nil {
		return false
	}
	h.pcs[pc] = timer
	return true
}

func (h *Hub) timerOf(pc *webrtc.PeerConnection) *time.Timer {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.pcs[pc]
}

func (h *Hub) dropPC(pc *webrtc.PeerConnection) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := h.pcs[pc]; t != nil {
		t.Stop()
	}
	delete(h.pcs, pc)
}

func portString(port uint16) string { return strconv.Itoa(int(port)) }

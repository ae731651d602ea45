package bittorrent

import (
	"net"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/bittorrent/signal"
)

// maxWaiting is how many connections may wait for the wire library to accept
// them.
const maxWaiting = 64

// inlet is a listener for connections that somebody else accepted.
type inlet struct {
	accept chan net.Conn
	done   chan struct{}
}

func newInlet() *inlet {
	return &inlet{accept: make(chan net.Conn, maxWaiting), done: make(chan struct{})}
}

// Accept returns the next connection.
func (i *inlet) Accept() (net.Conn, error) {
	select {
	case c := <-i.accept:
		return c, nil
	case <-i.done:
		return nil, net.ErrClosed
	}
}

// Addr implements the listener.
func (i *inlet) Addr() net.Addr { return inletAddr{} }

type inletAddr struct{}

func (inletAddr) Network() string { return string(engine.PeerWebTransport) }
func (inletAddr) String() string  { return string(engine.PeerWebTransport) }

// Take takes a connection, accepted elsewhere, whose handshake names a torrent. It
// returns false when that torrent is not open here; the connection is the
// engine's otherwise. It takes none without Options.Endpoints.
func (e *Engine) Take(infohash [20]byte, c net.Conn) bool {
	if _, open := e.open.Load(infohash); !open || e.inlet == nil || e.ctx.Err() != nil {
		return false
	}
	select {
	case e.inlet.accept <- c:
	default:
		_ = c.Close()
	}
	return true
}

// Seed announces a swarm that is none of this engine's to the configured
// WebSocket trackers, until leave is called. take gets connections of browsers
// that come by them, and must return soon. Without WebRTC nothing is announced.
func (e *Engine) Seed(swarm [20]byte, take func(net.Conn)) (leave func()) {
	if e.hub == nil {
		return func() {}
	}
	var all []func()
	for _, u := range e.o.Trackers {
		if hasScheme(u, "ws", "wss") {
			all = append(all, e.hub.Join(u, swarm, seeding{take}))
		}
	}
	return func() {
		for _, leave := range all {
			leave()
		}
	}
}

// seeding is a swarm from which nothing is wanted.
type seeding struct{ take func(net.Conn) }

var _ signal.Taker = seeding{}

// Progress implements signal.Swarm.
func (seeding) Progress() (uploaded, downloaded, left int64) { return 0, 0, 0 }

// Wanted implements signal.Swarm.
func (seeding) Wanted() int { return 0 }

// Take implements signal.Taker.
func (s seeding) Take(c net.Conn) { s.take(c) }

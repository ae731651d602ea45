package swarm

import (
	"context"
	"encoding/hex"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kith-web/kith/internal/engine"
)

// Swarm is one index that is served.
type Swarm struct {
	s     *Server
	index engine.Index
	from  engine.Piecer
	users int // s.mu

	ctx      context.Context //nolint:containedctx // ends with the swarm
	stop     context.CancelFunc
	uploaded atomic.Int64

	mu      sync.Mutex
	conns   map[net.Conn]struct{}
	peers   []*peer // in the order in which they get slots
	have    []byte  // bitfield of what peers were told of
	missing int
	looking bool
}

func newSwarm(s *Server, x engine.Index, p engine.Piecer) *Swarm {
	w := &Swarm{
		s: s, index: x, from: p, conns: map[net.Conn]struct{}{}, have: make([]byte, (x.Pieces+7)/8), missing: x.Pieces,
	}
	w.ctx, w.stop = context.WithCancel(s.ctx)
	return w
}

// Uploaded counts the bytes of pieces that peers got.
func (w *Swarm) Uploaded() int64 { return w.uploaded.Load() }

// Idle reports whether no peer is connected.
func (w *Swarm) Idle() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.conns) == 0
}

// Peers are those connected now.
func (w *Swarm) Peers() []engine.Peer {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := []engine.Peer{}
	for _, p := range w.peers {
		out = append(out, engine.Peer{
			ID: hex.EncodeToString(p.id[:]), Addr: p.conn.RemoteAddr().String(), Kind: kindOf(p.conn),
			Client: p.client, Uploaded: p.uploaded.Load(), Progress: -1,
		})
	}
	return out
}

// kindOf is the way by which a peer came.
func kindOf(c net.Conn) engine.PeerKind {
	switch n := engine.PeerKind(c.RemoteAddr().Network()); n {
	case engine.PeerWebTransport, engine.PeerWebRTC:
		return n
	}
	return engine.PeerTCP
}

// admit counts a connection, unless there are too many.
func (w *Swarm) admit(c net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.conns) >= w.s.o.MaxSwarmPeers || w.ctx.Err() != nil {
		return false
	}
	w.conns[c] = struct{}{}
	return true
}

// end closes all connections.
func (w *Swarm) end() {
	w.stop()
	w.mu.Lock()
	conns := w.conns
	w.conns = map[net.Conn]struct{}{}
	w.mu.Unlock()
	for c := range conns {
		_ = c.Close()
	}
	w.s.cache.forget(w)
}

// run serves one connection until it ends.
func (w *Swarm) run(c net.Conn) {
	err := w.converse(c)
	_ = c.Close()
	w.mu.Lock()
	delete(w.conns, c)
	w.mu.Unlock()
	w.s.o.Log.Debug("a peer left", "peer", c.RemoteAddr().String(), "error", err)
}

// enter adds a peer that introduced itself, and returns what it is told of the
// pieces that are here.
func (w *Swarm) enter(p *peer) []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.update()
	w.peers = append(w.peers, p)
	if !w.looking && (w.missing > 0 || len(w.peers) > w.s.o.Slots) {
		w.looking = true
		w.s.work.Go(w.look)
	}
	switch {
	case w.missing == 0 && p.fast:
		return simple(msgHaveAll)
	case w.missing == w.index.Pieces && p.fast:
		return simple(msgHaveNone)
	case w.missing == w.index.Pieces:
		return nil
	}
	return append(begin(msgBitfield, len(w.have)), w.have...)
}

// leave takes a peer out and gives its slot away.
func (w *Swarm) leave(p *peer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.peers = slices.DeleteFunc(w.peers, func(q *peer) bool { return q == p })
	w.share()
}

// interest notes whether a peer wants pieces.
func (w *Swarm) interest(p *peer, interested bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p.interested = interested
	w.share()
}

// share gives the slots to the first peers that want pieces; the lock is held.
func (w *Swarm) share() {
	free := w.s.o.Slots
	for _, p := range w.peers {
		serve := p.interested && free > 0
		if serve {
			free--
		}
		if serve == p.choked {
			p.choke(!serve)
		}
	}
}

// rotate lets the peer that has had a slot for longest wait behind the others,
// when there are any that wait; the lock is held.
func (w *Swarm) rotate() {
	waits := slices.ContainsFunc(w.peers, func(p *peer) bool { return p.interested && p.choked })
	first := slices.IndexFunc(w.peers, func(p *peer) bool { return !p.choked })
	if !waits || first < 0 {
		return
	}
	p := w.peers[first]
	w.peers = append(slices.Delete(w.peers, first, first+1), p)
	w.share()
}

// look tells peers of pieces that came, and rotates the slots, until there are no
// peers, or nothing is missing and none waits.
func (w *Swarm) look() {
	tick := time.NewTicker(w.s.o.LookEvery)
	defer tick.Stop()
	turn := time.Now()
	for {
		select {
		case <-w.ctx.Done():
			return
		case <-tick.C:
		}
		w.mu.Lock()
		var news []byte
		for _, i := range w.update() {
			news = append(news, haveMessage(i)...)
		}
		for _, p := range w.peers {
			if len(news) > 0 {
				p.send(news)
			}
		}
		if time.Since(turn) >= w.s.o.Rotate {
			turn = time.Now()
			w.rotate()
		}
		w.looking = len(w.peers) > 0 && (w.missing > 0 || len(w.peers) > w.s.o.Slots)
		goOn := w.looking
		w.mu.Unlock()
		if !goOn {
			return
		}
	}
}

// update looks which pieces came since peers were told; the lock is held.
func (w *Swarm) update() (came []int) {
	for i := 0; i < w.index.Pieces && w.missing > 0; i++ {
		if bit := byte(0x80 >> (i % 8)); w.have[i/8]&bit == 0 && w.from.HasPiece(i) {
			w.have[i/8] |= bit
			w.missing--
			came = append(came, i)
		}
	}
	return came
}

// piece reads a piece that is on disk.
func (w *Swarm) piece(ctx context.Context, i int) ([]byte, error) {
	return w.s.cache.get(ctx, pieceKey{w, i}, func() ([]byte, error) {
		ctx, cancel := context.WithTimeout(w.ctx, w.s.o.PieceTime)
		defer cancel()
		return w.from.Piece(ctx, i)
	})
}

package swarm

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// writeTime is how long a message may take to leave.
const writeTime = time.Minute

// maxNotes is how many small messages may wait for a peer. One that reads so
// slowly is left.
const maxNotes = 1 << 14

// peer is one connection behind the handshake.
type peer struct {
	w    *Swarm
	conn net.Conn
	id   [20]byte
	fast bool

	uploaded atomic.Int64

	// Guarded by w.mu.
	client     string
	interested bool
	choked     bool

	mu    sync.Mutex
	notes [][]byte // to send before anything else
	wants []block  // to give, in order
	open  bool     // whether blocks may be asked for
	wake  chan struct{}
}

// converse is the life of a connection.
func (w *Swarm) converse(c net.Conn) error {
	o := w.s.o
	if err := c.SetDeadline(time.Now().Add(o.HandshakeTime)); err != nil {
		return err
	}
	in := bufio.NewReaderSize(c, 4<<10)
	theirs, err := readHandshake(in)
	switch {
	case err != nil:
		return err
	case theirs.swarm != w.index.Swarm:
		return errors.New("the handshake names another swarm")
	case theirs.peer == o.PeerID:
		return errors.New("it is this node")
	}
	if _, err := c.Write(handshake{w.index.Swarm, o.PeerID, true, true}.encode()); err != nil {
		return err
	}
	p := &peer{w: w, conn: c, id: theirs.peer, fast: theirs.fast, choked: true, wake: make(chan struct{}, 1)}
	if theirs.extended {
		p.send(extendedMessage(o.Client, o.MaxRequests))
	}
	p.greet()
	defer w.leave(p)
	ctx, stop := context.WithCancel(w.ctx)
	done := make(chan error, 1)
	go func() {
		done <- p.give(ctx)
		_ = c.Close()
	}()
	err = p.listen(in)
	stop()
	_ = c.Close()
	return errors.Join(err, <-done)
}

// greet makes the peer known, and tells it what is here before anything else.
func (p *peer) greet() {
	p.mu.Lock()
	defer p.mu.Unlock()
	// Nobody waits for p.mu with w.mu held yet: p is new.
	if m := p.w.enter(p); m != nil {
		p.note(m)
	}
}

// send queues a small message.
func (p *peer) send(m []byte) {
	p.mu.Lock()
	p.note(m)
	p.mu.Unlock()
	p.poke()
}

// note queues a small message; p.mu is held.
func (p *peer) note(m []byte) {
	if len(p.notes) >= maxNotes {
		_ = p.conn.Close()
		return
	}
	p.notes = append(p.notes, m)
}

func (p *peer) poke() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// choke tells the peer whether it is served; w.mu is held. What it asked for
// before is refused then (BEP 6), or forgotten.
func (p *peer) choke(choked bool) {
	p.choked = choked
	p.mu.Lock()
	p.open = !choked
	if choked {
		p.note(simple(msgChoke))
		for _, b := range p.wants {
			p.refuse(b)
		}
		p.wants = nil
	} else {
		p.note(simple(msgUnchoke))
	}
	p.mu.Unlock()
	p.poke()
}

// refuse says that a block will not come; p.mu is held.
func (p *peer) refuse(b block) {
	if p.fast {
		p.note(b.message(msgReject))
	}
}

// listen reads what the peer says until it ends.
func (p *peer) listen(in *bufio.Reader) error {
	r := &reader{r: in, pieces: p.w.index.Pieces}
	for {
		if err := p.conn.SetReadDeadline(time.Now().Add(p.w.s.o.IdleTime)); err != nil {
			return err
		}
		m, err := r.next()
		if err != nil {
			return err
		}
		if m.keepAlive {
			continue
		}
		if err := p.hear(m); err != nil {
			return err
		}
	}
}

// hear acts on one message. What the peer has does not matter here: nothing is
// asked of it.
func (p *peer) hear(m message) error {
	switch m.kind {
	case msgInterested, msgNotInterested:
		p.w.interest(p, m.kind == msgInterested)
	case msgRequest:
		return p.ask(readBlock(m.body))
	case msgCancel:
		p.cancel(readBlock(m.body))
	case msgExtended:
		if len(m.body) > 0 && m.body[0] == 0 {
			name := clientName(m.body[1:])
			p.w.mu.Lock()
			p.client = name
			p.w.mu.Unlock()
		}
	case msgPiece:
		return errors.New("a block that nobody asked for")
	}
	return nil
}

// ask takes a request.
func (p *peer) ask(b block) error {
	if int64(b.piece) >= int64(p.w.index.Pieces) || b.length == 0 || b.length > maxBlock {
		return fmt.Errorf("a request for %d octets of piece %d of %d", b.length, b.piece, p.w.index.Pieces)
	}
	here := p.w.from.HasPiece(int(b.piece))
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case !here || !p.open:
		p.refuse(b)
	case len(p.wants) >= p.w.s.o.MaxRequests:
		return fmt.Errorf("more than %d requests at a time", p.w.s.o.MaxRequests)
	default:
		p.wants = append(p.wants, b)
	}
	p.poke()
	return nil
}

// cancel drops a request. A peer that knows BEP 6 is told so.
func (p *peer) cancel(b block) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.wants, b); i >= 0 {
		p.wants = slices.Delete(p.wants, i, i+1)
		p.refuse(b)
		p.poke()
	}
}

// give sends what is due until the connection ends.
func (p *peer) give(ctx context.Context) error {
	alive := time.NewTicker(p.w.s.o.KeepAlive)
	defer alive.Stop()
	for {
		notes, want, ok := p.next()
		switch {
		case len(notes) > 0:
			if err := p.write(slices.Concat(notes...)); err != nil {
				return err
			}
		case ok:
			if err := p.giveBlock(ctx, want); err != nil {
				return err
			}
		default:
			select {
			case <-p.wake:
			case <-alive.C:
				if err := p.write(make([]byte, 4)); err != nil {
					return err
				}
			case <-ctx.Done():
				return nil
			}
		}
	}
}

// next takes what is to be sent.
func (p *peer) next() (notes [][]byte, want block, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.notes) > 0 {
		notes, p.notes = p.notes, nil
		return notes, want, false
	}
	if len(p.wants) == 0 {
		return nil, want, false
	}
	want = p.wants[0]
	p.wants = p.wants[1:]
	return nil, want, true
}

// giveBlock sends a block of a piece that was just verified, or refuses it.
func (p *peer) giveBlock(ctx context.Context, b block) error {
	data, err := p.w.piece(ctx, int(b.piece))
	if ctx.Err() != nil {
		return nil
	}
	if err != nil || uint64(b.begin)+uint64(b.length) > uint64(len(data)) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.refuse(b)
		return nil
	}
	if limit := p.w.s.limit; limit != nil {
		if err := limit.WaitN(ctx, int(b.length)); err != nil {
			return nil //nolint:nilerr // the connection ends
		}
	}
	if err := p.write(b.pieceMessage(data)); err != nil {
		return err
	}
	p.uploaded.Add(int64(b.length))
	p.w.uploaded.Add(int64(b.length))
	return nil
}

func (p *peer) write(b []byte) error {
	if err := p.conn.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return err
	}
	_, err := p.conn.Write(b)
	return err
}

package mailbox

import (
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"github.com/kith-web/kith/internal/mailbox"
	"github.com/kith-web/kith/internal/relay/buffer"
)

// readBuffer is what each open WebSocket keeps for reading. What is longer is
// read past it.
const readBuffer = 512

// Status codes of RFC 6455 §7.4.1, and 1013 of its registry.
const (
	goingAway       = 1001
	protocolError   = 1002
	policyViolation = 1008
	tryAgainLater   = 1013
)

// session is one WebSocket. It holds memory for messages only while there are
// some: what is read goes through a shared buffer, and what waits to be written
// is written by a goroutine that ends when nothing more waits.
type session struct {
	p     *Part
	ws    *websocket.Conn
	addr  netip.Addr
	place mailbox.Place

	// Of the reading goroutine alone.
	greeted, mayCreate bool

	heard, asked atomic.Int64 // second of the last sign of life, and of the last ping

	mu       sync.Mutex
	room     sync.Cond // told when there is room for more commands
	proofs   map[proofKey]proved
	out      *[]byte // records that wait; nil for none
	inflight int     // commands that are at work
	ping     bool    // wanted
	stuffed  bool    // somebody waits for room in out
	flushing bool
	closing  uint16 // the code to say goodbye with, when all is answered and written
	gone     bool   // nothing is written any more

	subs map[mailbox.ID]*sub // of the hub, under its lock
}

func newSession(p *Part, ws *websocket.Conn, from netip.Addr) *session {
	s := &session{p: p, ws: ws, addr: from}
	s.room.L = &s.mu
	s.heard.Store(time.Now().Unix())
	ws.SetReadLimit(mailbox.MaxMessage)
	ws.SetPingHandler(func(data string) error {
		s.alive()
		err := ws.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(time.Second))
		if errors.Is(err, websocket.ErrCloseSent) {
			return nil
		}
		return err
	})
	ws.SetPongHandler(func(string) error {
		s.alive()
		return nil
	})
	return s
}

// alive puts off the end of a session that says nothing.
func (s *session) alive() {
	now := time.Now()
	s.heard.Store(now.Unix())
	if err := s.ws.SetReadDeadline(now.Add(5 * s.p.o.PingEvery / 2)); err != nil {
		s.close()
	}
}

// serve reads messages until the connection ends, and cleans up after it.
func (s *session) serve() {
	s.alive()
	for s.read() {
	}
	s.p.hub.leave(s)
	s.mu.Lock()
	s.closing = max(s.closing, goingAway)
	for s.inflight > 0 {
		s.room.Wait()
	}
	s.mu.Unlock()
	s.close()
	s.p.sessions.count.Give(s.addr)
	s.p.sessions.remove(s)
}

// read takes one message and reports whether there may be more.
func (s *session) read() bool {
	kind, r, err := s.ws.NextReader()
	if err != nil {
		return false
	}
	if kind != websocket.BinaryMessage {
		s.farewell(protocolError)
		return s.drainReads()
	}
	s.heard.Store(time.Now().Unix())
	if err := s.ws.SetReadDeadline(time.Now().Add(s.p.o.Patience)); err != nil {
		return false
	}
	buf := s.p.buffers.Get().(*[]byte)
	*buf, err = buffer.ReadAll(r, (*buf)[:0])
	if err == nil {
		s.alive()
		err = s.takeAll(*buf)
	}
	s.p.recycle(buf)
	if err != nil {
		s.farewell(protocolError)
		return s.drainReads()
	}
	return true
}

// drainReads reads on until the goodbye is said, so that it is not lost to a
// reset, and reports false.
func (s *session) drainReads() bool {
	if err := s.ws.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
		return false
	}
	for {
		if _, _, err := s.ws.NextReader(); err != nil {
			return false
		}
	}
}

// takeAll does what a message asks for, record by record.
func (s *session) takeAll(message []byte) error {
	for len(message) > 0 {
		r, rest, err := mailbox.Next(message)
		if err != nil {
			return err
		}
		if !s.wait() {
			return nil // it is going down, and the rest is not answered
		}
		if err := s.take(r); err != nil {
			return err
		}
		message = rest
	}
	return nil
}

// wait waits until there is room for another command and its answer; it reports
// false when the session takes no more.
func (s *session) wait() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.closing == 0 && !s.gone && (s.inflight >= s.p.o.MaxInflight || s.out != nil && len(*s.out) > maxOut) {
		if s.out != nil && len(*s.out) > maxOut {
			s.stuffed = true
		}
		s.room.Wait()
	}
	return s.closing == 0 && !s.gone
}

// begin notes a command that is answered by done, in time.
func (s *session) begin() {
	s.mu.Lock()
	s.inflight++
	s.mu.Unlock()
}

// done answers a command.
func (s *session) done(tag uint32, err error) {
	s.answer(tag, err)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inflight--
	s.room.Signal()
	s.flushIfLast()
}

// maxKept is the largest buffer kept for use again.
const maxKept = 512 << 10

// recycle gives back a buffer, unless it has grown so large that keeping it
// would be a waste.
func (p *Part) recycle(b *[]byte) {
	if cap(*b) <= maxKept {
		p.buffers.Put(b)
	}
}

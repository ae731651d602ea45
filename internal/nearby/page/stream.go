package page

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/kith-web/kith/internal/fault"
)

const (
	// markFin and markReset stand among what a page sent for how it ended.
	markFin   = 0xfe
	markReset = 0xfd
	// largestChunk is how much of a stream goes to the page at once: other
	// streams get a turn between two.
	largestChunk = 64 << 10
)

// stream is a stream of a page's transport: send, receive, or both.
type stream struct {
	sk      *socket
	on      *transport
	id      uint32
	kind    string
	send    SendStream
	receive ReceiveStream
	out     *queue
	unread  atomic.Bool // the page reads no more, and hears no more of it

	mu      sync.Mutex
	waiting int           // octets of the page that were not acknowledged
	credit  int           // octets that the page takes
	more    chan struct{} // with room for one: there is credit
}

func newStream(t *transport) *stream {
	return &stream{
		sk: t.sk, on: t, kind: t.streamKind(), out: newQueue(t.sk.free), credit: t.sk.s.o.Window, more: make(chan struct{}, 1),
	}
}

func (s *stream) command(c command) error {
	switch c.Op {
	case "fin":
		s.out.put(frame{kind: markFin})
	case "reset":
		s.out.put(frame{kind: markReset, id: c.Code})
	case "stop-sending":
		if s.receive != nil {
			s.unread.Store(true)
			s.receive.CancelRead(c.Code)
		}
	case "credit":
		return s.grant(c.Bytes)
	default:
		return unknown(c, "stream")
	}
	return nil
}

// grant lets more octets go to the page.
func (s *stream) grant(n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n <= 0 || s.credit+n > s.sk.s.o.Window {
		return fault.New(fault.Invalid, "credit for %d octets, with %d left of %d", n, s.credit, s.sk.s.o.Window)
	}
	s.credit += n
	select {
	case s.more <- struct{}{}:
	default:
	}
	return nil
}

// take queues octets, of which no more than a window may wait.
func (s *stream) take(f frame) error {
	s.mu.Lock()
	over := f.kind != frameStream || s.waiting+len(f.payload) > s.sk.s.o.Window
	s.waiting += len(f.payload)
	s.mu.Unlock()
	if over {
		s.sk.free(f)
		return fault.New(fault.Invalid, "octets that the stream has no room for")
	}
	s.out.put(f)
	return nil
}

// run passes octets on in both directions until both are over.
func (s *stream) run() {
	ctx, cancel := context.WithCancel(s.on.ctx)
	defer cancel()
	var both sync.WaitGroup
	if s.send != nil {
		both.Go(func() { s.pump(ctx) })
	}
	if s.receive != nil {
		stop := context.AfterFunc(ctx, func() { s.receive.CancelRead(0) })
		both.Go(func() {
			s.fill(ctx)
			stop()
		})
	}
	both.Wait()
	s.out.close()
	s.sk.drop(s.id, s.kind)
}

// pump sends what the page sent.
func (s *stream) pump(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() { s.send.CancelWrite(0) })
	defer stop()
	passed := &receipt{sk: s.sk, id: s.id}
	for {
		f, err := s.out.get(ctx)
		if err != nil {
			return
		}
		switch f.kind {
		case markFin:
			_ = s.send.Close()
			return
		case markReset:
			s.send.CancelWrite(f.id)
			return
		}
		_, err = s.send.Write(f.payload)
		s.sk.free(f)
		if err != nil {
			s.out.close()
			s.stopped(ctx, "stop-sending", err)
			return
		}
		s.mu.Lock()
		s.waiting -= len(f.payload)
		s.mu.Unlock()
		passed.add(len(f.payload))
	}
}

// fill gives the page what the other side sends, as far as it has credit.
func (s *stream) fill(ctx context.Context) {
	buffer := make([]byte, largestChunk)
	for {
		n, err := s.allowed(ctx)
		if err != nil {
			return
		}
		if n, err = s.receive.Read(buffer[:min(n, largestChunk)]); n > 0 {
			s.mu.Lock()
			s.credit -= n
			s.mu.Unlock()
			s.sk.send(frameStream, s.id, buffer[:n])
		}
		switch {
		case err == nil:
			continue
		case s.unread.Load():
		case errors.Is(err, io.EOF):
			s.sk.say(news{Op: "fin", ID: s.id})
		default:
			s.stopped(ctx, "reset", err)
		}
		return
	}
}

// allowed waits until the page takes octets, and says how many.
func (s *stream) allowed(ctx context.Context) (int, error) {
	for {
		s.mu.Lock()
		n := s.credit
		s.mu.Unlock()
		if n > 0 {
			return n, nil
		}
		select {
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		case <-s.more:
		}
	}
}

// stopped tells the page that one direction ended before its time.
func (s *stream) stopped(ctx context.Context, op string, err error) {
	var reset *Reset
	switch {
	case errors.As(err, &reset):
		s.sk.say(news{Op: op, ID: s.id, Code: &reset.Code})
	case ctx.Err() != nil: // the transport says it
	default:
		s.sk.fail(s.id, nameNetwork, err.Error())
	}
}

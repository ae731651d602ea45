package page

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/kith-web/kith/internal/fault"
)

// transport is an LP2PQuicTransport of a page.
type transport struct {
	sk     *socket
	on     *connection
	id     uint32
	kind   string
	ctx    context.Context
	cancel context.CancelCauseFunc
	// offered is one that the other side opened and this page has not taken.
	offered Transport

	mu     sync.Mutex
	opened Transport
}

func newTransport(c *connection) *transport {
	t := &transport{sk: c.sk, on: c, kind: c.transportKind()}
	t.ctx, t.cancel = context.WithCancelCause(c.ctx)
	return t
}

func (t *transport) streamKind() string { return fmt.Sprintf("stream of %d", t.id) }

func (t *transport) command(c command) error {
	switch c.Op {
	case "accept":
		if t.offered == nil {
			return fault.New(fault.Invalid, "a transport that was not offered is accepted")
		}
		t.sk.wait.Go(t.accept)
		return nil
	case "close":
		t.sk.wait.Go(func() { t.close(c.Code, c.Reason) })
		return nil
	}
	return unknown(c, "transport")
}

// take sends a datagram, which may be lost.
func (t *transport) take(f frame) error {
	defer t.sk.free(f)
	if f.kind != frameDatagram {
		return fault.New(fault.Invalid, "a frame of kind %d for a transport", f.kind)
	}
	if opened := t.transport(); opened != nil && len(f.payload) <= t.sk.s.o.MaxDatagram {
		_ = opened.SendDatagram(f.payload)
	}
	return nil
}

func (t *transport) transport() Transport {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.opened
}

// accept takes the transport that the other side opened.
func (t *transport) accept() {
	if t.transport() != nil {
		return
	}
	if err := t.offered.Accept(t.ctx); err != nil {
		t.over(err)
		return
	}
	t.begin(t.offered)
}

// watchOffer forgets an offer that was taken back before the page took it.
func (t *transport) watchOffer() {
	select {
	case <-t.offered.Context().Done():
		if t.transport() == nil {
			t.over(context.Cause(t.offered.Context()))
		}
	case <-t.ctx.Done():
		_ = t.offered.Close(0, "")
		t.sk.drop(t.id, t.kind)
	}
}

// begin passes streams and datagrams on until the transport is over.
func (t *transport) begin(opened Transport) {
	t.mu.Lock()
	if t.opened != nil {
		t.mu.Unlock()
		return
	}
	t.opened = opened
	t.mu.Unlock()
	t.sk.say(news{Op: "opened", ID: t.id})
	t.sk.wait.Go(func() { t.acceptStreams(opened) })
	t.sk.wait.Go(func() { t.acceptUniStreams(opened) })
	t.sk.wait.Go(func() { t.receiveDatagrams(opened) })
	select {
	case <-opened.Context().Done():
		t.over(context.Cause(opened.Context()))
	case <-t.ctx.Done():
		_ = opened.Close(0, "")
		t.over(context.Cause(t.ctx))
	}
}

// close ends the transport as the page says.
func (t *transport) close(code uint32, reason string) {
	for _, x := range []Transport{t.transport(), t.offered} {
		if x != nil {
			_ = x.Close(code, reason)
		}
	}
	t.cancel(errStopped)
}

// over tells the page how the transport ended.
func (t *transport) over(cause error) {
	t.cancel(cause)
	t.sk.drop(t.id, t.kind)
	var closed *Closed
	switch {
	case errors.As(cause, &closed):
		t.sk.say(news{Op: "closed", ID: t.id, Code: &closed.Code, Reason: &closed.Reason})
	case errors.Is(cause, errStopped):
	case t.on.ctx.Err() != nil:
		t.sk.fail(t.id, nameNetwork, "the connection is closed")
	default:
		t.sk.fail(t.id, nameNetwork, cause.Error())
	}
}

func (t *transport) openStream(c command) error {
	s := newStream(t)
	ok, err := t.sk.enter(c.ID, s, s.kind, t.sk.s.o.MaxStreams)
	if err != nil {
		return err
	}
	s.id = c.ID
	opened := t.transport()
	if !ok || opened == nil {
		if ok {
			t.sk.drop(c.ID, s.kind)
		}
		t.sk.fail(c.ID, nameQuota, fmt.Sprintf("a transport has at most %d streams at once, and none before it is ready", t.sk.s.o.MaxStreams))
		return nil
	}
	t.sk.wait.Go(func() {
		var err error
		if c.Bidi {
			var both Stream
			if both, err = opened.OpenStream(t.ctx); err == nil {
				s.send, s.receive = both, both
			}
		} else {
			s.send, err = opened.OpenUniStream(t.ctx)
		}
		if err != nil {
			t.sk.drop(s.id, s.kind)
			s.out.close()
			t.sk.fail(s.id, nameNetwork, err.Error())
			return
		}
		t.sk.say(news{Op: "opened", ID: s.id})
		s.run()
	})
	return nil
}

func (t *transport) acceptStreams(opened Transport) {
	for {
		both, err := opened.AcceptStream(t.ctx)
		if err != nil {
			return
		}
		s := newStream(t)
		s.send, s.receive = both, both
		if !t.incoming(s) {
			both.CancelRead(0)
			both.CancelWrite(0)
		}
	}
}

func (t *transport) acceptUniStreams(opened Transport) {
	for {
		in, err := opened.AcceptUniStream(t.ctx)
		if err != nil {
			return
		}
		s := newStream(t)
		s.receive = in
		if !t.incoming(s) {
			in.CancelRead(0)
		}
	}
}

// incoming gives the page a stream of the other side; false when it has too many.
func (t *transport) incoming(s *stream) bool {
	id, ok := t.sk.add(s, s.kind, t.sk.s.o.MaxStreams)
	if !ok {
		return false
	}
	s.id = id
	bidi := s.send != nil
	t.sk.say(news{Op: "stream", ID: id, Transport: t.id, Bidi: &bidi})
	t.sk.wait.Go(s.run)
	return true
}

func (t *transport) receiveDatagrams(opened Transport) {
	for {
		p, err := opened.ReceiveDatagram(t.ctx)
		if err != nil {
			return
		}
		t.sk.send(frameDatagram, t.id, p)
	}
}

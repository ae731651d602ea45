package peerlink

import (
	"context"
	"errors"

	"github.com/kith-web/kith/internal/nearby/page"
	"github.com/kith-web/kith/internal/openscreen"
)

// transport is a page.Transport.
type transport struct {
	t       *openscreen.Transport
	control *openscreen.Stream
	ctx     context.Context
}

var _ page.Transport = (*transport)(nil)

func newTransport(t *openscreen.Transport, control *openscreen.Stream) *transport {
	ctx, cancel := context.WithCancelCause(context.Background())
	context.AfterFunc(t.Context(), func() { cancel(ending(context.Cause(t.Context()))) })
	return &transport{t: t, control: control, ctx: ctx}
}

// ending says in this package's caller's words how a transport ended.
func ending(err error) error {
	if closed := (*openscreen.TransportClosed)(nil); errors.As(err, &closed) {
		return &page.Closed{Code: closed.Code, Reason: closed.Reason}
	}
	return err
}

func (t *transport) Context() context.Context { return t.ctx }

func (t *transport) Accept(context.Context) error {
	err := writeMessage(t.control, message{Accepted: true})
	if err == nil {
		err = t.control.Close()
	}
	return err
}

func (t *transport) Close(code uint32, reason string) error { return t.t.Close(code, reason) }

func (t *transport) SendDatagram(p []byte) error { return t.t.SendDatagram(p) }

func (t *transport) ReceiveDatagram(ctx context.Context) ([]byte, error) {
	return t.t.ReceiveDatagram(ctx)
}

func (t *transport) OpenStream(ctx context.Context) (page.Stream, error) {
	s, err := t.t.OpenStream(ctx)
	if err != nil {
		return nil, err
	}
	return both{s.SendStream, s.ReceiveStream}, nil
}

func (t *transport) AcceptStream(ctx context.Context) (page.Stream, error) {
	s, err := t.t.AcceptStream(ctx)
	if err != nil {
		return nil, err
	}
	return both{s.SendStream, s.ReceiveStream}, nil
}

func (t *transport) OpenUniStream(ctx context.Context) (page.SendStream, error) {
	s, err := t.t.OpenUniStream(ctx)
	if err != nil {
		return nil, err
	}
	return sending{s}, nil
}

func (t *transport) AcceptUniStream(ctx context.Context) (page.ReceiveStream, error) {
	s, err := t.t.AcceptUniStream(ctx)
	if err != nil {
		return nil, err
	}
	return receiving{s}, nil
}

// both is a page.Stream.
type both struct {
	send    *openscreen.SendStream
	receive *openscreen.ReceiveStream
}

func (b both) Write(p []byte) (int, error) { return sending{b.send}.Write(p) }
func (b both) Close() error                { return b.send.Close() }
func (b both) CancelWrite(code uint32)     { b.send.CancelWrite(code) }
func (b both) Read(p []byte) (int, error)  { return receiving{b.receive}.Read(p) }
func (b both) CancelRead(code uint32)      { b.receive.CancelRead(code) }

// sending is a page.SendStream.
type sending struct{ *openscreen.SendStream }

func (s sending) Write(p []byte) (int, error) {
	n, err := s.SendStream.Write(p)
	return n, givenUp(err)
}

// receiving is a page.ReceiveStream.
type receiving struct{ *openscreen.ReceiveStream }

func (r receiving) Read(p []byte) (int, error) {
	n, err := r.ReceiveStream.Read(p)
	return n, givenUp(err)
}

func givenUp(err error) error {
	if reset := (*openscreen.StreamReset)(nil); errors.As(err, &reset) {
		return &page.Reset{Code: reset.Code}
	}
	return err
}

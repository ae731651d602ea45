package page_test

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/kith-web/kith/internal/nearby/page"
)

// room joins servers without a network between them: what is under test here is
// what pages see. The real way is tested in package peerlink and in e2e/nearby.
type room struct {
	mu      sync.Mutex
	servers map[string]*page.Server
}

// seat is the network as one device sees it.
type seat struct {
	room *room
	name string
}

var errAway = errors.New("the device is not here")

func (s seat) Connect(ctx context.Context, device string, mine page.Hello) (page.Conn, page.Hello, error) {
	s.room.mu.Lock()
	to := s.room.servers[device]
	s.room.mu.Unlock()
	if to == nil {
		return nil, page.Hello{}, errAway
	}
	theirs, deliver, err := to.Incoming(ctx, page.Device{ID: s.name, Name: s.name + "'s laptop"}, mine)
	if err != nil {
		return nil, page.Hello{}, err
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	a, b := newConn(ctx, cancel), newConn(ctx, cancel)
	a.other, b.other = b, a
	deliver(b)
	return a, theirs, nil
}

type conn struct {
	ctx        context.Context
	cancel     context.CancelCauseFunc
	other      *conn
	channels   chan *channel
	transports chan *transport
	wants      chan struct{}
}

func newConn(ctx context.Context, cancel context.CancelCauseFunc) *conn {
	return &conn{ctx: ctx, cancel: cancel, channels: make(chan *channel), transports: make(chan *transport), wants: make(chan struct{}, 8)}
}

func (c *conn) Context() context.Context { return c.ctx }

func (c *conn) Close() error {
	c.cancel(errors.New("closed"))
	return nil
}

func (c *conn) Want() error {
	c.other.wants <- struct{}{}
	return nil
}

func (c *conn) Wanted(ctx context.Context) error {
	_, err := take(ctx, c.ctx, c.wants)
	return err
}

func (c *conn) OpenChannel(ctx context.Context, label, protocol string, id int) (page.Channel, error) {
	if id < 0 {
		id = 0
	}
	end, over := context.WithCancel(c.ctx)
	a := &channel{id: id, label: label, protocol: protocol, in: make(chan message), ctx: end, over: over, eof: make(chan struct{})}
	b := &channel{id: id, label: label, protocol: protocol, in: make(chan message), ctx: end, over: over, eof: make(chan struct{})}
	a.other, b.other = b, a
	return a, put(ctx, c.ctx, c.other.channels, b)
}

func (c *conn) AcceptChannel(ctx context.Context) (page.Channel, error) {
	return take(ctx, c.ctx, c.channels)
}

func (c *conn) OpenTransport(ctx context.Context) (page.Transport, error) {
	end, cancel := context.WithCancelCause(c.ctx)
	a, b := newTransport(end, cancel), newTransport(end, cancel)
	a.other, b.other = b, a
	if err := put(ctx, c.ctx, c.other.transports, b); err != nil {
		return nil, err
	}
	_, err := take(ctx, end, b.accepted)
	return a, err
}

func (c *conn) AcceptTransport(ctx context.Context) (page.Transport, error) {
	return take(ctx, c.ctx, c.transports)
}

type message struct {
	e    page.Encoding
	data []byte
}

type channel struct {
	id              int
	label, protocol string
	in              chan message
	other           *channel
	ctx             context.Context
	over            func()
	once            sync.Once
	eof             chan struct{}
}

func (c *channel) ID() int          { return c.id }
func (c *channel) Label() string    { return c.label }
func (c *channel) Protocol() string { return c.protocol }

func (c *channel) Send(ctx context.Context, e page.Encoding, data []byte) error {
	return put(ctx, c.ctx, c.other.in, message{e, data})
}

func (c *channel) Receive(ctx context.Context) (page.Encoding, []byte, error) {
	select {
	case m := <-c.in:
		return m.e, m.data, nil
	case <-c.eof:
		return 0, nil, io.EOF
	case <-ctx.Done():
		return 0, nil, context.Cause(ctx)
	case <-c.ctx.Done():
		return 0, nil, io.EOF
	}
}

func (c *channel) Close() error {
	c.once.Do(func() { close(c.other.eof) })
	return nil
}

type transport struct {
	ctx       context.Context
	cancel    context.CancelCauseFunc
	other     *transport
	accepted  chan struct{}
	bidi      chan page.Stream
	uni       chan page.ReceiveStream
	datagrams chan []byte
}

func newTransport(ctx context.Context, cancel context.CancelCauseFunc) *transport {
	return &transport{
		ctx: ctx, cancel: cancel, accepted: make(chan struct{}, 1),
		bidi: make(chan page.Stream), uni: make(chan page.ReceiveStream), datagrams: make(chan []byte, 8),
	}
}

func (t *transport) Context() context.Context { return t.ctx }

func (t *transport) Accept(context.Context) error {
	t.accepted <- struct{}{}
	return nil
}

func (t *transport) Close(code uint32, reason string) error {
	t.cancel(&page.Closed{Code: code, Reason: reason})
	return nil
}

func (t *transport) SendDatagram(p []byte) error {
	return put(t.ctx, t.ctx, t.other.datagrams, append([]byte(nil), p...))
}

func (t *transport) ReceiveDatagram(ctx context.Context) ([]byte, error) {
	return take(ctx, t.ctx, t.datagrams)
}

func (t *transport) OpenStream(ctx context.Context) (page.Stream, error) {
	r1, w1 := io.Pipe()
	r2, w2 := io.Pipe()
	mine, theirs := stream{writer{w1}, reader{r2}}, stream{writer{w2}, reader{r1}}
	return mine, put[page.Stream](ctx, t.ctx, t.other.bidi, theirs)
}

func (t *transport) AcceptStream(ctx context.Context) (page.Stream, error) {
	return take(ctx, t.ctx, t.bidi)
}

func (t *transport) OpenUniStream(ctx context.Context) (page.SendStream, error) {
	r, w := io.Pipe()
	return writer{w}, put[page.ReceiveStream](ctx, t.ctx, t.other.uni, reader{r})
}

func (t *transport) AcceptUniStream(ctx context.Context) (page.ReceiveStream, error) {
	return take(ctx, t.ctx, t.uni)
}

type (
	writer struct{ *io.PipeWriter }
	reader struct{ *io.PipeReader }
	stream struct {
		writer
		reader
	}
)

func (w writer) CancelWrite(code uint32)    { _ = w.CloseWithError(&page.Reset{Code: code}) }
func (r reader) CancelRead(code uint32)     { _ = r.CloseWithError(&page.Reset{Code: code}) }
func (s stream) Close() error               { return s.writer.Close() }
func (s stream) Read(p []byte) (int, error) { return s.reader.Read(p) }

func put[T any](ctx, also context.Context, c chan<- T, v T) error {
	select {
	case c <- v:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-also.Done():
		return context.Cause(also)
	}
}

func take[T any](ctx, also context.Context, c <-chan T) (v T, err error) {
	select {
	case v = <-c:
		return v, nil
	case <-ctx.Done():
		return v, context.Cause(ctx)
	case <-also.Done():
		return v, context.Cause(also)
	}
}

package peerlink

import (
	"context"
	"errors"
	"sync"

	"github.com/kith-web/kith/internal/nearby/page"
	"github.com/kith-web/kith/internal/openscreen"
)

// conn is a page.Conn.
type conn struct {
	links   *Links
	device  string
	token   string
	t       *openscreen.Transport
	control *openscreen.Stream
	offers  chan *transport
	opened  chan *openscreen.DataChannel // by the other side
	wants   chan struct{}
	writing sync.Mutex // of control
	numbers *numbers
}

var _ page.Conn = (*conn)(nil)

// newConn makes a connection known, until its transport ends.
func (l *Links) newConn(t *openscreen.Transport, control *openscreen.Stream, device, token string, asked bool) *conn {
	c := &conn{
		links: l, device: device, token: token, t: t, control: control,
		offers: make(chan *transport, l.o.MaxOffers), wants: make(chan struct{}, l.o.MaxOffers),
		opened: make(chan *openscreen.DataChannel), numbers: newNumbers(asked),
	}
	key := device + " " + token
	l.mu.Lock()
	l.conns[key] = c
	l.mu.Unlock()
	context.AfterFunc(t.Context(), func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.conns[key] == c {
			delete(l.conns, key)
		}
	})
	go c.listen()
	go c.takeChannels()
	return c
}

// listen hears what the other side says on the first stream. When it ends, so
// does the connection.
func (c *conn) listen() {
	for {
		m, err := readMessage(c.control)
		if err != nil {
			_ = c.t.Close(codeDone, "")
			return
		}
		if m.Want {
			select {
			case c.wants <- struct{}{}:
			default: // it asks for more than may wait
			}
		}
	}
}

func (c *conn) Context() context.Context { return c.t.Context() }
func (c *conn) Close() error             { return c.t.Close(codeDone, "") }

func (c *conn) Want() error {
	c.writing.Lock()
	defer c.writing.Unlock()
	return writeMessage(c.control, message{Want: true})
}

func (c *conn) Wanted(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-c.wants:
		return nil
	}
}

func (c *conn) OpenChannel(ctx context.Context, label, protocol string, id int) (page.Channel, error) {
	id, err := c.numbers.take(id)
	if err != nil {
		return nil, err
	}
	ch, err := c.openChannel(ctx, openscreen.ChannelOptions{Label: label, Protocol: protocol, ID: id})
	if err != nil {
		c.numbers.give(id)
		return nil, err
	}
	return c.channel(ch), nil
}

func (c *conn) openChannel(ctx context.Context, o openscreen.ChannelOptions) (*openscreen.DataChannel, error) {
	s, err := c.t.OpenStream(ctx)
	if err != nil {
		return nil, err
	}
	ch, err := openscreen.OpenChannelOn(ctx, s, o)
	if err != nil {
		s.Abandon(codeBroken)
	}
	return ch, err
}

// channel is a channel whose number is free again when it is over.
func (c *conn) channel(ch *openscreen.DataChannel) channel {
	go func() {
		select {
		case <-ch.Done():
		case <-c.t.Done():
		}
		c.numbers.give(int(ch.ID()))
	}()
	return channel{ch}
}

func (c *conn) AcceptChannel(ctx context.Context) (page.Channel, error) {
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case ch := <-c.opened:
		return c.channel(ch), nil
	}
}

// takeChannels opens what the other side asks for. Several at once may be slow to
// say what they are, and hold up no other.
func (c *conn) takeChannels() {
	ctx := c.t.Context()
	pending := make(chan struct{}, c.links.o.MaxOffers)
	for {
		s, err := c.t.AcceptStream(ctx)
		if err != nil {
			return
		}
		select {
		case pending <- struct{}{}:
		case <-ctx.Done():
			return
		}
		go func() {
			defer func() { <-pending }()
			c.takeChannel(ctx, s)
		}()
	}
}

func (c *conn) takeChannel(ctx context.Context, s *openscreen.Stream) {
	ch, err := c.channelOn(ctx, s)
	if err != nil {
		s.Abandon(codeBroken)
		c.links.o.Log.Debug("a data channel was not opened", "device", c.device, "error", err)
		return
	}
	select {
	case c.opened <- ch:
	case <-ctx.Done():
	}
}

func (c *conn) channelOn(ctx context.Context, s *openscreen.Stream) (*openscreen.DataChannel, error) {
	ctx, cancel := context.WithTimeout(ctx, c.links.o.HelloTime)
	defer cancel()
	request, err := openscreen.AcceptChannelOn(ctx, s)
	if err != nil {
		return nil, err
	}
	id := int(request.ID)
	if _, err := c.numbers.take(id); err != nil {
		return nil, errors.Join(err, request.Reject())
	}
	ch, err := request.Accept()
	if err != nil {
		c.numbers.give(id)
	}
	return ch, err
}

func (c *conn) OpenTransport(ctx context.Context) (page.Transport, error) {
	t, err := c.links.o.Fabric.OpenTransport(ctx, c.device, TransportProtocol)
	if err != nil {
		return nil, err
	}
	out, err := c.offer(ctx, t)
	if err != nil {
		_ = t.Close(codeDone, "")
		return nil, because(t, err)
	}
	return out, nil
}

// offer says which connection a transport belongs to, and waits until it is taken.
func (c *conn) offer(ctx context.Context, t *openscreen.Transport) (*transport, error) {
	control, err := t.OpenStream(ctx)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { control.Abandon(codeDone) })
	defer stop()
	if err := writeMessage(control, message{Connection: c.token}); err != nil {
		return nil, err
	}
	if _, err := readMessage(control); err != nil {
		return nil, err
	}
	_ = control.Close()
	return newTransport(t, control), nil
}

func (c *conn) AcceptTransport(ctx context.Context) (page.Transport, error) {
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case t := <-c.offers:
		return t, nil
	}
}

// channel is a page.Channel.
type channel struct{ *openscreen.DataChannel }

func (c channel) ID() int { return int(c.DataChannel.ID()) }

func (c channel) Send(ctx context.Context, e page.Encoding, message []byte) error {
	return c.DataChannel.Send(ctx, openscreen.Encoding(e), message)
}

func (c channel) Receive(ctx context.Context) (page.Encoding, []byte, error) {
	e, message, err := c.DataChannel.Receive(ctx)
	return page.Encoding(e), message, err
}

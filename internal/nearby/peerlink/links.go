package peerlink

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/nearby/page"
	"github.com/kith-web/kith/internal/openscreen"
)

// The protocols of transports that are this package's.
const (
	// ConnectionProtocol is that of a connection between two apps.
	ConnectionProtocol = "lp2p/1"
	// TransportProtocol is that of an LP2PQuicTransport within a connection.
	TransportProtocol = "lp2p-transport/1"
)

// Defaults of Options.
const (
	DefaultMaxOffers = 16
	DefaultHelloTime = 10 * time.Second
)

// The codes that a transport is closed with before it carries anything.
const (
	codeDone   = 0
	codeBroken = 400
	codeNobody = 404
	codeBusy   = 429
)

// Fabric opens transports to devices that were authenticated.
type Fabric interface {
	OpenTransport(ctx context.Context, device, protocol string) (*openscreen.Transport, error)
}

// Usher is asked about a connection that comes in, as page.Server.Incoming is.
type Usher func(ctx context.Context, from page.Device, theirs page.Hello) (mine page.Hello, deliver func(page.Conn), err error)

// Options of Links. Fabric is required.
type Options struct {
	Fabric Fabric
	// Log gets what strangers do wrong, at debug level; nil discards it.
	Log *slog.Logger
	// MaxOffers is how many transports of a connection may wait to be taken.
	MaxOffers int
	// HelloTime is how long the other side may take to say who it is.
	HelloTime time.Duration
}

// Links are the connections of apps with other devices.
type Links struct {
	o     Options
	mu    sync.Mutex
	usher Usher
	conns map[string]*conn // by device and token
}

// New returns Links without an Usher: nothing comes in before Attend.
func New(o Options) (*Links, error) {
	if o.Fabric == nil {
		return nil, fault.New(fault.Internal, "nearby/peerlink: a fabric is needed")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.MaxOffers <= 0 {
		o.MaxOffers = DefaultMaxOffers
	}
	if o.HelloTime <= 0 {
		o.HelloTime = DefaultHelloTime
	}
	return &Links{o: o, conns: map[string]*conn{}}, nil
}

// Attend has u asked about connections that come in.
func (l *Links) Attend(u Usher) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.usher = u
}

var _ page.Network = (*Links)(nil)

// Connect implements page.Network.
func (l *Links) Connect(ctx context.Context, device string, mine page.Hello) (page.Conn, page.Hello, error) {
	t, err := l.o.Fabric.OpenTransport(ctx, device, ConnectionProtocol)
	if err != nil {
		return nil, page.Hello{}, err
	}
	c, theirs, err := l.greet(ctx, t, device, mine)
	if err != nil {
		_ = t.Close(codeDone, "")
		if closed := (*openscreen.TransportClosed)(nil); errors.As(err, &closed) && closed.Remote && closed.Code == codeNobody {
			err = page.ErrNobody
		}
		return nil, page.Hello{}, err
	}
	return c, theirs, nil
}

// greet says which app is meant, and waits for the other side's yes.
func (l *Links) greet(ctx context.Context, t *openscreen.Transport, device string, mine page.Hello) (*conn, page.Hello, error) {
	control, err := t.OpenStream(ctx)
	if err != nil {
		return nil, page.Hello{}, because(t, err)
	}
	stop := context.AfterFunc(ctx, func() { control.Abandon(codeDone) })
	defer stop()
	token := rand.Text()
	if err := writeMessage(control, message{App: mine.App, Nickname: mine.Nickname, Connection: token}); err != nil {
		return nil, page.Hello{}, because(t, err)
	}
	m, err := readMessage(control)
	if err != nil {
		if ctx.Err() != nil {
			return nil, page.Hello{}, context.Cause(ctx)
		}
		return nil, page.Hello{}, because(t, err)
	}
	if m.App != mine.App {
		return nil, page.Hello{}, fault.New(fault.Corrupt, "another app answered")
	}
	return l.newConn(t, control, device, token, true), page.Hello{App: m.App, Nickname: m.Nickname}, nil
}

// endTime is how long the news that a transport was closed may be behind that of
// its streams.
const endTime = time.Second

// because prefers how the transport ended to what a stream says of it.
func because(t *openscreen.Transport, err error) error {
	late := time.NewTimer(endTime)
	defer late.Stop()
	select {
	case <-t.Done():
		return t.Err()
	case <-late.C:
		return err
	}
}

// Serve takes a transport that a device opened, of one of the two protocols, and
// returns when it is over.
func (l *Links) Serve(ctx context.Context, from page.Device, t *openscreen.Transport) {
	var err error
	switch t.Protocol() {
	case ConnectionProtocol:
		err = l.serveConnection(ctx, from, t)
	case TransportProtocol:
		err = l.serveTransport(ctx, from, t)
	default:
		err = fault.New(fault.Unsupported, "the protocol %.50q is not one of apps", t.Protocol())
	}
	if err == nil {
		<-t.Context().Done()
		return
	}
	code, reason := uint32(codeBroken), "refused"
	switch {
	case errors.Is(err, page.ErrNobody):
		code, reason = codeNobody, "nobody"
	case fault.KindOf(err) == fault.RateLimited:
		code, reason = codeBusy, "busy"
	}
	l.o.Log.Debug("a device was not connected", "device", from.ID, "error", err)
	_ = t.Close(code, reason)
}

func (l *Links) serveConnection(ctx context.Context, from page.Device, t *openscreen.Transport) error {
	control, m, err := l.hello(ctx, t)
	if err != nil {
		return err
	}
	l.mu.Lock()
	usher := l.usher
	l.mu.Unlock()
	if usher == nil || m.App == "" || m.Connection == "" {
		return page.ErrNobody
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(t.Context(), func() { cancel(context.Cause(t.Context())) })()
	mine, deliver, err := usher(ctx, from, page.Hello{App: m.App, Nickname: m.Nickname})
	if err != nil {
		return err
	}
	c := l.newConn(t, control, from.ID, m.Connection, false)
	if err := writeMessage(control, message{App: m.App, Nickname: mine.Nickname}); err != nil {
		return err
	}
	deliver(c)
	return nil
}

func (l *Links) serveTransport(ctx context.Context, from page.Device, t *openscreen.Transport) error {
	control, m, err := l.hello(ctx, t)
	if err != nil {
		return err
	}
	l.mu.Lock()
	c := l.conns[from.ID+" "+m.Connection]
	l.mu.Unlock()
	if c == nil {
		return page.ErrNobody
	}
	select {
	case c.offers <- newTransport(t, control):
		return nil
	default:
		return fault.New(fault.RateLimited, "%d transports wait to be taken already", cap(c.offers))
	}
}

// hello reads what the first stream of a transport begins with.
func (l *Links) hello(ctx context.Context, t *openscreen.Transport) (*openscreen.Stream, message, error) {
	ctx, cancel := context.WithTimeout(ctx, l.o.HelloTime)
	defer cancel()
	control, err := t.AcceptStream(ctx)
	if err != nil {
		return nil, message{}, err
	}
	stop := context.AfterFunc(ctx, func() { control.CancelRead(codeBroken) })
	defer stop()
	m, err := readMessage(control)
	return control, m, err
}

package door

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/fault"
)

// Defaults of Options.
const (
	// DefaultHandshake is how long a handshake may take.
	DefaultHandshake = 10 * time.Second
	// DefaultMaxPending is how many clients may be on their way in.
	DefaultMaxPending = 64
	// bufferSize is how much one system call reads or writes at most.
	bufferSize = 256 << 10
)

// Fingerprint is the SHA-256 of a certificate's SubjectPublicKeyInfo.
type Fingerprint = [32]byte

// Handler takes a connection of a protocol. The peer proved that it has the key
// of the fingerprint; whether it may come in is the handler's to say. The
// handler closes the connection. It returns when it knows whether it takes it.
type Handler func(conn *Conn)

// Options of a Door.
type Options struct {
	// Certificate of this device.
	Certificate tls.Certificate
	// Listen is host:port; when the port is taken, any other is used.
	Listen string
	// Log gets what goes wrong with strangers, at debug level.
	Log *slog.Logger
	// Handshake bounds a handshake, MaxPending how many clients there may be at
	// once that no handler took yet.
	Handshake  time.Duration
	MaxPending int
}

// Door listens, and knows for which protocols.
type Door struct {
	o        Options
	listener net.Listener
	pending  chan struct{}
	wait     sync.WaitGroup

	mu       sync.Mutex
	handlers map[string]Handler
	open     map[net.Conn]bool // in handshakes; nil when the door is closed
}

// Listen opens a door.
func Listen(o Options) (*Door, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Handshake <= 0 {
		o.Handshake = DefaultHandshake
	}
	if o.MaxPending <= 0 {
		o.MaxPending = DefaultMaxPending
	}
	listener := net.ListenConfig{KeepAliveConfig: alive()}
	l, err := listener.Listen(context.Background(), "tcp", o.Listen)
	if err != nil {
		host, _, splitErr := net.SplitHostPort(o.Listen)
		if splitErr != nil {
			return nil, fault.New(fault.Invalid, "cannot listen on %q: %w", o.Listen, splitErr)
		}
		if l, err = listener.Listen(context.Background(), "tcp", net.JoinHostPort(host, "0")); err != nil {
			return nil, err
		}
	}
	d := &Door{
		o: o, listener: l, pending: make(chan struct{}, o.MaxPending),
		handlers: map[string]Handler{}, open: map[net.Conn]bool{},
	}
	d.wait.Go(d.accept)
	return d, nil
}

// Port is the TCP port that is open.
func (d *Door) Port() int { return d.listener.Addr().(*net.TCPAddr).Port }

// Handle has h take connections of a protocol from now on.
func (d *Door) Handle(protocol string, h Handler) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.handlers[protocol] = h
}

// Close closes the port and waits for the handlers, which end when what they
// serve ends.
func (d *Door) Close() error {
	err := d.listener.Close()
	d.mu.Lock()
	for c := range d.open {
		_ = c.Close()
	}
	d.open = nil
	d.mu.Unlock()
	d.wait.Wait()
	return err
}

func (d *Door) accept() {
	for {
		c, err := d.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of descriptors, say
			time.Sleep(10 * time.Millisecond)
			continue
		}
		select {
		case d.pending <- struct{}{}:
			d.wait.Go(func() { d.serve(c) })
		default:
			_ = c.Close()
		}
	}
}

// serve shakes hands with one client. It has its place among those under way
// until a handler took it: before that, it may be anybody.
func (d *Door) serve(raw net.Conn) {
	defer func() { <-d.pending }()
	conn, err := d.handshake(raw)
	if err != nil {
		_ = raw.Close()
		d.o.Log.Debug("a client did not come in", "from", raw.RemoteAddr(), "error", err)
		return
	}
	d.mu.Lock()
	h := d.handlers[conn.Protocol()]
	d.mu.Unlock()
	if h == nil {
		_ = conn.Close()
		return
	}
	h(conn)
}

func (d *Door) handshake(raw net.Conn) (*Conn, error) {
	d.mu.Lock()
	if d.open == nil {
		d.mu.Unlock()
		return nil, net.ErrClosed
	}
	d.open[raw] = true
	protocols := make([]string, 0, len(d.handlers))
	for p := range d.handlers {
		protocols = append(protocols, p)
	}
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.open, raw)
	}()
	config := base(d.o.Certificate)
	config.NextProtos, config.ClientAuth = protocols, tls.RequireAnyClientCert
	ctx, cancel := context.WithTimeout(context.Background(), d.o.Handshake)
	defer cancel()
	b := &buffered{Conn: raw, r: bufio.NewReaderSize(raw, bufferSize)}
	return finish(ctx, tls.Server(b, config), b)
}

// base is what both sides of a connection agree on.
func base(cert tls.Certificate) *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{cert},
		MinVersion:   tls.VersionTLS13,
		// Nobody signs an agent's certificate; the fingerprint is compared.
		InsecureSkipVerify:          true, //nolint:gosec // see finish and Dial
		SessionTicketsDisabled:      true,
		DynamicRecordSizingDisabled: true,
	}
}

// alive notices within half a minute that a device behind a silent connection is
// gone.
func alive() net.KeepAliveConfig {
	return net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 4}
}

// Dial connects to the door of another device, which must have the fingerprint.
func Dial(ctx context.Context, addr, protocol string, cert tls.Certificate, want Fingerprint) (*Conn, error) {
	dialer := net.Dialer{KeepAliveConfig: alive()}
	raw, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	config := base(cert)
	config.NextProtos = []string{protocol}
	config.ServerName = "kith.invalid"
	config.VerifyConnection = func(s tls.ConnectionState) error {
		if got, err := fingerprint(s); err != nil || got != want {
			return fault.New(fault.Forbidden, "the device at %s is not the one that was expected", addr).
				WithHint("another device has its address now, or somebody pretends; pair again if you trust it")
		}
		return nil
	}
	b := &buffered{Conn: raw, r: bufio.NewReaderSize(raw, bufferSize)}
	c, err := finish(ctx, tls.Client(b, config), b)
	if err != nil {
		_ = raw.Close()
		return nil, err
	}
	if c.Protocol() != protocol {
		_ = c.Close()
		return nil, fault.New(fault.Unsupported, "the device at %s does not speak %s", addr, protocol)
	}
	return c, nil
}

func finish(ctx context.Context, c *tls.Conn, b *buffered) (*Conn, error) {
	if err := c.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	peer, err := fingerprint(c.ConnectionState())
	if err != nil {
		return nil, err
	}
	return &Conn{Conn: c, peer: peer, buffered: b}, nil
}

func fingerprint(s tls.ConnectionState) (Fingerprint, error) {
	if len(s.PeerCertificates) == 0 {
		return Fingerprint{}, errors.New("the peer sent no certificate")
	}
	return Of(s.PeerCertificates[0]), nil
}

// Of is the fingerprint of a certificate.
func Of(c *x509.Certificate) Fingerprint { return sha256.Sum256(c.RawSubjectPublicKeyInfo) }

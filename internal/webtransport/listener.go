package webtransport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/quic-go/webtransport-go"

	"github.com/kith-web/kith/internal/fault"
)

// How the QUIC connections are set up: peers send little and take much; a tab in
// the background is kept alive.
const (
	quicIdle      = 75 * time.Second
	quicKeepAlive = 20 * time.Second
	streamWindow  = 1 << 20
	connWindow    = 4 << 20
	spareStreams  = 4 // beside a session's: its own, and HTTP/3's
	maxHeader     = 8 << 10
)

// Codes of HTTP/3 (RFC 9114 §8.1) that connections end with.
const (
	codeNoError       = 0x100
	codeExcessiveLoad = 0x107
)

// Receiver takes a connection of a swarm, or returns false when it does not know
// the swarm. It must return soon; the connection is its own from then on.
type Receiver func(swarm [20]byte, c net.Conn) bool

// Listener accepts peers over WebTransport.
type Listener struct {
	o         Options
	certs     *certs
	guard     *guard
	addr      *net.UDPAddr
	transport *quic.Transport
	listener  *quic.EarlyListener
	server    *webtransport.Server
	stop      context.CancelFunc
	ctx       context.Context //nolint:containedctx // ends what runs in the background, at Close
	work      sync.WaitGroup

	mu        sync.RWMutex
	receivers []Receiver

	conns atomic.Int64 // streams that receivers have
	close func() error
}

// New listens and serves until Close. Streams that come before a receiver was
// registered are refused.
func New(o Options) (*Listener, error) {
	o = o.withDefaults()
	certs, err := newCerts(o.Store, o.Now)
	if err != nil {
		return nil, err
	}
	l := &Listener{o: o, certs: certs, guard: newGuard(o)}
	at, err := net.ResolveUDPAddr("udp", o.Listen)
	if err != nil {
		return nil, fault.New(fault.Invalid, "cannot listen for browsers at %q: %w", o.Listen, err).WithHint("use host:port, such as :5486")
	}
	socket, err := net.ListenUDP("udp", at)
	if err != nil {
		return nil, fault.New(fault.InUse, "cannot listen for browsers at %q: %w", o.Listen, err)
	}
	l.addr, _ = socket.LocalAddr().(*net.UDPAddr)
	l.ctx, l.stop = context.WithCancel(context.Background())
	l.transport = &quic.Transport{Conn: socket, VerifySourceAddress: func(net.Addr) bool { return l.guard.crowded() }}
	l.listener, err = l.transport.ListenEarly(l.tls(), l.quic())
	if err != nil {
		l.stop()
		return nil, errors.Join(fmt.Errorf("listen for browsers: %w", err), socket.Close())
	}
	l.close = sync.OnceValue(l.shut)
	l.serve()
	return l, nil
}

func (l *Listener) tls() *tls.Config {
	return &tls.Config{GetCertificate: l.certs.get, MinVersion: tls.VersionTLS13, NextProtos: []string{http3.NextProtoH3}}
}

func (l *Listener) quic() *quic.Config {
	c := &quic.Config{
		HandshakeIdleTimeout: l.o.HandshakeTime, MaxIdleTimeout: quicIdle, KeepAlivePeriod: quicKeepAlive,
		MaxIncomingStreams: int64(l.o.MaxStreams + spareStreams), MaxIncomingUniStreams: spareStreams,
		InitialStreamReceiveWindow: streamWindow / 4, MaxStreamReceiveWindow: streamWindow,
		InitialConnectionReceiveWindow: connWindow / 4, MaxConnectionReceiveWindow: connWindow,
		EnableDatagrams: true, EnableStreamResetPartialDelivery: true,
	}
	with := c.Clone()
	c.GetConfigForClient = func(info *quic.ClientInfo) (*quic.Config, error) {
		if l.guard.full(info.RemoteAddr) {
			return nil, errors.New("too many connections")
		}
		return with, nil
	}
	return c
}

// serve starts the HTTP/3 server and the loop that accepts connections.
func (l *Listener) serve() {
	mux := http.NewServeMux()
	l.server = &webtransport.Server{
		H3: &http3.Server{
			Handler: mux, EnableDatagrams: true, MaxHeaderBytes: maxHeader, IdleTimeout: quicIdle,
			ConnContext: l.connContext,
		},
		ReorderingTimeout: l.o.HandshakeTime,
		CheckOrigin:       func(*http.Request) bool { return true }, // what peers get is public
	}
	webtransport.ConfigureHTTP3Server(l.server.H3)
	mux.HandleFunc(Path, l.handle)
	l.work.Go(func() {
		for {
			c, err := l.listener.Accept(l.ctx)
			if err != nil {
				return
			}
			l.work.Go(func() { l.admit(c) })
		}
	})
}

// Receive registers a receiver. Those registered first are asked first.
func (l *Listener) Receive(r Receiver) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.receivers = append(l.receivers, r)
}

// Addr is where the Listener listens.
func (l *Listener) Addr() net.Addr { return l.addr }

// Conns is how many connections are with receivers now.
func (l *Listener) Conns() int { return int(l.conns.Load()) }

// Close ends everything. Further calls do nothing.
func (l *Listener) Close() error { return l.close() }

func (l *Listener) shut() error {
	l.stop()
	err := errors.Join(l.listener.Close(), l.server.Close(), l.transport.Close(), l.transport.Conn.Close())
	l.work.Wait()
	return err
}

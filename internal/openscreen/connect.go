package openscreen

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/kith-web/kith/internal/fault"
)

// alpn is the protocol of TLS's negotiation (network protocol, "TLS 1.3").
const alpn = "osp"

// dialStagger is how long an address may keep the next one from being tried.
const dialStagger = 150 * time.Millisecond

// refusalWait is how long an impostor may take to be told.
const refusalWait = time.Second

// listen opens the socket for sessions of both directions.
func (a *Agent) listen() error {
	var addr *net.UDPAddr
	if a.o.Listen.IsValid() {
		addr = net.UDPAddrFromAddrPort(a.o.Listen)
	}
	udp, err := net.ListenUDP("udp", addr)
	if err != nil {
		return fault.New(fault.InUse, "cannot listen on UDP %v: %w", a.o.Listen, err)
	}
	a.udp = udp
	a.transport = &quic.Transport{Conn: udp, VerifySourceAddress: func(net.Addr) bool { return a.busy() }}
	a.listener, err = a.transport.Listen(a.tlsConfig(), a.quicConfig())
	if err != nil {
		return errors.Join(fmt.Errorf("listen for QUIC: %w", err), udp.Close())
	}
	return nil
}

// busy reports whether so many sessions are open that newcomers have to prove
// their address.
func (a *Agent) busy() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.sessions) > a.o.Limits.Strangers/2
}

// tlsConfig is TLS 1.3 with a certificate of each side and nothing resumed. Whose
// certificate it is is decided behind the handshake, where a refusal can be told.
func (a *Agent) tlsConfig() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		NextProtos: []string{alpn},
		ClientAuth: tls.RequireAnyClientCert,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			c := a.Certificate()
			return &c, nil
		},
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			c := a.Certificate()
			return &c, nil
		},
		InsecureSkipVerify:     true, // there is no authority: see VerifyConnection and Dial
		SessionTicketsDisabled: true,
		VerifyConnection: func(cs tls.ConnectionState) error {
			_, err := checkCertificate(cs.PeerCertificates)
			return err
		},
	}
}

func (a *Agent) quicConfig() *quic.Config {
	l := a.o.Limits
	return &quic.Config{
		HandshakeIdleTimeout:           l.Handshake,
		MaxIdleTimeout:                 l.Idle,
		InitialStreamReceiveWindow:     min(firstWindow, l.StreamWindow),
		MaxStreamReceiveWindow:         l.StreamWindow,
		InitialConnectionReceiveWindow: min(firstWindow, l.SessionWindow),
		MaxConnectionReceiveWindow:     l.SessionWindow,
		MaxIncomingStreams:             int64(l.Streams),
		MaxIncomingUniStreams:          int64(l.Streams),
		EnableDatagrams:                true,
		AllowConnectionWindowIncrease: func(c *quic.Conn, _ uint64) bool {
			_, ok := a.trusted.Load(c)
			return ok
		},
	}
}

// acceptLoop takes what comes in.
func (a *Agent) acceptLoop() {
	for {
		conn, err := a.listener.Accept(a.ctx)
		if err != nil {
			return
		}
		a.work.Go(func() { a.welcome(conn) })
	}
}

// welcome brings a session that was opened to this agent to where it can be
// accepted.
func (a *Agent) welcome(conn *quic.Conn) {
	s, err := newSession(a, conn, Device{}, false)
	if err != nil {
		a.log.Info("a session was refused", "peer", conn.RemoteAddr(), "error", err)
		return
	}
	ctx, cancel := context.WithTimeout(a.ctx, a.o.Limits.Handshake)
	defer cancel()
	if err := s.begin(ctx); err != nil {
		a.log.Info("a session did not begin", "peer", conn.RemoteAddr(), "error", err)
		return
	}
	if !a.accepted.push(s) {
		s.close(CloseTooMany, "nobody takes sessions here")
	}
}

// Dial connects to a device and exchanges agent-info. It fails with kind
// Forbidden when the device does not hold the key of its fingerprint, and is
// done with whether or not the session is authenticated: see
// [Session.Authenticated]. A device need not come from announcements: its
// Fingerprint and one of Addrs suffice to reach one that is known.
func (a *Agent) Dial(ctx context.Context, d Device) (*Session, error) {
	switch {
	case d.Fingerprint.IsZero():
		return nil, fault.New(fault.Invalid, "device %q has no fingerprint to hold it to", d.Name)
	case d.Fingerprint == a.fp:
		return nil, fault.New(fault.Conflict, "device %q is this one", d.Name)
	case len(d.Addrs) == 0:
		return nil, fault.New(fault.Unreachable, "no address of device %q is known", d.Name)
	}
	ctx, cancel := context.WithTimeout(ctx, a.o.Limits.Handshake)
	defer cancel()
	conn, err := a.dialAny(ctx, d)
	if err != nil {
		return nil, fault.New(fault.Unreachable, "cannot reach %q: %w", d.Name, err).
			WithHint("see that both devices are on one network, and that the network lets devices talk to each other")
	}
	if err := a.holdTo(conn, d); err != nil {
		return nil, err
	}
	s, err := newSession(a, conn, d, true)
	if err != nil {
		return nil, err
	}
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// dialAny tries the addresses of a device, a moment apart, and takes the first
// that answers.
func (a *Agent) dialAny(ctx context.Context, d Device) (*quic.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		conn *quic.Conn
		err  error
	}
	addrs := d.Addrs[:min(len(d.Addrs), 8)]
	results := make(chan result, len(addrs))
	next := time.NewTimer(0)
	defer next.Stop()
	var errs []error
	for begun := 0; ; {
		select {
		case <-next.C:
			if begun < len(addrs) {
				addr := addrs[begun]
				begun++
				go func() {
					conn, err := a.dialOne(ctx, addr, d)
					results <- result{conn, err}
				}()
				next.Reset(dialStagger)
			}
		case r := <-results:
			if r.err == nil {
				pending := begun - len(errs) - 1
				go func() { // the others lost the race
					for range pending {
						if late := <-results; late.err == nil {
							_ = late.conn.CloseWithError(quic.ApplicationErrorCode(CloseNormal), "") // nobody uses it
						}
					}
				}()
				return r.conn, nil
			}
			if errs = append(errs, r.err); len(errs) == len(addrs) {
				return nil, errors.Join(errs...)
			}
			next.Reset(0)
		}
	}
}

func (a *Agent) dialOne(ctx context.Context, addr netip.AddrPort, d Device) (*quic.Conn, error) {
	cfg := a.tlsConfig()
	cfg.ServerName = agentHostname(d.Serial, d.Instance)
	if d.Serial == "" {
		cfg.ServerName = "unknown." + domain
	}
	conn, err := a.transport.Dial(ctx, net.UDPAddrFromAddrPort(addr), cfg, a.quicConfig())
	if err != nil {
		return nil, fmt.Errorf("%v: %w", addr, err)
	}
	return conn, nil
}

// holdTo ends a connection whose peer is not the device that it was meant for,
// and tells both sides.
func (a *Agent) holdTo(conn *quic.Conn, d Device) error {
	c, err := checkCertificate(conn.ConnectionState().TLS.PeerCertificates)
	if err == nil && FingerprintOf(c) == d.Fingerprint {
		return nil
	}
	var shown Fingerprint
	if err == nil {
		shown = FingerprintOf(c)
	}
	// A close that comes with the end of the handshake may reach nobody there: its
	// first stream shows that the connection was taken up.
	ctx, cancel := context.WithTimeout(conn.Context(), refusalWait)
	defer cancel()
	_, _ = conn.AcceptUniStream(ctx) // whatever it is, it is not looked at
	_ = conn.CloseWithError(quic.ApplicationErrorCode(CloseImpostor), "the certificate is not of the announced fingerprint")
	a.refused(Refusal{Reason: Impostor, Claimed: d.Fingerprint, Shown: shown, Addr: conn.RemoteAddr().String(), Outgoing: true})
	return errImpostor
}

func (a *Agent) refused(r Refusal) {
	a.log.Warn("a device was turned away", "reason", r.Reason, "claimed", r.Claimed, "shown", r.Shown, "addr", r.Addr)
	a.o.Refused(r)
}

// addrPort turns an address of the net package around, 4-in-6 taken out.
func addrPort(addr net.Addr) netip.AddrPort {
	u, ok := addr.(*net.UDPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := u.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

package openscreen

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/openscreen/wire"
)

// Session is a connection with another agent. Its methods may be called at any
// time from anywhere.
type Session struct {
	agent    *Agent
	conn     *quic.Conn
	outgoing bool
	device   Device // what was dialled
	peer     Fingerprint
	cert     *x509.Certificate
	knew     bool // the peer was authenticated before
	log      *slog.Logger

	recognized bool // that authenticated it; set before auth.done is closed

	nextID atomic.Uint64
	hello  hello
	auth   authState
	done   chan struct{}

	channels   channelTable
	transports transportTable

	mu   sync.Mutex
	info wire.AgentInfo
	err  error
}

// hello is what both sides tell each other first.
type hello struct {
	mu        sync.Mutex
	info      bool
	caps      *wire.AuthCapabilities
	known     *bool // the peer's Recognition
	announced bool  // ours was sent
	over      bool  // ready is closed
	ready     chan struct{}
}

func newSession(a *Agent, conn *quic.Conn, d Device, outgoing bool) (*Session, error) {
	cert, err := checkCertificate(conn.ConnectionState().TLS.PeerCertificates)
	if err != nil {
		_ = conn.CloseWithError(quic.ApplicationErrorCode(CloseMalformed), err.Error()) // the error says it
		return nil, err
	}
	s := &Session{agent: a, conn: conn, outgoing: outgoing, device: d, cert: cert, peer: FingerprintOf(cert), knew: a.o.Known(FingerprintOf(cert)), done: make(chan struct{})}
	s.log = a.log.With("peer", s.peer.String(), "addr", conn.RemoteAddr().String())
	s.hello.ready = make(chan struct{})
	s.auth = newAuthState()
	s.channels = newChannelTable(a.o.Limits.Channels)
	s.transports = newTransportTable(a.o.Limits.Transports)
	if !a.enroll(s, !s.knew) {
		_ = conn.CloseWithError(quic.ApplicationErrorCode(CloseTooMany), "too many sessions")
		return nil, fault.New(fault.RateLimited, "too many sessions at once")
	}
	a.work.Go(s.watch)
	a.work.Go(s.receiveUni)
	return s, nil
}

// begin exchanges what both sides have to know before anything else, and starts
// what goes on besides.
func (s *Session) begin(ctx context.Context) error {
	o := s.agent.o
	methods := []uint64{0}
	if o.Scans {
		methods = append(methods, 1)
	}
	err := s.send(&wire.AuthCapabilities{Ease: uint64(o.Ease), Methods: methods, Bits: uint64(o.CodeBits)},
		&wire.InfoRequest{ID: s.nextID.Add(1)})
	if err != nil {
		s.close(CloseNormal, "")
		return err
	}
	select {
	case <-s.hello.ready:
	case <-s.done:
		return authError(s.Err())
	case <-ctx.Done():
		s.close(CloseNormal, "no agent-info came")
		return fault.New(fault.Unreachable, "the device did not introduce itself in time")
	}
	s.hello.mu.Lock()
	mutual := s.hello.known == nil || *s.hello.known
	s.hello.mu.Unlock()
	switch {
	case mutual && s.knew && !o.Known(s.peer): // it took its time, and was forgotten
		s.close(CloseNormal, "forgotten")
		return fault.New(fault.Unauthorized, "the device was forgotten while it introduced itself")
	case mutual && s.knew:
		s.recognized = true
		s.nowAuthenticated()
	default:
		s.agent.work.Go(s.authenticateLoop)
	}
	s.agent.work.Go(s.keepAlive)
	return nil
}

// Peer is whom the session is with: the peer has proven to hold this key.
// Whether the key belongs to whom people think is said by Authenticated.
func (s *Session) Peer() Fingerprint { return s.peer }

// PeerCertificate is the certificate of the peer.
func (s *Session) PeerCertificate() *x509.Certificate { return s.cert }

// Info is the newest agent-info of the peer.
func (s *Session) Info() Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Info{
		DisplayName: printable(s.info.DisplayName), Model: printable(s.info.Model),
		Capabilities: s.info.Capabilities, StateToken: s.info.StateToken, Locales: s.info.Locales,
	}
}

// Recognized reports whether the session is authenticated because both sides knew
// each other from before. Whoever keeps a list of peers does not enter one for it:
// the peer may have been taken off that list meanwhile.
func (s *Session) Recognized() bool { return s.Authenticated() && s.recognized }

// Outgoing reports whether this agent opened the session.
func (s *Session) Outgoing() bool { return s.outgoing }

// RemoteAddr is where the peer is.
func (s *Session) RemoteAddr() netip.AddrPort { return addrPort(s.conn.RemoteAddr()) }

// LocalAddr is the address that the peer talks to; unspecified when the system
// does not say.
func (s *Session) LocalAddr() netip.AddrPort { return addrPort(s.conn.LocalAddr()) }

// Done is closed when the session has ended; Err then says why.
func (s *Session) Done() <-chan struct{} { return s.done }

// Err is nil while the session lasts, and after that what ended it: a
// [*ClosedError] when a side closed it.
func (s *Session) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Close ends the session and all that it carries. The peer learns code and
// reason.
func (s *Session) Close(code CloseCode, reason string) error {
	ctx, cancel := context.WithTimeout(context.Background(), settleTime)
	defer cancel()
	s.settle(ctx)
	s.close(code, reason)
	<-s.done
	return nil
}

func (s *Session) close(code CloseCode, reason string) {
	_ = s.conn.CloseWithError(quic.ApplicationErrorCode(code), reason) // it only says that it is closed already
}

// watch ends the session when its connection does.
func (s *Session) watch() {
	<-s.conn.Context().Done()
	err := ended(context.Cause(s.conn.Context()))
	s.mu.Lock()
	s.err = err
	s.mu.Unlock()
	s.channels.close(err)
	s.transports.close(err)
	s.agent.forget(s)
	close(s.done)
	var closed *ClosedError
	if errors.As(err, &closed) && closed.Remote {
		switch closed.Code {
		case CloseImpostor:
			s.agent.refused(Refusal{Reason: Disowned, Claimed: s.agent.fp, Shown: s.agent.fp, Addr: s.RemoteAddr().String(), Outgoing: s.outgoing})
		case CloseLockedOut:
			s.log.Warn("this agent is locked out", "reason", closed.Reason)
		}
	}
	s.log.Debug("session ended", "error", err)
}

// keepAlive sends agent-status requests, so that a session in use does not end
// for want of words (application protocol, "agent-status").
func (s *Session) keepAlive() {
	tick := time.NewTicker(s.agent.o.Limits.Idle * 2 / 5)
	defer tick.Stop()
	stranger := time.NewTimer(s.agent.o.Limits.Handshake + 2*s.agent.o.Limits.Code)
	defer stranger.Stop()
	for {
		select {
		case <-s.done:
			return
		case <-stranger.C:
			if !s.Authenticated() {
				s.close(CloseIdle, "nobody authenticated this session")
			}
		case <-tick.C:
			if err := s.send(&wire.StatusRequest{ID: s.nextID.Add(1)}); err != nil {
				s.log.Debug("no agent-status was sent", "error", err)
			}
		}
	}
}

// tellInfo sends an agent-info event.
func (s *Session) tellInfo() {
	if err := s.send(&wire.InfoEvent{Info: s.agent.info()}); err != nil {
		s.log.Debug("no agent-info was sent", "error", err)
	}
}

// send writes messages, in this order, to a stream of their own.
func (s *Session) send(messages ...any) error {
	var data []byte
	for _, m := range messages {
		var err error
		if data, err = s.agent.codec.Append(data, m); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(s.conn.Context(), sendTimeout)
	defer cancel()
	stream, err := s.conn.OpenUniStreamSync(ctx)
	if err != nil {
		return s.explain(err)
	}
	if err := stream.SetWriteDeadline(time.Now().Add(sendTimeout)); err != nil {
		return s.explain(err)
	}
	if _, err := stream.Write(data); err != nil {
		stream.CancelWrite(0)
		return s.explain(err)
	}
	return s.explain(stream.Close())
}

// explain prefers the reason for the end of a session to what it causes.
func (s *Session) explain(err error) error {
	if err == nil {
		return nil
	}
	if cause := context.Cause(s.conn.Context()); cause != nil {
		return ended(cause)
	}
	return err
}

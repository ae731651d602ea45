package relay

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/relay/guard"
	"github.com/kith-web/kith/internal/relay/tracker"
	"github.com/kith-web/kith/internal/relay/turn"
)

// Server is a relay with its sockets open.
type Server struct {
	o       Options
	start   time.Time
	tracker *tracker.Tracker
	turn    *turn.Server // nil without STUN
	turnTLS netip.AddrPort
	conns   *guard.Count
	iceRate *guard.Rate

	tcp     net.Listener
	udp     *net.UDPConn // nil without the UDP tracker
	metrics net.Listener // nil when off
}

// New opens the sockets of a relay. Run serves on them, and closes them.
func New(o Options) (s *Server, err error) {
	if o, err = o.withDefaults(); err != nil {
		return nil, err
	}
	s = &Server{
		o: o, start: time.Now(),
		conns:   guard.NewCount(0, o.MaxConns),
		iceRate: guard.NewRate(guard.Limit{PerSecond: 0.5, Burst: 30}),
	}
	defer func() {
		if err != nil {
			s.close()
			s = nil
		}
	}()
	if o.Tracker.Secret, err = o.secret("udp"); err != nil {
		return s, err
	}
	if s.tracker, err = tracker.New(o.Tracker); err != nil {
		return s, err
	}
	if err = s.load(); err != nil {
		return s, err
	}
	l, err := o.listenTCP(o.Listen)
	if err != nil {
		return s, err
	}
	s.tcp = &guarded{Listener: l, each: guard.NewCount(o.MaxConnsPerAddress, 0), all: s.conns, trusted: o.Trusted}
	if err = s.listenTracker(); err != nil {
		return s, err
	}
	if err = s.listenTURN(); err != nil {
		return s, err
	}
	if o.Metrics != Off {
		s.metrics, err = o.listenTCP(o.Metrics)
	}
	return s, err
}

func (s *Server) listenTracker() (err error) {
	at := s.o.UDP
	if at == Off {
		return nil
	}
	if at == "" {
		at = s.o.Listen
	}
	s.udp, err = s.o.listenUDP(at)
	return err
}

func (s *Server) listenTURN() error {
	o := s.o.Relay
	if s.o.TURN == Off {
		if o.PublicIP.IsValid() {
			return fault.New(fault.Invalid, "a public address for TURN is given, but no address to listen on").
				WithHint("give one, such as --turn 0.0.0.0:3478")
		}
		return nil
	}
	secret, err := s.o.secret("turn")
	if err != nil {
		return err
	}
	if len(o.Secret) == 0 {
		o.Secret = secret
	}
	conn, err := s.o.listenUDP(s.o.TURN)
	if err != nil {
		return err
	}
	o.Conn = conn
	if o.PublicIP.IsValid() {
		err = s.listenStreams(&o)
	}
	if err == nil {
		s.turn, err = turn.New(o)
	}
	if err == nil {
		return nil
	}
	errs := []error{err, conn.Close()}
	for _, l := range []net.Listener{o.TCP, o.TLS} {
		if l != nil {
			errs = append(errs, l.Close())
		}
	}
	return errors.Join(errs...)
}

// listenStreams opens TURN's TCP port, which is that of UDP, and that of TLS.
func (s *Server) listenStreams(o *turn.Options) (err error) {
	if o.TCP, err = s.o.listenTCP(o.Conn.LocalAddr().String()); err != nil {
		return err
	}
	if s.o.TURNTLS == Off {
		return nil
	}
	l, err := s.o.listenTCP(s.o.TURNTLS)
	if err == nil {
		s.turnTLS = l.Addr().(*net.TCPAddr).AddrPort()
		o.TLS = tls.NewListener(l, s.o.TLS)
	}
	return err
}

// secret derives the secret of one service from that of the relay.
func (o *Options) secret(service string) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, o.Secret, nil, "kith relay v1 "+service, 32)
	if err != nil {
		return nil, fmt.Errorf("derive a secret: %w", err)
	}
	return key, nil
}

// close closes what New opened, for when it could not open all.
func (s *Server) close() {
	var errs []error
	if s.tcp != nil {
		errs = append(errs, s.tcp.Close())
	}
	if s.udp != nil {
		errs = append(errs, s.udp.Close())
	}
	if s.turn != nil {
		errs = append(errs, s.turn.Close())
	}
	if err := errors.Join(errs...); err != nil {
		s.o.Log.Debug("cannot close", "error", err)
	}
}

// Tracker is the relay's tracker.
func (s *Server) Tracker() *tracker.Tracker { return s.tracker }

// URLs are where the relay is reached, by service: "http" (tracker), "ws"
// (tracker), "udp" (tracker), "stun", "turn", "turns", "metrics". Addresses are those
// listened on.
func (s *Server) URLs() map[string]string {
	web, ws := "http://", "ws://"
	if s.o.TLS != nil {
		web, ws = "https://", "wss://"
	}
	urls := map[string]string{
		"http": web + s.tcp.Addr().String() + "/announce",
		"ws":   ws + s.tcp.Addr().String(),
	}
	if s.udp != nil {
		urls["udp"] = "udp://" + s.udp.LocalAddr().String() + "/announce"
	}
	if s.turn != nil {
		urls["stun"] = "stun:" + s.turn.Addr().String()
		if s.turn.Relays() {
			urls["turn"] = "turn:" + netip.AddrPortFrom(s.o.Relay.PublicIP, s.turn.Addr().Port()).String()
			if s.turnTLS.IsValid() {
				urls["turns"] = "turns:" + netip.AddrPortFrom(s.o.Relay.PublicIP, s.turnTLS.Port()).String()
			}
		}
	}
	if s.metrics != nil {
		urls["metrics"] = "http://" + s.metrics.Addr().String() + "/metrics"
	}
	return urls
}

// Run serves until ctx ends, then drains and returns within Options.Drain and a
// second. A service that fails ends all.
func (s *Server) Run(ctx context.Context) error {
	failed, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	services := s.begin(fail)
	<-failed.Done()
	services.drain()
	s.save()
	if err := context.Cause(failed); ctx.Err() == nil {
		return err
	}
	return nil
}

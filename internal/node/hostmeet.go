package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"strconv"
	"sync/atomic"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/host"
	"github.com/kith-web/kith/internal/relay/tracker"
	"github.com/kith-web/kith/internal/relay/turn"
)

// meeting is where the peers of hosted sites meet: a tracker for their swarms
// alone, and STUN and TURN. The node's own engine comes to it by a door on
// loopback, which needs neither DNS nor a certificate.
type meeting struct {
	tracker *tracker.Tracker
	turn    *turn.Server // nil when off
	address netip.Addr   // of TURN, as visitors reach it; invalid for the host's own name
	door    net.Listener
	allowed atomic.Pointer[func([20]byte) bool]
}

// startMeeting opens it before the engines, which announce to it, if the node
// hosts sites and is to have it.
func (p *parts) startMeeting() error {
	c := p.node.o.Config.Host
	if p.node.o.Host == nil || !c.Tracker {
		return nil
	}
	m := &meeting{}
	trusted, err := prefixes("host.trusted", c.Trusted)
	if err != nil {
		return err
	}
	log := p.node.o.Log.With("part", "tracker")
	m.tracker, err = tracker.New(tracker.Options{Allow: m.serves, Trusted: trusted, Log: log})
	if err != nil {
		return fmt.Errorf("start the tracker: %w", err)
	}
	var lc net.ListenConfig
	if m.door, err = lc.Listen(context.Background(), "tcp", "127.0.0.1:0"); err != nil {
		return fmt.Errorf("start the tracker: %w", err)
	}
	p.node.onClose("tracker", func() error {
		if err := m.door.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	if err := m.startTURN(p); err != nil {
		return err
	}
	p.meet = m
	p.node.runs = append(p.node.runs, m.run)
	return nil
}

// url is where the node's own engine announces.
func (m *meeting) url() string { return "ws://" + m.door.Addr().String() + "/" }

// allow says which swarms are served from now on.
func (m *meeting) allow(f func([20]byte) bool) { m.allowed.Store(&f) }

func (m *meeting) serves(h tracker.InfoHash) bool {
	f := m.allowed.Load()
	return f != nil && (*f)(h)
}

func (m *meeting) startTURN(p *parts) error {
	c := p.node.o.Config.Host
	if c.TURN == host.Off || c.TURN == "" {
		if c.TURNAddress != "" {
			return fault.New(fault.Invalid, "a public address for TURN is given, but no address to listen on").
				WithHint("give one, such as --turn 0.0.0.0:3478")
		}
		return nil
	}
	secret, err := relaySecret(filepath.Join(p.node.o.Home, relaySecretName))
	if err != nil {
		return err
	}
	o := turn.Options{Secret: secret, Log: p.node.o.Log.With("part", "turn")}
	if c.TURNAddress != "" {
		if o.PublicIP, err = netip.ParseAddr(c.TURNAddress); err != nil {
			return bad("host.turn_address", c.TURNAddress, "an IP address")
		}
		m.address = o.PublicIP
	}
	var lc net.ListenConfig
	if o.Conn, err = lc.ListenPacket(context.Background(), "udp", c.TURN); err != nil {
		return portError(c.TURN, err)
	}
	if m.turn, err = turn.New(o); err != nil {
		return errors.Join(err, o.Conn.Close())
	}
	p.node.onClose("STUN and TURN", m.turn.Close)
	return nil
}

// ice is what a visitor who came by a host name is given. Credentials expire.
func (m *meeting) ice(name string) []host.ICEServer {
	if m.address.IsValid() {
		name = m.address.String()
	}
	at := net.JoinHostPort(name, strconv.Itoa(int(m.turn.Addr().Port())))
	list := []host.ICEServer{{URLs: []string{"stun:" + at}}}
	if m.turn.Relays() {
		c := m.turn.Credential()
		list = append(list, host.ICEServer{URLs: []string{"turn:" + at + "?transport=udp"}, Username: c.Username, Credential: c.Password})
	}
	return list
}

// run works until ctx ends.
func (m *meeting) run(ctx context.Context) error {
	server := &http.Server{Handler: m.tracker, ReadHeaderTimeout: headerTime, IdleTimeout: idleTime, MaxHeaderBytes: headerBytes}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(m.door) }()
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	swept := make(chan struct{})
	go func() {
		defer close(swept)
		m.tracker.Run(work)
	}()
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
		drain, cancel := context.WithTimeout(work, drainTime)
		m.tracker.Drain(drain, drainTime/2)
		cancel()
		_ = server.Close()
	}
	stop()
	<-swept
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}

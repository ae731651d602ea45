package openscreen

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/openscreen/wire"
)

// Agent is this device on the network. Its methods may be called at any time
// from anywhere.
type Agent struct {
	o     Options
	log   *slog.Logger
	codec *wire.Codec
	guard *guard
	fp    Fingerprint
	state string // agent-info's state token
	token string // the auth initiation token, TXT at

	udp       *net.UDPConn
	transport *quic.Transport
	listener  *quic.Listener
	accepted  *queue[*Session]
	finder    *finder
	ctx       context.Context // ends with the agent; sessions hang on it
	stop      context.CancelFunc
	work      sync.WaitGroup

	mu       sync.Mutex
	name     string
	instance string
	serial   string
	cert     *tls.Certificate
	version  uint64
	sessions map[*Session]struct{}
	trusted  sync.Map // *quic.Conn of authenticated sessions
}

// New starts an agent: it listens for sessions, but neither announces itself
// nor looks for others until it is told to.
func New(o Options) (*Agent, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	codec, err := wire.NewCodec(o.Limits.Message, o.Limits.Control)
	if err != nil {
		return nil, err
	}
	a := &Agent{
		o: o, log: o.Log, codec: codec, guard: newGuard(o.Limits), fp: o.Identity.Fingerprint(),
		state: rand.Text()[:8], token: rand.Text()[:16], name: o.DisplayName, instance: instanceName(o.DisplayName, 1),
		accepted: newQueue[*Session](acceptQueue), sessions: map[*Session]struct{}{},
	}
	a.ctx, a.stop = context.WithCancel(context.Background())
	if err := a.renew(); err != nil {
		return nil, err
	}
	if err := a.listen(); err != nil {
		return nil, err
	}
	a.finder = newFinder(a)
	a.work.Go(a.acceptLoop)
	return a, nil
}

// renew makes the certificate for the present instance name.
func (a *Agent) renew() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	cert, serial, err := makeCertificate(a.o.Identity, a.instance, a.o.Model, time.Now())
	if err != nil {
		return err
	}
	state, err := a.o.Identity.Marshal()
	if err != nil {
		return err
	}
	if err := a.o.SaveIdentity(state); err != nil {
		return fmt.Errorf("keep the agent's identity: %w", err)
	}
	a.cert, a.serial = &cert, serial
	return nil
}

// Close says goodbye to the network and ends every session with code
// [CloseShutdown].
func (a *Agent) Close() error {
	a.finder.close()
	ctx, cancel := context.WithTimeout(context.Background(), settleTime)
	defer cancel()
	for _, s := range a.everySession() {
		s.settle(ctx)
		s.close(CloseShutdown, "")
	}
	a.accepted.close(fault.New(fault.Canceled, "the agent has ended"))
	a.stop()
	err := a.listener.Close()
	if e := a.transport.Close(); err == nil {
		err = e
	}
	if e := a.udp.Close(); err == nil {
		err = e
	}
	a.work.Wait()
	if err != nil {
		return fmt.Errorf("end the agent: %w", err)
	}
	return nil
}

// Fingerprint is what this agent is known by.
func (a *Agent) Fingerprint() Fingerprint { return a.fp }

// Certificate is the agent certificate with its key, for TLS beside QUIC that a
// paired peer can verify by the same fingerprint.
func (a *Agent) Certificate() tls.Certificate {
	a.mu.Lock()
	defer a.mu.Unlock()
	return *a.cert
}

// Addr is where QUIC listens.
func (a *Agent) Addr() netip.AddrPort { return addrPort(a.udp.LocalAddr()) }

// DisplayName is what this device is called now.
func (a *Agent) DisplayName() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.name
}

// SetDisplayName renames the device: its sessions are told, and so is the
// network when it announces itself.
func (a *Agent) SetDisplayName(name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	a.mu.Lock()
	same := a.name == name
	a.name = name
	a.version++
	a.mu.Unlock()
	if same {
		return nil
	}
	for _, s := range a.everySession() {
		a.work.Go(func() { s.tellInfo() })
	}
	return a.finder.rename()
}

// SetAdvertising starts or stops announcing this agent. Stopping says goodbye.
func (a *Agent) SetAdvertising(on bool) error { return a.finder.setAdvertising(on) }

// SetDiscovering starts or stops looking for others. Stopping forgets the ones
// that were found.
func (a *Agent) SetDiscovering(on bool) error { return a.finder.setDiscovering(on) }

// Devices are those that announce themselves now, this agent itself not among
// them, in order of their names.
func (a *Agent) Devices() []Device { return a.finder.list() }

// Watch returns a channel that brings first every device that is there as Found,
// then what happens to them, until ctx ends and it is closed. A slow reader
// misses what was overtaken, never the last state.
func (a *Agent) Watch(ctx context.Context) <-chan Event { return a.finder.watch(ctx) }

// Accept waits for a session that another agent opened, agent-info exchanged.
func (a *Agent) Accept(ctx context.Context) (*Session, error) {
	for {
		s, err := a.accepted.pop(ctx)
		if err != nil || s.Err() == nil {
			return s, err
		}
	}
}

// Sessions are those that last, of either direction.
func (a *Agent) Sessions() []*Session { return a.everySession() }

func (a *Agent) everySession() []*Session {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := make([]*Session, 0, len(a.sessions))
	for s := range a.sessions {
		all = append(all, s)
	}
	return all
}

// info is the agent-info of this agent.
func (a *Agent) info() wire.AgentInfo {
	a.mu.Lock()
	defer a.mu.Unlock()
	return wire.AgentInfo{
		DisplayName: a.name, Model: a.o.Model, StateToken: a.state, Locales: a.o.Locales,
		Capabilities: []uint64{CapabilityDataChannels, CapabilityKith},
	}
}

// Capabilities in agent-info.
const (
	// CapabilityDataChannels is data channels (Local Peer-to-Peer API, appendix A;
	// the letters O there are zeros).
	CapabilityDataChannels = 1100
	// CapabilityKith is recognition and version 1 of transports
	// (spec/local-peer-to-peer.md, section 2).
	CapabilityKith = 8210
)

// enroll counts a session in, or says which limit it is over. A stranger is one
// that is not known from before.
func (a *Agent) enroll(s *Session, stranger bool) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ctx.Err() != nil {
		return false
	}
	strangers, near := 0, 0
	for o := range a.sessions {
		if o.Authenticated() || o.outgoing {
			continue
		}
		strangers++
		if o.RemoteAddr().Addr() == s.RemoteAddr().Addr() {
			near++
		}
	}
	if stranger && !s.outgoing && (strangers >= a.o.Limits.Strangers || near >= stranger4) {
		return false
	}
	if len(a.sessions) >= a.o.Limits.Sessions+a.o.Limits.Strangers {
		return false
	}
	a.sessions[s] = struct{}{}
	return true
}

func (a *Agent) forget(s *Session) {
	a.mu.Lock()
	delete(a.sessions, s)
	a.mu.Unlock()
	a.trusted.Delete(s.conn)
}

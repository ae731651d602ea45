package nearby

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/nearby/door"
	"github.com/kith-web/kith/internal/nearby/transfer"
	"github.com/kith-web/kith/internal/openscreen"
)

// Protocols of transports that this package takes.
const transferProtocol = transfer.BulkProtocol

// Service is this device among those nearby. It is safe for concurrent use.
type Service struct {
	o     Options
	book  *book
	agent *openscreen.Agent
	door  *door.Door
	bulk  *transfer.Bulk

	ctx  context.Context //nolint:containedctx // ends with the Service
	stop context.CancelFunc
	wait sync.WaitGroup

	mu         sync.Mutex
	name       string
	version    uint64
	changed    chan struct{} // closed at the next change
	sessions   map[openscreen.Fingerprint][]*openscreen.Session
	handlers   map[string]Handler
	prompts    map[string]*prompt
	offers     map[string]*pending
	transfers  map[string]*running
	ended      []string // of transfers, the oldest first
	receptions map[string]*reception
	offering   map[openscreen.Fingerprint]int // offers of each device that are read or wait
	warnings   []Warning
	cards      []Card // the oldest first
}

// Handler takes transports of a protocol from a paired device. It runs on a
// goroutine of its own, and accepts or rejects the request.
type Handler func(ctx context.Context, r *openscreen.TransportRequest)

// New starts a Service.
func New(o Options) (*Service, error) {
	if o.Store == nil {
		return nil, fault.New(fault.Internal, "nearby: a store is needed")
	}
	o.setDefaults()
	b, err := openBook(o.Store)
	if err != nil {
		return nil, err
	}
	s := &Service{
		o: o, book: b, name: o.Name, changed: make(chan struct{}),
		sessions: map[openscreen.Fingerprint][]*openscreen.Session{}, handlers: map[string]Handler{},
		prompts: map[string]*prompt{}, offers: map[string]*pending{}, transfers: map[string]*running{},
		receptions: map[string]*reception{}, offering: map[openscreen.Fingerprint]int{},
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.handlers[transferProtocol], s.handlers[cardProtocol] = s.takeOffer, s.takeCard
	if s.agent, err = newAgent(o, b, s); err != nil {
		return nil, err
	}
	listen := net.JoinHostPort("", strconv.Itoa(int(s.agent.Addr().Port())))
	if a := o.Listen.Addr(); a.IsValid() && !a.IsUnspecified() {
		listen = net.JoinHostPort(a.String(), strconv.Itoa(int(s.agent.Addr().Port())))
	}
	s.door, err = door.Listen(door.Options{Certificate: s.agent.Certificate(), Listen: listen, Log: o.Log})
	if err != nil {
		return nil, errors.Join(err, s.agent.Close())
	}
	s.bulk = transfer.NewBulk(s.door, s.agent.Certificate())
	err = s.agent.SetDiscovering(true)
	if err == nil && o.Advertise {
		err = s.agent.SetAdvertising(true)
	}
	if err != nil {
		s.o.Log.Warn("devices nearby cannot be looked for", "error", err)
	}
	s.wait.Go(s.accept)
	s.wait.Go(s.watch)
	return s, nil
}

// Close ends every transfer and says goodbye to the network.
func (s *Service) Close() error {
	s.stop()
	s.awaitTransfers()
	err := errors.Join(s.agent.Close(), s.door.Close())
	s.wait.Wait()
	return err
}

// endTime is how long transfers may take to tell the other side that they end.
const endTime = 1500 * time.Millisecond

func (s *Service) awaitTransfers() {
	s.mu.Lock()
	var under []*running
	for _, t := range s.transfers {
		if t.Ended == nil {
			under = append(under, t)
		}
	}
	s.mu.Unlock()
	late := time.After(endTime)
	for _, t := range under {
		select {
		case <-t.done:
		case <-late:
			return
		}
	}
}

// Agent is the agent of the Open Screen Protocol, for what else runs over it.
func (s *Service) Agent() *openscreen.Agent { return s.agent }

// Door is the TCP port for paired devices.
func (s *Service) Door() *door.Door { return s.door }

// Handle has h take the transports of a protocol.
func (s *Service) Handle(protocol string, h Handler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handlers[protocol] = h
}

// note tells those who follow the state that it changed. s.mu is held.
func (s *Service) note() {
	s.version++
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Service) touch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.note()
}

// watch follows what the agent finds.
func (s *Service) watch() {
	for e := range s.agent.Watch(s.ctx) {
		if e.Kind != openscreen.Lost {
			s.see(e.Device.Fingerprint, "", e.Device.Addrs)
		}
		s.touch()
	}
}

// see keeps where a paired device is, and reports whether it is paired.
func (s *Service) see(f openscreen.Fingerprint, given string, at []netip.AddrPort) bool {
	paired, err := s.book.renew(f, given, texts(at))
	if err != nil {
		s.o.Log.Warn("the device book cannot be written", "error", err)
	}
	return paired
}

// remember enters the device of a session that a code authenticated. One that was
// recognized is in the book, or was taken out meanwhile.
func (s *Service) remember(session *openscreen.Session) bool {
	f, given, at := session.Peer(), session.Info().DisplayName, addrsOf(session)
	if session.Recognized() {
		return s.see(f, given, at)
	}
	if _, err := s.book.add(f, given, texts(at)); err != nil {
		s.o.Log.Warn("the device book cannot be written", "error", err)
	}
	return true
}

func texts(addrs []netip.AddrPort) []string {
	var out []string
	for _, a := range addrs {
		out = append(out, a.String())
	}
	return out
}

// accept takes the sessions that others open.
func (s *Service) accept() {
	for {
		session, err := s.agent.Accept(s.ctx)
		if err != nil {
			if s.ctx.Err() == nil {
				s.o.Log.Warn("no more sessions are taken", "error", err)
			}
			return
		}
		s.wait.Go(func() {
			if session.AwaitAuthenticated(s.ctx) == nil {
				s.adopt(session)
			}
		})
	}
}

// adopt takes part in a session that is authenticated, until it ends.
func (s *Service) adopt(session *openscreen.Session) {
	f := session.Peer()
	if !s.remember(session) {
		_ = session.Close(openscreen.CloseNormal, "forgotten")
		return
	}
	s.mu.Lock()
	s.sessions[f] = append(s.sessions[f], session)
	s.note()
	s.mu.Unlock()
	defer s.lose(session)
	for {
		r, err := session.AcceptTransport(s.ctx)
		if err != nil {
			return
		}
		s.mu.Lock()
		h := s.handlers[r.Protocol]
		s.mu.Unlock()
		if h == nil || !s.book.known(f) {
			_ = r.Reject()
			continue
		}
		s.wait.Go(func() { h(s.ctx, r) })
	}
}

func (s *Service) lose(session *openscreen.Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := session.Peer()
	rest := s.sessions[f][:0]
	for _, other := range s.sessions[f] {
		if other != session {
			rest = append(rest, other)
		}
	}
	if s.sessions[f] = rest; len(rest) == 0 {
		delete(s.sessions, f)
	}
	s.note()
}

// refused tells people of a device that pretended to be another, and of codes
// that were guessed.
func (s *Service) refused(r openscreen.Refusal) {
	claimed := r.Claimed
	if claimed.IsZero() {
		claimed = r.Shown
	}
	w := Warning{At: time.Now(), Reason: string(r.Reason), Addr: r.Addr}
	if e, ok := s.book.get(claimed); ok {
		w.Device, w.Name = ID(claimed), e.Name
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	const most = 20
	if s.warnings = append(s.warnings, w); len(s.warnings) > most {
		s.warnings = s.warnings[1:]
	}
	s.note()
}

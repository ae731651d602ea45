package nearby

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/nearby/transfer"
	"github.com/kith-web/kith/internal/openscreen"
)

func addrsOf(s *openscreen.Session) []netip.AddrPort { return []netip.AddrPort{s.RemoteAddr()} }

// Session returns an authenticated session with a paired device, the one there
// is or a new one. id is the device's ID or name.
func (s *Service) Session(ctx context.Context, id string) (*openscreen.Session, error) {
	entry, err := s.paired(id)
	if err != nil {
		return nil, err
	}
	return s.session(ctx, target{fingerprint: entry.Fingerprint, name: entry.Name, paired: true}, nil)
}

// paired finds a device in the book by ID, name or fingerprint.
func (s *Service) paired(id string) (Entry, error) {
	var found []Entry
	for _, e := range s.book.list() {
		if ID(e.Fingerprint) == id || e.Fingerprint.String() == id {
			return e, nil
		}
		if strings.EqualFold(e.Name, id) {
			found = append(found, e)
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	return Entry{}, fault.New(fault.NotFound, "no device %.100q is paired", id).
		WithHint("'kith nearby' lists the devices, 'kith nearby pair' adds one")
}

// target is a device that is to be reached.
type target struct {
	fingerprint openscreen.Fingerprint
	name        string
	paired      bool
	device      openscreen.Device // as it was found; zero when it was not
}

// session returns the session with a device, a new one where there is none.
// prompter answers for the code where the device is not paired.
func (s *Service) session(ctx context.Context, t target, p openscreen.Prompter) (*openscreen.Session, error) {
	if session := s.current(t.fingerprint); session != nil {
		return session, nil
	}
	session, err := s.dial(ctx, t)
	if err != nil {
		return nil, err
	}
	if p == nil {
		p = s
	}
	if err := session.Authenticate(ctx, p); err != nil {
		_ = session.Close(openscreen.CloseNormal, "")
		return nil, authError(t.name, err)
	}
	known := make(chan struct{})
	s.wait.Go(func() {
		s.remember(session)
		close(known)
		s.adopt(session)
	})
	<-known
	return session, nil
}

// authError names the device in what openscreen says of a failed pairing.
func authError(name string, err error) error {
	var known *fault.Error
	if !errors.As(err, &known) {
		return fault.New(fault.Unreachable, "%q went away while it was paired: %w", name, err)
	}
	hint := ""
	switch known.Kind {
	case fault.Unauthorized:
		hint = "type the code that the other device shows, or give both the same with --code"
	case fault.RateLimited:
		hint = "too many wrong codes: wait some minutes, or ask the other device's owner"
	default:
		return err
	}
	e := fault.New(known.Kind, "pairing with %q: %w", name, err)
	return e.WithHint("%s", hint)
}

// dial connects where the device was found, or was last; whatever answers first.
// Where others announce the device as well, the one that has its key is it.
func (s *Service) dial(ctx context.Context, t target) (*openscreen.Session, error) {
	found := s.find(t.fingerprint)
	if len(found) == 0 && len(t.device.Addrs) > 0 {
		found = []openscreen.Device{t.device}
	}
	if len(found) == 1 {
		session, err := s.agent.Dial(ctx, found[0])
		return session, impostor(t.name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.o.FindTime)
	defer cancel()
	var tries []func() (openscreen.Device, error)
	for _, d := range found {
		tries = append(tries, func() (openscreen.Device, error) { return d, nil })
	}
	if len(found) == 0 {
		if entry, ok := s.book.get(t.fingerprint); ok && len(entry.Addrs) > 0 {
			tries = append(tries, func() (openscreen.Device, error) { return lastSeen(entry), nil })
		}
		tries = append(tries, func() (openscreen.Device, error) { return s.await(ctx, t.fingerprint) })
	}
	session, err := s.dialFirst(ctx, tries)
	if err == nil || fault.KindOf(err) == fault.Forbidden {
		return session, impostor(t.name, err)
	}
	if s.o.Elsewhere != nil {
		if d, err := s.o.Elsewhere(ctx, t.fingerprint); err == nil {
			return s.agent.Dial(ctx, d)
		}
	}
	return nil, fault.New(fault.Unreachable, "%q is not on this network: %w", t.name, err).
		WithHint("run 'kith nearby receive' or 'kith up' there; some wireless networks keep devices apart, and firewalls have to let UDP port 5353 and kith's own in")
}

// dialFirst connects in several ways at once and takes the first that works. That
// a device was an impostor is the error that counts.
func (s *Service) dialFirst(ctx context.Context, tries []func() (openscreen.Device, error)) (*openscreen.Session, error) {
	type answer struct {
		session *openscreen.Session
		err     error
	}
	answers := make(chan answer, len(tries))
	for _, try := range tries {
		s.wait.Go(func() {
			d, err := try()
			var session *openscreen.Session
			if err == nil {
				session, err = s.agent.Dial(ctx, d)
			}
			answers <- answer{session, err}
		})
	}
	var first error
	for rest := len(tries) - 1; rest >= 0; rest-- {
		a := <-answers
		if a.err == nil {
			s.wait.Go(func() { closeLate(answers, rest, func(a answer) *openscreen.Session { return a.session }) })
			return a.session, nil
		}
		if first == nil || fault.KindOf(a.err) == fault.Forbidden {
			first = a.err
		}
	}
	return nil, first
}

// impostor says which device somebody pretended to be.
func impostor(name string, err error) error {
	if fault.KindOf(err) != fault.Forbidden {
		return err
	}
	return fault.New(fault.Forbidden, "somebody pretends to be %q: %w", name, err).WithHintOf(err)
}

func closeLate[T any](answers <-chan T, n int, session func(T) *openscreen.Session) {
	for range n {
		if late := session(<-answers); late != nil {
			_ = late.Close(openscreen.CloseNormal, "")
		}
	}
}

func lastSeen(e Entry) openscreen.Device {
	d := openscreen.Device{Fingerprint: e.Fingerprint, Name: e.Name}
	for _, a := range e.Addrs {
		if addr, err := netip.ParseAddrPort(a); err == nil {
			d.Addrs = append(d.Addrs, addr)
		}
	}
	return d
}

// find returns what announces itself as a device: more than one where somebody
// else does, too.
func (s *Service) find(f openscreen.Fingerprint) []openscreen.Device {
	return slices.DeleteFunc(s.agent.Devices(), func(d openscreen.Device) bool {
		return d.Fingerprint != f || len(d.Addrs) == 0
	})
}

// await waits for a device to announce itself.
func (s *Service) await(ctx context.Context, f openscreen.Fingerprint) (openscreen.Device, error) {
	return s.awaitOne(ctx, func(d openscreen.Device) bool { return d.Fingerprint == f })
}

func (s *Service) awaitOne(ctx context.Context, match func(openscreen.Device) bool) (openscreen.Device, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for e := range s.agent.Watch(ctx) {
		if e.Kind != openscreen.Lost && match(e.Device) {
			return e.Device, nil
		}
	}
	return openscreen.Device{}, fault.New(fault.Unreachable, "no such device announced itself")
}

// locate finds whom a person means: a paired device by name, ID or fingerprint,
// else one that announces itself by that name, waiting for it for a time.
func (s *Service) locate(ctx context.Context, who string, wait time.Duration) (target, error) {
	if wait <= 0 {
		wait = s.o.FindTime
	}
	if e, err := s.paired(who); err == nil {
		return target{fingerprint: e.Fingerprint, name: e.Name, paired: true}, nil
	}
	match := func(d openscreen.Device) bool {
		return strings.EqualFold(cleanName(d.Name), who) || ID(d.Fingerprint) == who || d.Fingerprint.String() == who
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	first, err := s.awaitOne(ctx, match)
	if err != nil {
		if errors.Is(ctx.Err(), context.Canceled) {
			return target{}, context.Cause(ctx)
		}
		return target{}, fault.New(fault.NotFound, "no device %.100q was found on this network within %v", who, wait).
			WithHint("run 'kith nearby receive' there; 'kith nearby' lists the devices that are seen")
	}
	for _, d := range s.agent.Devices() {
		if match(d) && d.Fingerprint != first.Fingerprint {
			return target{}, fault.New(fault.Conflict, "there are two devices called %.100q", who).
				WithHint("say which by its fingerprint: %s or %s", first.Fingerprint, d.Fingerprint)
		}
	}
	t := target{fingerprint: first.Fingerprint, name: cleanName(first.Name), device: first}
	if e, ok := s.book.get(first.Fingerprint); ok { // paired, under another name here
		t.paired, t.name = true, e.Name
	}
	return t, nil
}

// fileSession is a transport as package transfer wants it.
type fileSession struct{ t *openscreen.Transport }

var _ transfer.Session = fileSession{}

func (f fileSession) Peer() transfer.Fingerprint {
	return transfer.Fingerprint(f.t.Session().Peer())
}

func (f fileSession) RemoteAddr() net.Addr {
	return net.UDPAddrFromAddrPort(f.t.Session().RemoteAddr())
}

func (f fileSession) Open(ctx context.Context) (io.ReadWriteCloser, error) {
	s, err := f.t.OpenStream(ctx)
	if err != nil {
		return nil, err
	}
	return fileStream{s}, nil
}

func (f fileSession) Accept(ctx context.Context) (io.ReadWriteCloser, error) {
	s, err := f.t.AcceptStream(ctx)
	if err != nil {
		return nil, err
	}
	return fileStream{s}, nil
}

func (f fileSession) Close() error { return f.t.Close(0, "") }

// fileStream is a stream whose Close ends both directions, what was written
// included.
type fileStream struct{ *openscreen.Stream }

func (f fileStream) Close() error {
	err := f.SendStream.Close()
	f.CancelRead(0)
	return err
}

// Entry returns a paired device, by ID or name.
func (s *Service) Entry(id string) (Entry, error) { return s.paired(id) }

// EntryOf returns the paired device that has an ID. No device has it by its name,
// which the device gave itself.
func (s *Service) EntryOf(id string) (Entry, error) {
	e, err := s.paired(id)
	if err == nil && ID(e.Fingerprint) != id {
		return Entry{}, fault.New(fault.NotFound, "no device with the ID %.100q is paired", id)
	}
	return e, err
}

// Paired reports whether a device is in the book.
func (s *Service) Paired(f openscreen.Fingerprint) bool { return s.book.known(f) }

// ID is the ID of this device.
func (s *Service) ID() string { return ID(s.agent.Fingerprint()) }

// OpenTransport opens a transport to a paired device, by ID or name, connecting
// with it where there is no session.
func (s *Service) OpenTransport(ctx context.Context, device, protocol string) (*openscreen.Transport, error) {
	entry, err := s.paired(device)
	if err != nil {
		return nil, err
	}
	return s.transport(ctx, target{fingerprint: entry.Fingerprint, name: entry.Name, paired: true}, nil, protocol)
}

// staleTime is how long a session that was there before may take to open a
// transport. The device behind it may have gone without a word, and be back.
const staleTime = 4 * time.Second

// transport opens a transport in the session with a device, and in a new session
// when the one that was there does not answer.
func (s *Service) transport(
	ctx context.Context, t target, p openscreen.Prompter, protocol string,
) (*openscreen.Transport, error) {
	if old := s.current(t.fingerprint); old != nil {
		short, cancel := context.WithTimeout(ctx, staleTime)
		transport, err := old.OpenTransport(short, protocol)
		cancel()
		if err == nil || fault.KindOf(err) == fault.Forbidden || ctx.Err() != nil {
			return transport, rejected(err)
		}
		_ = old.Close(openscreen.CloseNormal, "")
		s.lose(old)
	}
	session, err := s.session(ctx, t, p)
	if err != nil {
		return nil, err
	}
	transport, err := session.OpenTransport(ctx, protocol)
	return transport, rejected(err)
}

// errRejected says that a device does not want a transport of a protocol now.
var errRejected = errors.New("the device said no")

// rejected marks a no to a transport, which is something else than a session
// that is refused.
func rejected(err error) error {
	if fault.KindOf(err) != fault.Forbidden {
		return err
	}
	no := fault.New(fault.Forbidden, "%w", err).WithHintOf(err)
	no.Err = errRejected
	return no
}

// current is a session with a device that is authenticated; nil when there is none.
func (s *Service) current(f openscreen.Fingerprint) *openscreen.Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, session := range s.sessions[f] {
		if session.Err() == nil && session.Authenticated() {
			return session
		}
	}
	return nil
}

package sharing

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kith-web/kith/internal/exchange"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/library"
	"github.com/kith-web/kith/internal/library/copies"
	"github.com/kith-web/kith/internal/person"
	"github.com/kith-web/kith/internal/person/guard"
	"github.com/kith-web/kith/internal/seal"
	"github.com/kith-web/kith/internal/sharing/joint"
)

// tickEvery is how often what time asks for is looked for.
const tickEvery = 30 * time.Second

// Service is a person's private side. All methods may be called at once.
type Service struct {
	o     Options
	log   *slog.Logger
	guard *guard.Guard

	opening sync.Mutex // one Unlock, Lock or Close at a time
	mu      sync.RWMutex
	open    *home // nil while locked, and before the first use
	closed  bool

	changes changes
	events  events
}

// home is what is open while the key is there.
type home struct {
	s       *Service
	device  *sealed // what is this device's alone
	person  *person.Person
	library *library.Library
	copies  *copies.Copies
	peer    *exchange.Peer
	joint   *joint.Joint // these, but the peer, joined

	direct  *Direct       // nil when friends reach this device by relays alone
	tried   bool          // to open it
	stale   chan struct{} // something is to be brought up to date
	records atomic.Bool   // another device wrote the person's records
	handles sync.Mutex    // one at a time makes their secret
	goneMu  sync.Mutex
	gone    []person.FriendID

	otherMu sync.Mutex
	other   map[seal.RelationID]bool // friends who have something new, which own devices were not told
	passed  time.Time                // when they were told last

	fetching atomic.Bool
	working  sync.WaitGroup
	unwatch  func()
	stop     context.CancelFunc
	done     chan struct{}
}

// New opens the private side of a home. One that was never used is left alone
// until somebody does. Where a passphrase keeps the key it is locked until Unlock.
// Neither is an error.
func New(ctx context.Context, o Options) (*Service, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{o: o, log: o.Log}
	s.changes.init()
	if _, err := os.Stat(o.Dir); errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	return s, s.begin(ctx)
}

// begin opens the guard, and what it keeps unless that is locked.
func (s *Service) begin(ctx context.Context) error {
	s.opening.Lock()
	defer s.opening.Unlock()
	if s.keeper() != nil {
		return nil
	}
	g, err := guard.Open(ctx, guard.Options{Dir: filepath.Join(s.o.Dir, "key"), Keyring: s.o.Ring})
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.guard = g
	s.mu.Unlock()
	if g.Status().Locked {
		return nil
	}
	return s.unlock()
}

// keeper is the guard; nil before the first use.
func (s *Service) keeper() *guard.Guard {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.guard
}

// reopen closes and opens the parts: the device has another key, or a mailbox of
// its own now.
func (s *Service) reopen() error {
	s.opening.Lock()
	defer s.opening.Unlock()
	if err := s.shut(); err != nil {
		return err
	}
	return s.unlock()
}

// Close ends everything.
func (s *Service) Close() error {
	s.opening.Lock()
	defer s.opening.Unlock()
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	return s.shut()
}

// Unlock opens what a passphrase keeps.
func (s *Service) Unlock(ctx context.Context, passphrase string) error {
	s.opening.Lock()
	defer s.opening.Unlock()
	if s.isOpen() || s.keeper() == nil {
		return nil
	}
	if err := s.guard.Unlock(ctx, passphrase); err != nil {
		return err
	}
	return s.unlock()
}

// Lock closes it again.
func (s *Service) Lock(context.Context) error {
	s.opening.Lock()
	defer s.opening.Unlock()
	if s.keeper() == nil {
		return nil
	}
	if err := s.guard.Lock(); err != nil {
		return err
	}
	return s.shut()
}

// SetPassphrase changes what keeps the key; an empty passphrase takes the one
// there is away.
func (s *Service) SetPassphrase(ctx context.Context, old, passphrase string) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.changes.note()
	if passphrase == "" {
		return s.guard.RemovePassphrase(ctx, old)
	}
	return s.guard.SetPassphrase(ctx, old, passphrase)
}

func (s *Service) isOpen() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.open != nil
}

// home returns what is open, and opens a home that was never used.
func (s *Service) home() (*home, error) {
	if s.keeper() == nil {
		if err := s.begin(context.Background()); err != nil {
			return nil, err
		}
	}
	if h, err := s.opened(); h != nil || err != nil {
		return h, err
	}
	if !s.keeper().Status().Locked {
		s.opening.Lock() // it is being opened, or opened anew: that is no lock
		defer s.opening.Unlock()
	}
	h, err := s.opened()
	if h == nil && err == nil {
		err = fault.New(fault.Forbidden, "your documents and friends are locked").
			WithHint("'kith person unlock' asks for the passphrase")
	}
	return h, err
}

// opened returns what is open; nil when nothing is.
func (s *Service) opened() (*home, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, fault.New(fault.NotRunning, "the node is about to end")
	}
	return s.open, nil
}

// unlock opens the parts, with the key at hand.
func (s *Service) unlock() error {
	key, err := s.guard.Key()
	if err != nil {
		return err
	}
	h, err := s.openHome(key)
	clear(key)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.open = h
	s.mu.Unlock()
	s.changes.note()
	s.events.tell(Event{}) // what changed while it was closed was not told
	return nil
}

// shut closes them.
func (s *Service) shut() error {
	s.mu.Lock()
	h := s.open
	s.open = nil
	s.mu.Unlock()
	s.changes.note()
	if h == nil {
		return nil
	}
	return h.close()
}

// openHome opens the parts, each on top of those before it.
func (s *Service) openHome(key []byte) (h *home, err error) {
	h = &home{s: s, stale: make(chan struct{}, 1), done: make(chan struct{}), other: map[seal.RelationID]bool{}}
	device, err := seals(s.o.Device, key, "device")
	if err != nil {
		return nil, err
	}
	h.device = device
	exchanged, err := seals(s.o.Exchange, key, "exchange")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.closeParts())
		}
	}()
	id, err := person.DeviceID(device, s.o.Rand, s.o.DeviceName)
	if err != nil {
		return h, err
	}
	log := s.log
	h.library, err = library.Open(library.Options{
		Dir: filepath.Join(s.o.Dir, "library"), Key: key, Device: id, Rand: s.o.Rand, Log: log, Lease: s.o.Lease,
	})
	if err != nil {
		return h, err
	}
	h.copies, err = copies.Open(copies.Options{Dir: filepath.Join(s.o.Dir, "copies"), Key: key, Rand: s.o.Rand})
	if err != nil {
		return h, err
	}
	h.person, err = person.New(person.Options{
		Records: joint.Records{Records: h.library.Records()}, Local: device, Rand: s.o.Rand, Log: log,
		Name: s.o.Name, Device: s.o.DeviceName, Relays: s.o.Relays, Base: s.o.Base, Message: s.o.Lifetime,
	})
	if err != nil {
		return h, err
	}
	h.join()
	if err = h.openDirect(); err != nil {
		return h, err
	}
	h.peer, err = s.openPeer(h, exchanged)
	if err != nil {
		return h, err
	}
	return h, h.begin()
}

// close ends what runs and closes the parts.
func (h *home) close() error {
	if h.stop != nil {
		h.stop()
		<-h.done
		h.working.Wait()
	}
	return h.closeParts()
}

func (h *home) closeParts() error {
	var errs []error
	if h.unwatch != nil {
		h.unwatch()
	}
	if h.direct != nil {
		errs = append(errs, h.direct.Close())
	}
	if h.copies != nil {
		errs = append(errs, h.copies.Close())
	}
	if h.library != nil {
		errs = append(errs, h.library.Close())
	}
	return errors.Join(errs...)
}

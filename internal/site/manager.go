package site

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
)

// Manager keeps the sites of this node. It is safe for concurrent use.
type Manager struct {
	o       Options
	engines map[address.Network]engine.Engine
	ctx     context.Context
	stop    context.CancelFunc
	going   sync.WaitGroup
	wake    chan struct{} // tells the housekeeper that something is due sooner
	saving  sync.Mutex    // taken before mu by whoever writes to the store

	mu       sync.Mutex
	sites    map[address.ID]*record
	looking  int                          // openings that go on
	removing map[address.ID]chan struct{} // targets an engine is deleting
	watchers map[chan struct{}]struct{}   // of Subscribe
	closed   bool
}

// New returns a Manager with the sites that o.Store remembers, and begins to
// open again those that are to be served.
func New(o Options) (*Manager, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	m := &Manager{
		o: o, engines: map[address.Network]engine.Engine{}, wake: make(chan struct{}, 1),
		sites: map[address.ID]*record{}, removing: map[address.ID]chan struct{}{}, watchers: map[chan struct{}]struct{}{},
	}
	for _, e := range o.Engines {
		m.engines[e.Network()] = e
	}
	if err := m.load(); err != nil {
		return nil, err
	}
	m.ctx, m.stop = context.WithCancel(context.Background())
	m.going.Go(m.keepHouse)
	return m, nil
}

// Close writes what was not written, closes every site and ends what goes on in
// the background.
func (m *Manager) Close() error {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return nil
	}
	m.closed = true
	m.mu.Unlock()
	m.stop()
	m.going.Wait()
	err := m.flush()
	m.mu.Lock()
	var open []*content
	for _, r := range m.sites {
		if r.current != nil {
			open = append(open, r.current)
			r.current = nil
		}
	}
	for w := range m.watchers {
		delete(m.watchers, w)
	}
	m.mu.Unlock()
	for _, c := range open {
		err = errors.Join(err, c.site.Close())
	}
	return err
}

// goOn runs f in the background unless the manager is closing. The caller holds
// mu.
func (m *Manager) goOn(f func()) {
	if !m.closed {
		m.going.Go(f)
	}
}

// poke makes the housekeeper look what is due.
func (m *Manager) poke() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// Subscribe returns a channel that gets a value after sites changed; changes
// that nobody took are one. Statistics are no change. Cancel ends it.
func (m *Manager) Subscribe() (changed <-chan struct{}, cancel func()) {
	w := make(chan struct{}, 1)
	m.mu.Lock()
	m.watchers[w] = struct{}{}
	m.mu.Unlock()
	return w, func() {
		m.mu.Lock()
		delete(m.watchers, w)
		m.mu.Unlock()
	}
}

// changed tells whoever subscribed. The caller holds mu.
func (m *Manager) changed() {
	for w := range m.watchers {
		select {
		case w <- struct{}{}:
		default:
		}
	}
}

// Sites lists every known site, the last used first.
func (m *Manager) Sites() []Site {
	m.mu.Lock()
	looks := make([]look, 0, len(m.sites))
	for _, r := range m.sites {
		if !r.hidden {
			looks = append(looks, m.look(r))
		}
	}
	m.mu.Unlock()
	out := make([]Site, len(looks))
	for i, l := range looks {
		out[i] = m.finish(l)
	}
	slices.SortFunc(out, func(a, b Site) int {
		if c := b.LastUsed.Compare(a.LastUsed); c != 0 {
			return c
		}
		return compareKeys(a.Address, b.Address)
	})
	return out
}

func compareKeys(a, b address.Address) int {
	switch x, y := a.Key(), b.Key(); {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// Progress returns what is known of the site at a; ok is false when it is not
// known.
func (m *Manager) Progress(a address.Address) (s Site, ok bool) {
	m.mu.Lock()
	r := m.sites[a.ID()]
	if r == nil || r.hidden {
		m.mu.Unlock()
		return Site{}, false
	}
	l := m.look(r)
	m.mu.Unlock()
	return m.finish(l), true
}

// unknown is the error for a site that there is nothing about.
func unknown(a address.Address) error {
	return fault.New(fault.NotFound, "this node does not know the site %q", a.Key()).
		WithHint("'kith sites' lists those it knows")
}

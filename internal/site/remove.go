package site

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
)

// Remove forgets the site at a and deletes what its engine stored, unless
// another site has the same content. A published site is not removed; it is
// released by whoever published it.
func (m *Manager) Remove(ctx context.Context, a address.Address) error {
	r, err := m.known(a)
	if err != nil {
		return err
	}
	m.mu.Lock()
	if r.published {
		m.mu.Unlock()
		return fault.New(fault.Conflict, "%q is published from this computer", a.Key()).WithHint("end its publication instead")
	}
	if p := r.policy.Load(); p.mode != ModeSite {
		// What it stored in the browser as an app must not outlive it.
		r.policy.Store(&policy{mode: ModeSite})
		r.clear.Store(true)
	}
	m.mu.Unlock()
	return m.forget(ctx, r, false)
}

// Keep serves a published site from now on, also after a restart, and returns
// once it is open.
func (m *Manager) Keep(ctx context.Context, a address.Address, title string) error {
	r, o, err := m.begin(a, true)
	if err != nil {
		return err
	}
	m.mu.Lock()
	r.published = true
	if title != "" {
		r.name = title
	}
	m.changed()
	m.mu.Unlock()
	err = m.save(r)
	if o != nil {
		err = errors.Join(err, m.await(ctx, r, o))
	}
	return err
}

// Release stops serving a published site and removes it from its engine. Names
// that point at it are looked up anew when they are used next: by then they point
// elsewhere, if it was released because it was published again.
func (m *Manager) Release(ctx context.Context, a address.Address) error {
	r, err := m.known(a)
	if err != nil {
		return nil // nothing to do is no failure
	}
	m.mu.Lock()
	r.published, r.pinned = false, false
	var names []address.Address
	for _, other := range m.sites {
		if other == r || !other.target.Valid() || other.target.ID() != a.ID() {
			continue
		}
		names = append(names, other.root)
		other.target = address.Address{}
		m.rest(other)
		if other.kept() {
			other.retry = time.Now()
		}
	}
	m.mu.Unlock()
	if f, ok := m.o.Resolver.(Forgetter); ok {
		for _, n := range names {
			f.Forget(n)
		}
	}
	defer m.poke()
	return m.forget(ctx, r, true)
}

// rest closes a site that is open. The caller holds mu.
func (m *Manager) rest(r *record) {
	if r.completing != nil {
		r.completing()
		r.completing = nil
	}
	if r.current != nil {
		m.release(r.current)
		r.current = nil
	}
	m.changed()
}

// forget drops a record and deletes what engines stored for it, where no other
// record needs that, or in any case.
func (m *Manager) forget(ctx context.Context, r *record, always bool) error {
	m.mu.Lock()
	targets := r.olds
	if r.target.Valid() {
		targets = append(targets, r.target)
	}
	r.olds, r.target, r.disk, r.complete = nil, address.Address{}, 0, address.ID{}
	if o := r.opening; o != nil {
		targets = append(targets, o.trying...)
		o.cancel(fault.New(fault.Canceled, "%q was removed", r.root.Key()))
		r.opening = nil
	}
	m.rest(r)
	r.pinned, r.published, r.err, r.retry = false, false, nil, time.Time{}
	r.hidden = r.policy.Load().mode != ModeSite || r.clear.Load()
	if !r.hidden {
		r.gone = true
		delete(m.sites, r.id)
	}
	m.mu.Unlock()
	err := m.save(r)
	var erasing error
	for _, t := range targets {
		erasing = errors.Join(erasing, m.erase(ctx, t, always))
	}
	if err != nil { // on a full disk there was no room to write that something goes
		err = m.save(r)
	}
	return errors.Join(err, erasing)
}

// erase has an engine delete what it stored for a target, unless that is needed.
// Meanwhile nobody opens it.
func (m *Manager) erase(ctx context.Context, target address.Address, always bool) error {
	e := m.engines[target.Network()]
	id := target.ID()
	m.mu.Lock()
	if e == nil || !always && m.needed(id) || m.removing[id] != nil {
		m.mu.Unlock()
		return nil
	}
	busy := make(chan struct{})
	m.removing[id] = busy
	m.mu.Unlock()
	err := e.Remove(ctx, target.Root())
	m.mu.Lock()
	delete(m.removing, id)
	m.changed()
	m.mu.Unlock()
	close(busy)
	return err
}

// needed reports whether a known site is read from a target, or may soon be. The
// caller holds mu.
func (m *Manager) needed(id address.ID) bool {
	for _, r := range m.sites {
		if r.target.ID() == id && r.target.Valid() {
			return true
		}
		trying := r.renewing
		if r.opening != nil {
			trying = r.opening.trying
		}
		if slices.ContainsFunc(trying, func(t address.Address) bool { return t.ID() == id }) {
			return true
		}
	}
	return false
}

// usedAt is the time a site was last used, or opened if it never was.
func (r *record) usedAt() time.Time {
	if r.lastUsed.IsZero() {
		return r.opened
	}
	return r.lastUsed
}

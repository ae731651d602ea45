package site

import (
	"context"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
)

// opening is a search for a site, shared by everybody who waits for it. Its
// fields are guarded by Manager.mu; err may be read once done is closed.
type opening struct {
	done    chan struct{}
	cancel  context.CancelCauseFunc
	waiters int
	limit   *time.Timer       // ends the search; runs while nobody waits
	waiting string            // what for, in words a person reads
	trying  []address.Address // the candidates
	err     error
}

// Open returns the site at a, waiting until it can be read or ctx ends. Looking
// for it goes on without the caller, up to Options.OpenTimeout after the last
// one left.
//
// The error is that of the resolver or engine; fault.Unsupported when no engine
// serves the address's network, and fault.RateLimited when too many sites are
// being looked for.
func (m *Manager) Open(ctx context.Context, a address.Address) (*Handle, error) {
	m.mu.Lock()
	if r := m.sites[a.ID()]; r != nil && r.current != nil && !hasHints(a) {
		h := m.use(r)
		m.mu.Unlock()
		return h, nil
	}
	m.mu.Unlock()
	for {
		r, o, err := m.begin(a, true)
		if err != nil {
			return nil, err
		}
		if o != nil {
			err = m.await(ctx, r, o)
		}
		m.mu.Lock()
		if err == nil && r.current != nil {
			h := m.use(r)
			m.mu.Unlock()
			return h, nil
		}
		m.mu.Unlock()
		if err != nil {
			return nil, err
		}
	}
}

func hasHints(a address.Address) bool {
	h := &a.Hints
	return h.Prefer != "" || len(h.Peers)+len(h.Trackers)+len(h.WebSeeds)+len(h.ExactSources)+len(h.DisplayName) > 0
}

// Begin starts to open a in the background and returns what is known of it now.
func (m *Manager) Begin(a address.Address) (Site, error) {
	r, _, err := m.begin(a, false)
	if err != nil {
		return Site{}, err
	}
	m.mu.Lock()
	l := m.look(r)
	m.mu.Unlock()
	return m.finish(l), nil
}

// begin makes sure that the site at a is open or looked for. The opening is nil
// when it is open; else the caller is counted as waiting if it will.
func (m *Manager) begin(a address.Address, wait bool) (*record, *opening, error) {
	if err := m.openable(a); err != nil {
		return nil, nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, nil, fault.New(fault.Canceled, "%q was not opened: the node is stopping", a)
	}
	r := m.sites[a.ID()]
	fresh := r == nil || r.current == nil && r.opening == nil
	if fresh && m.looking >= m.o.MaxOpening && !m.giveWay() {
		return nil, nil, fault.New(fault.RateLimited, "%q was not opened: %d sites are being looked for", a, m.looking)
	}
	if r == nil {
		r = newRecord(a)
		m.sites[r.id] = r
	}
	if r.hidden {
		r.hidden, r.address.Hints = false, address.Hints{}
		m.changed()
	}
	r.lastUsed, r.dirty = time.Now(), true
	if r.addHints(a.Hints) && (r.current != nil || r.opening != nil) {
		m.tell(r)
	}
	if r.current != nil {
		return r, nil, nil
	}
	o := m.search(r)
	if wait {
		o.waiters++
		o.limit.Stop()
	}
	return r, o, nil
}

// giveWay ends the search that nobody has waited for the longest, and reports
// whether there was one. The caller holds mu.
func (m *Manager) giveWay() bool {
	var last *record
	for _, r := range m.sites {
		idle := r.opening != nil && r.opening.waiters == 0 && !r.kept()
		if idle && (last == nil || r.lastUsed.Before(last.lastUsed)) {
			last = r
		}
	}
	if last == nil {
		return false
	}
	last.err = fault.New(fault.Canceled, "%q is not looked for any longer: others were asked for since", last.root.Key())
	last.opening.cancel(last.err)
	last.opening = nil
	return true
}

// openable refuses what cannot be opened.
func (m *Manager) openable(a address.Address) error {
	switch a.Kind() {
	case address.IPFS, address.Torrent:
		return m.served(a.Network())
	case address.IPNS, address.Mutable, address.Name:
		return nil
	case address.Index:
		return fault.New(fault.Invalid, "%q has to be read before it can be opened", a).WithHint("open it with 'kith open'")
	case address.Device:
		return fault.New(fault.Unsupported, "%q is a device, which this version does not open", a)
	}
	return fault.New(fault.Invalid, "there is no address to open")
}

func (m *Manager) served(n address.Network) error {
	if m.engines[n] == nil {
		return fault.New(fault.Unsupported, "the network %s is off on this node", n).
			WithHint("set enabled = true in [%s] of config.toml and start the node again", n)
	}
	return nil
}

// search returns the search for a site that is not open, begun here unless it
// goes on already. Nobody waits for it yet. The caller holds mu.
func (m *Manager) search(r *record) *opening {
	if r.opening != nil {
		return r.opening
	}
	ctx, cancel := context.WithCancelCause(m.ctx)
	o := &opening{done: make(chan struct{}), cancel: cancel, waiting: "looking up the name"}
	o.limit = time.AfterFunc(m.o.OpenTimeout, func() {
		cancel(fault.New(fault.Unreachable, "%q was not found in %s", r.root.Key(), m.o.OpenTimeout))
	})
	r.opening, r.retry = o, time.Time{}
	m.looking++
	m.changed()
	m.goOn(func() {
		c, res, err := m.find(ctx, r, o)
		if err != nil && ctx.Err() != nil && fault.KindOf(context.Cause(ctx)) == fault.Unreachable {
			err = context.Cause(ctx)
		}
		m.settle(r, o, c, res, err)
		cancel(nil)
	})
	return o
}

// await waits for a search as one of those who do.
func (m *Manager) await(ctx context.Context, r *record, o *opening) error {
	var err error
	select {
	case <-o.done:
		err = o.err
	case <-ctx.Done():
		m.mu.Lock()
		waiting := o.waiting
		m.mu.Unlock()
		cause := context.Cause(ctx)
		err = fault.New(fault.KindOf(cause), "%q is not open yet, still %s: %w", r.root.Key(), waiting, cause)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if o.waiters--; o.waiters == 0 {
		o.limit.Reset(m.o.OpenTimeout) // harmless once the search is over
	}
	return err
}

// find resolves the site and opens it on the network that answers.
func (m *Manager) find(ctx context.Context, r *record, o *opening) (*content, Resolved, error) {
	m.mu.Lock()
	a, last := r.address, r.target
	m.mu.Unlock()
	res, err := m.resolve(ctx, a, last)
	if err != nil {
		return nil, res, err
	}
	m.mu.Lock()
	o.trying, o.waiting = res.Candidates, "looking for peers"
	m.changed()
	m.mu.Unlock()
	c, err := m.race(ctx, res.Candidates)
	return c, res, err
}

// resolve asks what a points at. Where nobody knows now, what it was last read
// from counts.
func (m *Manager) resolve(ctx context.Context, a, last address.Address) (Resolved, error) {
	res, err := m.o.Resolver.Resolve(ctx, a)
	kind := fault.KindOf(err)
	if err != nil && last.Valid() && kind != fault.NotFound && kind != fault.Corrupt && ctx.Err() == nil {
		return Resolved{Candidates: []address.Address{last}, Expires: time.Now().Add(m.o.Retry), Stale: true}, nil
	}
	if err == nil && len(res.Candidates) == 0 {
		err = fault.New(fault.NotFound, "the name %q points at no site", a.Key())
	}
	for i, c := range res.Candidates {
		if c.ID() == a.ID() {
			res.Candidates[i].Hints = a.Hints
		}
	}
	return res, err
}

// settle ends a search with its outcome.
func (m *Manager) settle(r *record, o *opening, c *content, res Resolved, err error) {
	m.mu.Lock()
	o.limit.Stop()
	m.looking--
	o.err = err
	removed := r.opening != o
	if !removed {
		r.opening = nil
	}
	switch {
	case c != nil && (removed || m.closed):
		o.err = fault.New(fault.Canceled, "%q was removed while it was looked for", r.root.Key())
		defer m.closeContent(c)
	case c != nil:
		m.adopt(r, c, res)
		if o.waiters > 0 {
			r.lastUsed = time.Now() // they are about to
		}
	case !removed:
		r.err = err
		r.failures++
		if r.kept() {
			r.retry = time.Now().Add(m.o.backoff(r.failures))
		}
	}
	m.changed()
	m.mu.Unlock()
	if o.err == nil {
		m.saveQuietly(r)
	}
	m.poke()
	close(o.done)
}

// adopt makes c what the site is read from. The caller holds mu.
func (m *Manager) adopt(r *record, c *content, res Resolved) {
	if old := r.target; old.Valid() && old.ID() != c.target.ID() {
		r.olds = append(r.olds, old.Root())
	}
	if r.current != nil {
		m.release(r.current)
	}
	c.refs++
	r.current, r.target = c, c.target
	r.expires, r.stale = m.o.again(res), res.Stale
	r.err, r.failures, r.retry = nil, 0, time.Time{}
	if now := time.Now(); r.opened.IsZero() {
		r.opened = now
	}
	if r.completing != nil {
		r.completing()
		r.completing = nil
	}
	m.fill(r)
}

// tell gives new hints to the engine of a site that is open or looked for. The
// caller holds mu.
func (m *Manager) tell(r *record) {
	a := r.address
	e := m.engines[a.Network()]
	if e == nil || !a.Immutable() {
		return
	}
	m.goOn(func() {
		ctx, cancel := context.WithTimeout(m.ctx, m.o.OpenTimeout)
		defer cancel()
		s, err := e.Open(ctx, a)
		if err != nil {
			m.o.Log.Debug("hints not used", "site", a.Key(), "error", err)
			return
		}
		m.closeContent(&content{site: s, target: a})
	})
}

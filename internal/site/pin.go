package site

import (
	"context"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
)

// Pin keeps the site at a for good and completes it in the background, or stops
// doing so. A site that is not known yet is opened.
func (m *Manager) Pin(a address.Address, pinned bool) (Site, error) {
	var r *record
	var err error
	if pinned {
		r, _, err = m.begin(a, false)
	} else {
		r, err = m.known(a)
	}
	if err != nil {
		return Site{}, err
	}
	m.mu.Lock()
	if !pinned && r.published {
		m.mu.Unlock()
		return Site{}, fault.New(fault.Conflict, "%q is published from this computer and stays as long as it is", a.Key())
	}
	r.pinned = pinned
	if pinned {
		m.fill(r)
	} else {
		r.retry = time.Time{}
		if r.completing != nil {
			r.completing()
			r.completing = nil
		}
	}
	m.changed()
	l := m.look(r)
	m.mu.Unlock()
	if err := m.save(r); err != nil {
		return Site{}, err
	}
	m.poke()
	return m.finish(l), nil
}

// known returns the record of a site.
func (m *Manager) known(a address.Address) (*record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.sites[a.ID()]
	if r == nil || r.hidden {
		return nil, unknown(a)
	}
	return r, nil
}

// fill fetches all of a pinned site that is open, in the background, again and
// again until it is there. The caller holds mu.
func (m *Manager) fill(r *record) {
	if !r.pinned || r.current == nil || r.completing != nil || r.complete == r.target.ID() {
		return
	}
	ctx, cancel := context.WithCancel(m.ctx)
	r.completing = cancel
	c := r.current
	c.refs++
	m.goOn(func() {
		defer cancel()
		done := m.completeAll(ctx, c)
		m.mu.Lock()
		if done && r.current == c {
			r.complete = c.target.ID()
			r.completing = nil
			m.changed()
		}
		m.release(c)
		m.mu.Unlock()
		m.poke()
	})
}

// completeAll reports whether everything is there, or ctx ended before.
func (m *Manager) completeAll(ctx context.Context, c *content) bool {
	for failures := 1; ; failures++ {
		err := c.site.Complete(ctx)
		if err == nil {
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		m.o.Log.Info("pinned site not complete yet", "site", c.target.Key(), "error", err)
		select {
		case <-time.After(m.o.backoff(failures)):
		case <-ctx.Done():
			return false
		}
	}
}

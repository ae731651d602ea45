package site

import (
	"context"
	"time"

	"github.com/kith-web/kith/internal/address"
)

// refresh looks in the background whether the name of an open site points
// elsewhere now, and if so opens that instead. Meanwhile the site is read from
// where it was. The caller holds mu.
func (m *Manager) refresh(r *record) {
	if r.refreshing || m.closed {
		return
	}
	r.refreshing = true
	m.goOn(func() {
		ctx, cancel := context.WithTimeout(m.ctx, m.o.OpenTimeout)
		defer cancel()
		c, res, err := m.renew(ctx, r)
		m.mu.Lock()
		r.refreshing, r.renewing = false, nil
		switch {
		case c != nil && (r.gone || m.closed || r.current == nil):
			defer m.closeContent(c)
		case c != nil:
			m.adopt(r, c, res)
			m.changed()
		case err != nil:
			r.expires, r.stale = time.Now().Add(m.o.Retry), true
		default:
			r.expires, r.stale = m.o.again(res), res.Stale
		}
		m.mu.Unlock()
		if err != nil {
			m.o.Log.Info("name not refreshed", "site", r.root.Key(), "error", err)
		}
		m.saveQuietly(r)
		m.poke()
	})
}

// renew resolves the name of r, and opens what it points at unless that is open.
func (m *Manager) renew(ctx context.Context, r *record) (*content, Resolved, error) {
	m.mu.Lock()
	a, now := r.address, r.target
	m.mu.Unlock()
	res, err := m.resolve(ctx, a, address.Address{})
	if err != nil {
		return nil, res, err
	}
	for _, c := range res.Candidates {
		if c.ID() == now.ID() && c.Path == now.Path {
			return nil, res, nil
		}
	}
	m.mu.Lock()
	r.renewing = res.Candidates
	m.mu.Unlock()
	c, err := m.race(ctx, res.Candidates)
	return c, res, err
}

package site

import (
	"slices"
	"time"

	"github.com/kith-web/kith/internal/address"
)

// keepHouse does what is due, until the manager is closed: it opens again what
// is to be served, closes what was served long enough, writes what changed and
// removes what there is no room for.
func (m *Manager) keepHouse() {
	m.reopen()
	lastFlush := time.Now()
	for {
		wait := m.due(lastFlush)
		timer := time.NewTimer(wait)
		select {
		case <-m.ctx.Done():
			timer.Stop()
			return
		case <-m.wake:
			timer.Stop()
		case <-timer.C:
		}
		m.retryAndRest()
		m.eraseOlds()
		if time.Since(lastFlush) < m.o.Flush {
			continue
		}
		lastFlush = time.Now()
		if err := m.flush(); err != nil {
			m.o.Log.Error("sites not stored", "error", err)
		}
		m.makeRoom()
	}
}

// reopen opens what is kept, or was used not long ago.
func (m *Manager) reopen() {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	var list []*record
	for _, r := range m.sites {
		if r.kept() || !r.hidden && r.target.Valid() && now.Before(r.lastUsed.Add(m.o.SeedFor)) {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b *record) int { return b.usedAt().Compare(a.usedAt()) })
	for _, r := range list {
		m.search(r)
	}
}

// due is how long nothing has to be done.
func (m *Manager) due(lastFlush time.Time) time.Duration {
	next := lastFlush.Add(m.o.Flush)
	earlier := func(t time.Time) {
		if t.Before(next) {
			next = t
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.sites {
		if t, ok := r.idleAt(m.o.SeedFor); ok {
			earlier(t)
		}
		if !r.retry.IsZero() {
			earlier(r.retry)
		}
		if r.kept() && r.current != nil && !r.expires.IsZero() && !r.refreshing {
			earlier(r.expires)
		}
	}
	return time.Until(next)
}

// retryAndRest tries again what failed and has to be open, has the names of kept
// sites looked up in time, and closes what was served long enough.
func (m *Manager) retryAndRest() {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	for id, r := range m.sites {
		if t, ok := r.idleAt(m.o.SeedFor); ok && !now.Before(t) {
			m.rest(r)
		}
		if !r.retry.IsZero() && !now.Before(r.retry) && r.current == nil {
			m.search(r)
		}
		if r.kept() && r.current != nil && !r.expires.IsZero() && !now.Before(r.expires) {
			m.refresh(r)
		}
		if vain := !r.worthKeeping() && r.opening == nil; vain && !now.Before(r.lastUsed.Add(m.o.SeedFor)) {
			r.gone = true
			delete(m.sites, id)
			m.changed()
		}
	}
}

// eraseOlds deletes former targets that nobody reads any more; of a pinned site
// once the present one is complete.
func (m *Manager) eraseOlds() {
	type old struct {
		r *record
		t address.Address
	}
	var list []old
	m.mu.Lock()
	for _, r := range m.sites {
		if len(r.olds) == 0 || r.current == nil || r.pinned && r.complete != r.target.ID() {
			continue
		}
		if r.users > 0 {
			continue // perhaps of a handle from before the change
		}
		for _, t := range r.olds {
			list = append(list, old{r, t})
		}
		r.olds, r.dirty = nil, true
	}
	m.mu.Unlock()
	for _, o := range list {
		if err := m.erase(m.ctx, o.t, false); err != nil {
			m.o.Log.Warn("former content not deleted", "site", o.r.root.Key(), "error", err)
		}
	}
}

// tenant is a site as the cache sees it.
type tenant struct {
	r      *record
	target address.Address
	used   time.Time
	may    bool // be removed
}

// makeRoom removes the least recently used sites while all together take more
// than they may, or are more.
func (m *Manager) makeRoom() {
	tenants := m.tenants()
	sizes := map[address.ID]int64{}
	var total int64
	removable := 0
	for _, t := range tenants {
		if t.may {
			removable++
		}
		if _, seen := sizes[t.target.ID()]; seen || !t.target.Valid() {
			continue
		}
		size := m.sizeOf(t)
		sizes[t.target.ID()] = size
		total += size
	}
	slices.SortFunc(tenants, func(a, b tenant) int { return a.used.Compare(b.used) })
	for _, t := range tenants {
		full := m.o.CacheSize >= 0 && total > m.o.CacheSize
		if !full && removable <= m.o.MaxSites {
			return
		}
		if !t.may || !m.stillMay(t.r) {
			continue
		}
		if err := m.forget(m.ctx, t.r, false); err != nil {
			m.o.Log.Warn("site not removed", "site", t.r.root.Key(), "error", err)
			continue
		}
		m.o.Log.Info("site removed to make room", "site", t.r.root.Key())
		removable--
		m.mu.Lock()
		freed := !m.needed(t.target.ID())
		m.mu.Unlock()
		if freed {
			total -= sizes[t.target.ID()]
		}
	}
}

func (m *Manager) tenants() []tenant {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []tenant
	for _, r := range m.sites {
		out = append(out, tenant{r, r.target, r.usedAt(), m.mayGo(r)})
	}
	return out
}

// mayGo reports whether a site may be removed for want of room. The caller holds
// mu.
func (m *Manager) mayGo(r *record) bool {
	return !r.kept() && !r.hidden && r.users == 0 && r.opening == nil && time.Since(r.usedAt()) >= m.o.Grace
}

func (m *Manager) stillMay(r *record) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mayGo(r)
}

// sizeOf is what a site takes on disk, as its engine says or said last.
func (m *Manager) sizeOf(t tenant) int64 {
	s, ok := m.stats(t.target)
	m.mu.Lock()
	defer m.mu.Unlock()
	if ok && t.r.disk != s.Disk {
		t.r.disk, t.r.dirty = s.Disk, true
	}
	return t.r.disk
}

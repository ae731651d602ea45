package site

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
)

// record is all that is known of one site. Its fields are guarded by
// Manager.mu but for policy and clear.
type record struct {
	id      address.ID      // never changes
	root    address.Address // never changes
	address address.Address // root, with the hints it was ever opened with
	name    string
	target  address.Address   // what it was last read from
	olds    []address.Address // former targets that are still on disk
	disk    int64             // what it took when last looked at
	expires time.Time         // when to resolve the name again; zero for never
	stale   bool

	pinned    bool
	published bool
	policy    atomic.Pointer[policy]
	clear     atomic.Bool // the browser's storage has to be cleared
	hidden    bool        // forgotten, but for its policy

	opened   time.Time
	lastUsed time.Time

	current    *content // nil unless the site is open
	users      int      // handles
	opening    *opening // nil unless it is looked for
	err        error    // why opening failed last
	failures   int
	retry      time.Time
	refreshing bool
	renewing   []address.Address  // what refreshing tries to open
	completing context.CancelFunc // nil unless Complete goes on
	complete   address.ID         // the target that is known to be complete
	gone       bool               // removed
	dirty      bool               // differs from what is stored
}

// policy is how a site is shown.
type policy struct {
	mode  Mode
	allow []string
}

func newRecord(a address.Address) *record {
	root := a.Root()
	root.Hints = a.Hints
	r := &record{id: a.ID(), root: a.Root(), address: root, name: a.Hints.DisplayName}
	r.policy.Store(&policy{mode: ModeSite})
	return r
}

// kept reports whether the site is served for good.
func (r *record) kept() bool { return r.pinned || r.published }

// idleAt is when the site has been served long enough; ok is false for one that
// is kept, in use or not open.
func (r *record) idleAt(seedFor time.Duration) (t time.Time, ok bool) {
	return r.lastUsed.Add(seedFor), r.current != nil && !r.kept() && r.users == 0
}

// worthKeeping reports whether the site is more than an address that somebody
// tried in vain.
func (r *record) worthKeeping() bool {
	return r.kept() || r.hidden || !r.opened.IsZero() || r.policy.Load().mode != ModeSite || r.clear.Load()
}

// content is one open site of an engine, used by a record and by handles.
type content struct {
	site   engine.Site
	target address.Address // with the folder in which the site begins as Path
	refs   int             // guarded by Manager.mu
}

// addHints joins the hints of a link with those that are known, and reports
// whether that changed them.
func (r *record) addHints(h address.Hints) bool {
	old := &r.address.Hints
	changed := union(&old.Trackers, h.Trackers)
	changed = union(&old.WebSeeds, h.WebSeeds) || changed
	changed = union(&old.ExactSources, h.ExactSources) || changed
	changed = union(&old.Peers, h.Peers) || changed
	if h.Prefer != "" && h.Prefer != old.Prefer {
		old.Prefer, changed = h.Prefer, true
	}
	if h.DisplayName != "" && r.name == "" {
		r.name, changed = h.DisplayName, true
	}
	return changed
}

// union adds what is new to a list, the newest first, up to a limit.
func union(to *[]string, add []string) bool {
	var fresh []string
	for _, s := range add {
		if !slices.Contains(*to, s) && !slices.Contains(fresh, s) {
			fresh = append(fresh, s)
		}
	}
	if len(fresh) == 0 {
		return false
	}
	all := append(fresh, *to...)
	*to = all[:min(len(all), address.MaxHints)]
	return true
}

// snapshot returns what is known of a record, without the engine's part.
func (m *Manager) snapshot(r *record) Site {
	p := r.policy.Load()
	s := Site{
		Address: r.root, Name: r.name, Target: r.target, Network: r.target.Network(), Stale: r.stale,
		Pinned: r.kept(), Published: r.published, Mode: p.mode, Allow: p.allow,
		Opened: r.opened, LastUsed: r.lastUsed, Retry: r.retry, State: StateClosed,
	}
	s.Label, _ = r.root.Label()
	s.Stats.Disk = r.disk
	if r.err != nil {
		s.Error = r.err.Error()
	}
	switch {
	case r.current != nil:
		s.State = StateOpen
	case r.opening != nil:
		s.State = StateOpening
		s.Stats.Waiting = r.opening.waiting
	}
	if until, ok := r.idleAt(m.o.SeedFor); ok {
		s.SeededUntil = until
	}
	return s
}

// look is a snapshot, and the addresses whose statistics belong to it.
type look struct {
	Site
	targets []address.Address
}

func (m *Manager) look(r *record) look {
	l := look{Site: m.snapshot(r)}
	if r.opening != nil {
		l.targets = slices.Clone(r.opening.trying)
	}
	if len(l.targets) == 0 && r.target.Valid() {
		l.targets = []address.Address{r.target}
	}
	return l
}

// finish adds the statistics, of several candidates those of the one that is
// furthest. It is called without Manager.mu, because engines may take their time.
func (m *Manager) finish(l look) Site {
	waiting := l.Stats.Waiting
	found := false
	for _, t := range l.targets {
		e := m.engines[t.Network()]
		if e == nil {
			continue
		}
		if s, ok := e.Stats(t.Root()); ok && (!found || furthest(s, l.Stats) > 0) {
			l.Stats, found = s, true
		}
	}
	if l.Stats.Waiting == "" && l.State == StateOpening {
		l.Stats.Waiting = waiting
	}
	if l.Stats.Peers == nil {
		l.Stats.Peers = []engine.Peer{}
	}
	return l.Site
}

func furthest(a, b engine.Stats) int {
	return cmp.Or(cmp.Compare(a.Stored, b.Stored), cmp.Compare(len(a.Peers), len(b.Peers)), cmp.Compare(a.Known, b.Known))
}

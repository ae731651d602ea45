package site

import (
	"encoding/json"
	"time"

	"github.com/kith-web/kith/internal/address"
)

// prefix of the keys in the store; the rest of a key is the address's.
const prefix = "site/"

// stored is the form of a record in the store.
type stored struct {
	Address   address.Address   `json:"address"`
	Hints     address.Hints     `json:"hints,omitzero"`
	Name      string            `json:"name,omitempty"`
	Target    address.Address   `json:"target,omitzero"`
	Olds      []address.Address `json:"olds,omitempty"`
	Disk      int64             `json:"disk,omitempty"`
	Pinned    bool              `json:"pinned,omitempty"`
	Published bool              `json:"published,omitempty"`
	Mode      Mode              `json:"mode"`
	Allow     []string          `json:"allow,omitempty"`
	Clear     bool              `json:"clear,omitempty"`
	Hidden    bool              `json:"hidden,omitempty"`
	Opened    time.Time         `json:"opened,omitzero"`
	LastUsed  time.Time         `json:"lastUsed,omitzero"`
}

// load reads what the store remembers. What it cannot read it leaves where it
// is: a newer version may have written it.
func (m *Manager) load() error {
	return m.o.Store.Each(prefix, func(key string, value []byte) error {
		var s stored
		if err := json.Unmarshal(value, &s); err != nil || !s.Address.Valid() || prefix+s.Address.Key() != key {
			m.o.Log.Error("stored site unreadable", "key", key, "error", err)
			return nil
		}
		s.Address.Hints = s.Hints
		r := newRecord(s.Address)
		r.name, r.olds, r.disk = s.Name, s.Olds, s.Disk
		if s.Target.Immutable() {
			r.target = s.Target
		}
		r.pinned, r.published, r.hidden = s.Pinned, s.Published, s.Hidden
		r.opened, r.lastUsed = s.Opened, s.LastUsed
		if now := time.Now(); r.lastUsed.After(now) {
			r.lastUsed = now // the clock was set back
		}
		if s.Mode == ModeApp {
			r.policy.Store(&policy{ModeApp, s.Allow})
		}
		r.clear.Store(s.Clear)
		m.sites[r.id] = r
		return nil
	})
}

// form is what is to be stored under the key of a record; nil for nothing. The
// caller holds mu.
func (m *Manager) form(r *record) ([]byte, error) {
	r = m.sites[r.id] // which may be another, known since this one was removed
	if r == nil || !r.worthKeeping() {
		return nil, nil
	}
	p := r.policy.Load()
	return json.Marshal(stored{
		Address: r.address.Root(), Hints: r.address.Hints, Name: r.name, Target: r.target, Olds: r.olds, Disk: r.disk,
		Pinned: r.pinned, Published: r.published, Mode: p.mode, Allow: p.allow, Clear: r.clear.Load(), Hidden: r.hidden,
		Opened: r.opened, LastUsed: r.lastUsed,
	})
}

// save writes records, or deletes those that are gone, and returns when that is
// on disk.
func (m *Manager) save(records ...*record) error {
	m.saving.Lock()
	defer m.saving.Unlock()
	puts := map[string][]byte{}
	var deletes []string
	m.mu.Lock()
	for _, r := range records {
		data, err := m.form(r)
		if err != nil {
			m.mu.Unlock()
			return err
		}
		r.dirty = false
		if key := prefix + r.root.Key(); data == nil {
			deletes = append(deletes, key)
		} else {
			puts[key] = data
		}
	}
	m.mu.Unlock()
	if len(puts)+len(deletes) == 0 {
		return nil
	}
	err := m.o.Store.Apply(puts, deletes)
	if err != nil {
		m.mu.Lock()
		for _, r := range records {
			r.dirty = true
		}
		m.mu.Unlock()
	}
	return err
}

// saveQuietly is save where nobody waits for the outcome; what could not be
// written is tried again with the next flush.
func (m *Manager) saveQuietly(r *record) {
	if err := m.save(r); err != nil {
		m.o.Log.Error("site not stored", "site", r.root.Key(), "error", err)
	}
}

// flush writes every record that differs from what is stored.
func (m *Manager) flush() error {
	var list []*record
	m.mu.Lock()
	for _, r := range m.sites {
		if r.dirty && r.worthKeeping() {
			list = append(list, r)
		}
	}
	m.mu.Unlock()
	return m.save(list...)
}

package library

import (
	"errors"
	"slices"

	"github.com/kith-web/kith/internal/library/body"
	"github.com/kith-web/kith/internal/seal"
)

// Tick does what is due: comparisons with other devices, purges that nobody
// answered, tombstones and notes whose time is over, bodies that are not to be
// kept here any longer, drafts that got nothing for long. Once a minute is enough.
func (l *Library) Tick() ([]seal.Outgoing, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left = slices.DeleteFunc(l.left, func(path string) bool { return body.Remove(path) == nil })
	if err := l.expireGone(); err != nil {
		return nil, err
	}
	if err := l.expireGraves(); err != nil {
		return nil, err
	}
	if err := errors.Join(l.evict(), l.expireDrafts()); err != nil {
		return nil, err
	}
	out, err := l.settleEarly()
	if err != nil {
		return out, err
	}
	more, err := l.remind()
	if out = append(out, more...); err != nil {
		return out, err
	}
	due := false
	for _, d := range l.circle.line {
		if l.now()-l.peer(d.ID).Began >= l.o.Reconcile.Milliseconds() {
			out, due = append(out, l.open(d)), true
		}
	}
	for id := range l.peers {
		if len(l.circle.line) > 0 && !l.knows(id) {
			delete(l.peers, id)
			due = true
		}
	}
	if due {
		err = l.keepPeers()
	}
	return out, err
}

// expireGraves takes tombstones out of comparisons when their time is over, on all
// devices alike, and erases them. One of an item that another device made is kept
// until that device has it: it alone could bring the item back.
func (l *Library) expireGraves() error {
	now := l.now()
	b := l.begin()
	var erased []Handle
	var over []Handle
	for h, g := range l.index.graves {
		if g.until > now {
			continue
		}
		if !g.out {
			over = append(over, h)
		}
		if g.by == l.o.Device || !l.knows(g.by) || l.peer(g.by).Acked >= g.seq {
			b.Exec(`DELETE FROM grave WHERE handle = ?`, append([]byte(nil), h[:]...))
			erased = append(erased, h)
		}
	}
	for _, h := range over {
		g := *l.index.graves[h]
		g.out = true
		l.index.bury(h, &g)
	}
	if len(erased) == 0 {
		return nil
	}
	for _, h := range erased {
		l.erased = max(l.erased, l.index.graves[h].seq)
		l.index.unbury(h)
	}
	return l.commit(b)
}

// wants says whether a body is to be on this device.
func (l *Library) wants(e *entry) bool {
	if e.app == personApp || e.rev.Device() == l.o.Device {
		return true // what was written here is here, whatever else is kept
	}
	h := l.o.Holds
	if h.Apps != nil && !slices.Contains(h.Apps, e.app) {
		return false
	}
	return h.Recent <= 0 || l.now()-max(e.used, e.rev.Time()) <= h.Recent.Milliseconds()
}

// evict removes bodies that this device is not to keep and did not write.
func (l *Library) evict() error {
	if l.o.Holds.Recent <= 0 && l.o.Holds.Apps == nil {
		return nil
	}
	var idle []*entry
	for _, e := range l.index.byPath {
		if e.names && !l.wants(e) {
			idle = append(idle, e)
		}
	}
	if len(idle) == 0 {
		return nil
	}
	b := l.begin()
	keys := make([][]byte, len(idle))
	slots := make([]int64, len(idle))
	for i, e := range idle {
		r, err := l.full(e)
		if err != nil {
			return err
		}
		if slots[i], err = l.rewrite(b, e, r, false); err != nil {
			return err
		}
		keys[i] = r.Key
	}
	if err := l.commit(b); err != nil {
		return err
	}
	for i, e := range idle {
		e.slot, e.here, e.names = slots[i], false, false
		l.discard(keys[i])
	}
	return nil
}

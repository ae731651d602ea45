package library

import (
	"slices"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/library/vault"
	"github.com/kith-web/kith/internal/seal"
)

// write is one new version of an item: made here, or told by another device.
type write struct {
	record record
	here   bool // the body is on this device

	old    *entry // what it replaces
	oldKey []byte // of a body that is not the new version's
	fresh  *entry
}

// store makes new versions durable and puts them into the index. Callers hold
// l.mu and have decided that each is newer than what is there.
func (l *Library) store(ws []*write) error {
	b := l.begin()
	for _, w := range ws {
		w.old = l.index.byHandle[w.record.Handle]
		if w.old == nil && len(l.index.byHandle) >= l.o.MostItems {
			return fault.New(fault.TooLarge, "the library has %d documents already", len(l.index.byHandle))
		}
		if err := l.replace(b, w); err != nil {
			return err
		}
	}
	if err := l.commit(b); err != nil {
		return err
	}
	for _, w := range ws {
		if w.old != nil {
			l.index.remove(w.old)
		}
		l.index.add(w.fresh)
		l.clock.see(w.record.Revision)
		if w.oldKey != nil {
			l.discard(w.oldKey)
		}
	}
	return nil
}

// replace puts one version into a batch.
func (l *Library) replace(b *vault.Batch, w *write) error {
	l.seq++
	s := stored{Record: w.record, Seq: l.seq, Here: w.here}
	used := l.now()
	var sent []seal.RelationID
	if w.old != nil {
		sent = w.old.sent
		old, err := l.full(w.old)
		if err != nil {
			return err
		}
		if (w.old.names || !w.old.here) && !slices.Equal(old.Key, w.record.Key) {
			w.oldKey = old.Key
		}
	}
	row, err := rowOf(s, used, sent)
	if err != nil {
		return err
	}
	var extra []byte
	if isInline(&w.record) {
		extra = append([]byte{}, w.record.Inline...)
	}
	slot := b.Add(row, extra)
	if w.old != nil {
		b.Drop(w.old.slot)
	}
	w.fresh = l.index.entryOf(&w.record, s, slot)
	w.fresh.used, w.fresh.sent = used, sent
	return nil
}

// full opens the whole record of an entry, without its inline body.
func (l *Library) full(e *entry) (record, error) {
	row, err := l.vault.Row(e.slot)
	if err != nil {
		return record{}, err
	}
	var s stored
	if err := seal.Unmarshal(row.Meta, &s); err != nil {
		return record{}, fault.New(fault.Corrupt, "an item of the library cannot be read: %w", err)
	}
	return s.Record, nil
}

// whole is full with the inline body, as other devices are told it.
func (l *Library) whole(e *entry) (record, error) {
	r, err := l.full(e)
	if err != nil || !isInline(&r) {
		return r, err
	}
	r.Inline, err = l.vault.Extra(e.slot)
	return r, err
}

// change stores new versions made on this device, and returns the messages about
// them.
func (l *Library) change(ws []*write) ([]seal.Outgoing, error) {
	s, err := l.carryOut(ws, func(seal.RelationID) bool { return true })
	if err != nil {
		return nil, err
	}
	out := append(s.out, l.tell(s.touched)...)
	l.announce(s.all)
	return append(l.push(s.all), out...), nil
}

// carried is what came of writes.
type carried struct {
	asked, all []*write // purges that were asked for, and these with the writes
	out        []seal.Outgoing
	touched    map[seal.RelationID]bool // friends to tell that something changed
}

// carryOut makes writes durable, and asks those for a purge who may not see any
// more what they were sent. Of the friends whom a write concerns it notes those
// that tells picks.
func (l *Library) carryOut(ws []*write, tells func(seal.RelationID) bool) (s carried, err error) {
	s.touched = map[seal.RelationID]bool{}
	var lost []loss
	for _, w := range ws {
		old := l.index.byHandle[w.record.Handle]
		was := l.entitled(old)
		shared := &entry{app: w.record.App, path: w.record.Path, aud: l.index.audience(w.record.Audience)}
		is := l.entitled(shared)
		for _, id := range append(was, is...) {
			if tells(id) {
				s.touched[id] = true
			}
		}
		if old != nil {
			lost = append(lost, l.losses(old, shared, was, is)...)
		}
	}
	if s.asked, s.out, err = l.ask(lost); err != nil {
		return s, err
	}
	s.all = append(s.asked, ws...)
	if err := l.store(s.all); err != nil {
		return s, err
	}
	for _, w := range s.all {
		if err := l.learn(w.fresh); err != nil {
			return s, err
		}
	}
	return s, l.vanish(lost)
}

// tell returns a hint for each friend that something changed.
func (l *Library) tell(touched map[seal.RelationID]bool) []seal.Outgoing {
	var out []seal.Outgoing
	for _, id := range l.circle.order {
		if touched[id] {
			out = append(out, changed(id))
		}
	}
	return out
}

// Event is what a watcher is told.
type Event struct {
	// Path of a document, as it is shown; empty when more than that changed, of any
	// app.
	App, Path string
	// Tag is what Item.Tag is now; empty when there is nothing any more.
	Tag string
	// Record is the key of a record of the person's own state.
	Record string
	Seq    uint64
}

// Watch has f called for every change, with the library locked: f must not call
// back, only note it and return. The result ends it.
func (l *Library) Watch(f func(Event)) (end func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.nextID++
	id := l.nextID
	l.watchers[id] = f
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.watchers, id)
	}
}

func (l *Library) announce(ws []*write) {
	for _, w := range ws {
		if w.old != nil && w.old.path != w.record.Path {
			l.notify(w.old.app, w.old.path)
		}
		l.notify(w.record.App, w.record.Path)
	}
}

// notify tells watchers what is at a path now, and what is shown beside it.
func (l *Library) notify(app, path string) {
	if app == personApp {
		l.say(Event{Record: path, Seq: l.seq})
		return
	}
	there := l.index.same(app, path)
	if len(there) == 0 {
		l.say(Event{App: app, Path: path, Seq: l.seq})
	}
	for _, e := range there {
		l.say(Event{App: app, Path: l.shown(e), Tag: l.item(e, path).Tag(), Seq: l.seq})
	}
}

func (l *Library) say(e Event) {
	for _, f := range l.watchers {
		f(e)
	}
}

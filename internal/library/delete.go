package library

import (
	"slices"
	"strings"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/library/vault"
	"github.com/kith-web/kith/internal/seal"
)

// Remove deletes a document, or with all what is below a folder: the keys are
// overwritten, the bodies removed, own devices told, and friends who were sent
// any of it asked to purge it (spec §6.5). How many documents went is returned;
// fault.NotFound when there was none.
func (l *Library) Remove(app, name string, all bool) (int, []seal.Outgoing, error) {
	return l.RemoveIf(app, name, all, "")
}

// RemoveIf is Remove under the condition that the document is what PutOptions.IfMatch
// says. The error is fault.Conflict.
func (l *Library) RemoveIf(app, name string, all bool, ifMatch string) (int, []seal.Outgoing, error) {
	if err := checkFolder(name); err != nil {
		return 0, nil, err
	}
	if app == personApp {
		return 0, nil, fault.New(fault.Forbidden, "the person's own state is not removed as documents")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.condition(app, name, PutOptions{IfMatch: ifMatch}); err != nil {
		return 0, nil, err
	}
	var doomed []*entry
	if e := l.index.find(app, strings.TrimSuffix(name, "/")); e != nil && !strings.HasSuffix(name, "/") {
		doomed = append(doomed, e)
	}
	if all {
		l.index.each(app, below(name), func(e *entry, _ string) bool {
			doomed = append(doomed, e)
			return true
		})
	}
	if len(doomed) == 0 {
		err := fault.New(fault.NotFound, "there is no document %s", name)
		if !all && l.index.from(app, below(name)) < l.index.from(app, below(name)+"\xff") {
			err = fault.New(fault.Conflict, "%s is a folder", name).WithHint("remove it with all that is in it by '--all'")
		}
		return 0, nil, err
	}
	out, err := l.delete(doomed)
	return len(doomed), out, err
}

// delete deletes entries because a person said so.
func (l *Library) delete(doomed []*entry) ([]seal.Outgoing, error) {
	if len(doomed) == 0 {
		return nil, nil
	}
	lost := make([]loss, 0, len(doomed))
	touched := map[seal.RelationID]bool{}
	graves := make([]record, 0, len(doomed))
	for _, e := range doomed {
		blind := l.entitled(e)
		for _, id := range blind {
			touched[id] = true
		}
		lost = append(lost, loss{entry: e, shown: l.shown(e), had: e.sent, blind: blind, deleted: true})
		graves = append(graves, record{
			Handle: e.handle, Revision: l.clock.next(l.now()), By: e.by,
			Until: l.now() + l.o.Bury.Milliseconds(),
		})
	}
	asked, out, err := l.ask(lost)
	if err != nil {
		return nil, err
	}
	if len(asked) > 0 {
		more, err := l.change(asked)
		if err != nil {
			return nil, err
		}
		out = append(more, out...)
	}
	if err := l.bury(graves); err != nil {
		return nil, err
	}
	if err := l.vanish(lost); err != nil {
		return nil, err
	}
	out = append(out, l.pushRecords(graves)...)
	return append(out, l.tell(touched)...), nil
}

// shown is the name by which an entry is shown now.
func (l *Library) shown(e *entry) string {
	if l.index.find(e.app, e.path) == e {
		return e.path
	}
	return other(e)
}

// bury puts tombstones in the place of items, or where there is none. When it
// returns the keys of what was there are overwritten and the bodies removed; a
// process that is killed before does the rest when it starts (Open).
func (l *Library) bury(graves []record) error {
	b := l.begin()
	var doomed []*entry
	var keys [][]byte
	made := make([]*grave, len(graves))
	for i, r := range graves {
		l.seq++
		made[i] = &grave{rev: r.Revision, by: r.By, until: r.Until, seq: l.seq, out: r.Until <= l.now()}
		if len(l.circle.line) > 0 || len(l.peers) > 0 {
			b.Exec(`INSERT OR REPLACE INTO grave (handle, revision, maker, until, seq) VALUES (?, ?, ?, ?, ?)`,
				r.Handle[:], r.Revision[:], r.By[:], r.Until, int64(l.seq))
		} else {
			made[i] = nil // nobody has to be told
		}
		if e := l.index.byHandle[r.Handle]; e != nil {
			key, err := l.doom(b, e)
			if err != nil {
				return err
			}
			doomed, keys = append(doomed, e), append(keys, key)
		}
	}
	if err := l.commit(b); err != nil {
		return err
	}
	for i, r := range graves {
		if made[i] != nil {
			l.index.bury(r.Handle, made[i])
		}
		l.clock.see(r.Revision)
	}
	return l.clear(doomed, keys)
}

// doom drops an entry's row in a batch and returns the key of its body's file.
func (l *Library) doom(b *vault.Batch, e *entry) ([]byte, error) {
	b.Drop(e.slot)
	if e.here && !e.names {
		return nil, nil // inline
	}
	r, err := l.full(e)
	return r.Key, err
}

// clear removes what is left of entries whose rows are dropped.
func (l *Library) clear(doomed []*entry, keys [][]byte) error {
	for i, e := range doomed {
		shown := l.shown(e)
		l.index.remove(e)
		l.unlearn(e)
		if rest := l.index.same(personApp, e.path); e.app == personApp && len(rest) > 0 {
			if err := l.learn(rest[0]); err != nil {
				return err
			}
		}
		if keys[i] != nil {
			l.discard(keys[i])
		}
		l.notify(e.app, e.path)
		if shown != e.path {
			l.say(Event{App: e.app, Path: shown, Seq: l.seq})
		}
	}
	if len(doomed) == 0 {
		return nil
	}
	return l.vault.Wipe()
}

// Share says who may see documents: one, or with all what is below a folder.
// Friends who may see something no longer and were sent it are asked to purge it.
func (l *Library) Share(app, name string, all bool, a Audience) (int, []seal.Outgoing, error) {
	if err := a.check(); err != nil {
		return 0, nil, err
	}
	a = a.canonical()
	return l.edit(app, name, all, func(e *entry, r *record) bool {
		same := e.aud == l.index.audience(a)
		r.Audience = a
		return !same
	})
}

// Widen adds friends and lists to an audience, and takes others away: what
// 'share' and 'unshare' do. Of All, nobody can be taken away.
func (l *Library) Widen(app, name string, all bool, add, remove Audience) (int, []seal.Outgoing, error) {
	if add.Reach == All {
		return l.Share(app, name, all, Audience{Reach: All})
	}
	return l.edit(app, name, all, func(e *entry, r *record) bool {
		a := e.aud.Audience
		if a.Reach == All && len(remove.Friends)+len(remove.Lists) == 0 {
			return false
		}
		a.Friends = append(slices.Clone(a.Friends), add.Friends...)
		a.Lists = append(slices.Clone(a.Lists), add.Lists...)
		a.Friends = slices.DeleteFunc(a.Friends, func(id seal.RelationID) bool { return slices.Contains(remove.Friends, id) })
		a.Lists = slices.DeleteFunc(a.Lists, func(h ListHandle) bool { return slices.Contains(remove.Lists, h) })
		a.Reach = Some
		if len(a.Friends)+len(a.Lists) == 0 {
			a.Reach = Nobody
		}
		r.Audience = a.canonical()
		return l.index.audience(r.Audience) != e.aud
	})
}

// Label sets the labels of documents.
func (l *Library) Label(app, name string, all bool, labels []string) (int, []seal.Outgoing, error) {
	if err := (PutOptions{Labels: labels}).check("x"); err != nil {
		return 0, nil, err
	}
	labels = slices.Compact(slices.Sorted(slices.Values(labels)))
	return l.edit(app, name, all, func(e *entry, r *record) bool {
		r.Labels = labels
		return !slices.Equal(e.labels, labels)
	})
}

// Move gives a document another path.
func (l *Library) Move(app, name, to string) ([]seal.Outgoing, error) {
	if err := CheckPath(to); err != nil {
		return nil, err
	}
	l.mu.RLock()
	taken := l.index.find(app, to) != nil
	l.mu.RUnlock()
	if taken {
		return nil, fault.New(fault.Conflict, "%s exists", to).WithHint("choose another path, or remove it first")
	}
	_, out, err := l.edit(app, name, false, func(_ *entry, r *record) bool {
		r.Path = to
		return true
	})
	return out, err
}

// edit makes new versions of documents with the bodies they have. f says whether
// there is anything new. It returns how many documents there are at that path.
func (l *Library) edit(app, name string, all bool, f func(*entry, *record) bool) (int, []seal.Outgoing, error) {
	if err := checkFolder(name); err != nil {
		return 0, nil, err
	}
	if app == personApp {
		return 0, nil, fault.New(fault.Forbidden, "the person's own state is not edited as documents")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []*entry
	if e := l.index.find(app, strings.TrimSuffix(name, "/")); e != nil && !l.doubtful(e) {
		found = append(found, e)
	}
	if all {
		l.index.each(app, below(name), func(e *entry, _ string) bool {
			if !l.doubtful(e) {
				found = append(found, e)
			}
			return true
		})
	}
	if len(found) == 0 {
		return 0, nil, fault.New(fault.NotFound, "there is no document %s", name)
	}
	var ws []*write
	for _, e := range found {
		r, err := l.whole(e)
		if err != nil {
			return 0, nil, err
		}
		if f(e, &r) {
			r.Revision = l.clock.next(l.now())
			ws = append(ws, &write{record: r, here: e.here})
		}
	}
	if len(ws) == 0 {
		return len(found), nil, nil
	}
	out, err := l.change(ws)
	return len(found), out, err
}

package library

import (
	"slices"

	"github.com/kith-web/kith/internal/seal"
)

// verdict is what is done about one record of another device.
type verdict int

const (
	ignore verdict = iota
	take           // a newer version
	remove         // a deletion
	refuse         // an item that was deleted here: the other is told
)

// judge decides about a record. It depends on nothing but what is there, so that
// all devices decide alike.
func (l *Library) judge(p *peer, r *record) verdict {
	if r.Revision.Time() > l.now()+l.o.Ahead.Milliseconds() {
		return ignore // comes again when its time has come
	}
	e, g := l.index.byHandle[r.Handle], l.index.graves[r.Handle]
	if r.Until != 0 {
		switch {
		case g != nil && !g.rev.less(r.Revision), g == nil && e == nil && r.Until <= l.now():
			return ignore
		}
		return remove
	}
	if err := bounded(r); err != nil {
		l.o.Log.Warn("an item of another device is refused", "error", err)
		return ignore
	}
	switch {
	case g != nil && g.out:
		return refuse // out of the comparison, so that nothing else tells the other
	case g != nil:
		return ignore // deletion is final; the comparison tells the other
	case e == nil && p.deletedHere(r) && len(l.resets) == 0:
		return refuse
	case e == nil || e.rev.less(r.Revision):
		return take
	}
	return ignore
}

// deletedHere says of an item that this device does not know whether it must have
// known it. What the other made before both had the same, it knew. And from one
// that was told to reset nothing is new but what it made itself.
func (p *peer) deletedHere(r *record) bool {
	if r.By == p.Device {
		return r.Created < p.Equal
	}
	return p.Behind
}

// apply takes items and tombstones of another device, and reports whether any of
// them was new.
func (l *Library) apply(p *peer, rs []record) (out []seal.Outgoing, fresh bool, err error) {
	var ws []*write
	var graves, refused []record
	seen := map[Handle]int{}
	for i := range rs {
		r := &rs[i]
		if _, twice := seen[r.Handle]; twice {
			continue // nobody sends one twice in a message
		}
		seen[r.Handle] = i
		switch l.judge(p, r) {
		case ignore:
		case remove:
			graves = append(graves, *r)
		case refuse:
			refused = append(refused, l.epitaph(r))
		case take:
			r.Audience = r.Audience.canonical()
			ws = append(ws, &write{record: *r, here: l.hasBody(r)})
		}
	}
	more, err := l.accept(ws)
	if err != nil {
		return nil, false, err
	}
	out = append(out, more...)
	if more, err = l.inter(append(graves, refused...)); err != nil {
		return nil, false, err
	}
	out = append(out, more...)
	if more, err = l.settleDoubles(ws); err != nil {
		return nil, false, err
	}
	out = append(append(out, more...), l.pushRecords(refused)...)
	return out, len(ws)+len(graves) > 0, nil
}

// hasBody says whether a new version's body is here already: it is in the item, or
// it is the one that the old version has.
func (l *Library) hasBody(r *record) bool {
	if isInline(r) {
		return true
	}
	e := l.index.byHandle[r.Handle]
	if e == nil || !e.here {
		return false
	}
	old, err := l.full(e)
	return err == nil && slices.Equal(old.Key, r.Key)
}

// epitaph is the tombstone of something that was deleted here before.
func (l *Library) epitaph(r *record) record {
	if g := l.index.graves[r.Handle]; g != nil {
		return record{Handle: r.Handle, Revision: g.rev, By: g.by, Until: g.until}
	}
	return record{
		Handle: r.Handle, Revision: l.clock.next(l.now()), By: r.By,
		Until: l.now() + l.o.Bury.Milliseconds(),
	}
}

// accept stores versions of another device. Friends to whom this device has shown
// what there is are told that it changed.
func (l *Library) accept(ws []*write) ([]seal.Outgoing, error) {
	if len(ws) == 0 {
		return nil, nil
	}
	s, err := l.carryOut(ws, func(id seal.RelationID) bool {
		_, follows := l.given[id]
		return follows
	})
	if err != nil {
		return nil, err
	}
	l.announce(s.all)
	return append(append(s.out, l.push(s.asked)...), l.tell(s.touched)...), nil
}

// inter deletes what another device deleted. Friends who were sent it by this
// device are asked to purge it: no other device knows that they were.
func (l *Library) inter(graves []record) ([]seal.Outgoing, error) {
	if len(graves) == 0 {
		return nil, nil
	}
	out, lost, err := l.mourn(graves)
	if err != nil {
		return nil, err
	}
	if err := l.bury(graves); err != nil {
		return nil, err
	}
	return out, l.vanish(lost)
}

// mourn asks friends to purge what is about to go, and tells those who follow.
func (l *Library) mourn(graves []record) ([]seal.Outgoing, []loss, error) {
	var lost []loss
	touched := map[seal.RelationID]bool{}
	for _, r := range graves {
		e := l.index.byHandle[r.Handle]
		if e == nil {
			continue
		}
		blind := l.entitled(e)
		for _, id := range blind {
			if _, follows := l.given[id]; follows {
				touched[id] = true
			}
		}
		lost = append(lost, loss{entry: e, shown: l.shown(e), had: e.sent, blind: blind, deleted: true})
	}
	asked, out, err := l.ask(lost)
	if err != nil {
		return nil, nil, err
	}
	more, err := l.change(asked)
	return append(append(out, more...), l.tell(touched)...), lost, err
}

// settleDoubles deletes the older of two records that two devices made under one
// key before they heard of one another. All devices choose the same.
func (l *Library) settleDoubles(ws []*write) ([]seal.Outgoing, error) {
	var doomed []*entry
	for _, w := range ws {
		if w.record.App != personApp {
			continue
		}
		for i, e := range l.index.same(personApp, w.record.Path) {
			if i > 0 && !slices.Contains(doomed, e) {
				doomed = append(doomed, e)
			}
		}
	}
	return l.delete(doomed)
}

// drop removes entries that were deleted elsewhere so long ago that nobody has a
// tombstone any more.
func (l *Library) drop(doomed []*entry) ([]seal.Outgoing, error) {
	if len(doomed) == 0 {
		return nil, nil
	}
	rs := make([]record, len(doomed))
	for i, e := range doomed {
		rs[i] = record{Handle: e.handle}
	}
	out, lost, err := l.mourn(rs)
	if err != nil {
		return nil, err
	}
	for _, p := range l.peers {
		p.Equal = 0 // what is dropped was known when they agreed: see deletedHere
	}
	b := l.begin()
	keys := make([][]byte, len(doomed))
	for i, e := range doomed {
		if keys[i], err = l.doom(b, e); err != nil {
			return nil, err
		}
	}
	if err := l.commit(b); err != nil {
		return nil, err
	}
	if err := l.clear(doomed, keys); err != nil {
		return nil, err
	}
	return out, l.vanish(lost)
}

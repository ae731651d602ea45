package library

import (
	"slices"

	"github.com/kith-web/kith/internal/library/vault"
	"github.com/kith-web/kith/internal/seal"
)

// gone is a path that friends who follow the changes have to be told is there no
// more: deleted, moved, or no longer for them. It is kept, in a row of its own,
// until they have asked, or Options.Gone is over; who comes later is told
// everything anew.
type gone struct {
	Path    string            `cbor:"1,keyasint"`
	Seq     uint64            `cbor:"2,keyasint"`
	Until   int64             `cbor:"3,keyasint"`
	Waiting []seal.RelationID `cbor:"4,keyasint"`
	slot    int64
}

// given is from when on a friend with a cursor can be told what changed.
type given struct {
	Relation seal.RelationID `cbor:"1,keyasint"`
	From     uint64          `cbor:"2,keyasint"`
}

func (l *Library) loadGone(r vault.Row) error {
	g := &gone{slot: r.Slot}
	if err := seal.Unmarshal(r.Meta, g); err != nil {
		l.o.Log.Warn("a note of what is gone cannot be read", "error", err)
		return nil
	}
	l.gone = append(l.gone, g)
	return nil
}

// vanish notes for those who have a cursor what they are to see no longer.
func (l *Library) vanish(lost []loss) error {
	if len(lost) > mostGone {
		return l.forgetCursors(lost)
	}
	b := l.begin()
	var fresh []*gone
	for _, x := range lost {
		g := &gone{Path: publicPath(x.entry.app, x.shown), Until: l.now() + l.o.Gone.Milliseconds()}
		for _, id := range x.blind {
			if _, ok := l.given[id]; ok {
				g.Waiting = append(g.Waiting, id)
			}
		}
		if g.Waiting == nil {
			continue
		}
		l.seq++
		g.Seq = l.seq
		if err := addGone(b, g); err != nil {
			return err
		}
		fresh = append(fresh, g)
	}
	if fresh == nil {
		return nil
	}
	if err := l.commit(b); err != nil {
		return err
	}
	l.gone = append(l.gone, fresh...)
	return nil
}

// mostGone is how many paths are noted at once; when more go, those who could see
// them are told everything anew.
const mostGone = 512

func (l *Library) forgetCursors(lost []loss) error {
	for _, x := range lost {
		for _, id := range x.blind {
			delete(l.given, id)
		}
	}
	b := l.begin()
	if err := l.setGiven(b); err != nil {
		return err
	}
	return l.commit(b)
}

func addGone(b *vault.Batch, g *gone) error {
	meta, err := seal.Marshal(g)
	if err != nil {
		return err
	}
	g.slot = b.Add(vault.Row{Kind: rowGone, Meta: meta}, nil)
	return nil
}

// told strikes a friend off what they have been told up to a number.
func (l *Library) told(id seal.RelationID, upTo uint64) error {
	b := l.begin()
	kept := l.gone[:0:0]
	touched := false
	for _, g := range l.gone {
		if g.Seq > upTo || !slices.Contains(g.Waiting, id) {
			kept = append(kept, g)
			continue
		}
		touched = true
		b.Drop(g.slot)
		rest := &gone{Path: g.Path, Seq: g.Seq, Until: g.Until}
		rest.Waiting = slices.DeleteFunc(slices.Clone(g.Waiting), func(x seal.RelationID) bool { return x == id })
		if len(rest.Waiting) == 0 {
			continue
		}
		if err := addGone(b, rest); err != nil {
			return err
		}
		kept = append(kept, rest)
	}
	if !touched {
		return nil
	}
	if err := l.commit(b); err != nil {
		return err
	}
	l.gone = kept
	return nil
}

// expireGone forgets what was not asked for in time, and the cursors of those who
// did not ask.
func (l *Library) expireGone() error {
	now := l.now()
	b := l.begin()
	kept := l.gone[:0:0]
	for _, g := range l.gone {
		if g.Until > now {
			kept = append(kept, g)
			continue
		}
		b.Drop(g.slot)
		for _, id := range g.Waiting {
			delete(l.given, id)
		}
	}
	if len(kept) == len(l.gone) {
		return nil
	}
	if err := l.setGiven(b); err != nil {
		return err
	}
	if err := l.commit(b); err != nil {
		return err
	}
	l.gone = kept
	return l.vault.Wipe()
}

func (l *Library) setGiven(b *vault.Batch) error {
	var all []given
	for id, from := range l.given {
		all = append(all, given{id, from})
	}
	slices.SortFunc(all, func(a, b given) int { return slices.Compare(a.Relation[:], b.Relation[:]) })
	return setState(b, "given", all)
}

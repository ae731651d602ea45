package person

import (
	"bytes"
	"cmp"
	"slices"
)

// Two own devices may answer one join, or one change of keys, at the same time:
// each got it by another relay, and neither knew of the other's answer. What comes
// of it are twins, relations with one opening. Either may stand, for the other side
// may have two devices as well. Of twins that both sides know to stand, both keep
// the one with the greatest id; the others go when everybody has heard of it.

// order sorts a friend's relations, the newest first. Twins are of one age, the
// least of theirs, and the one that stays comes first among them.
func (f *friend) order() {
	least := map[string]int64{}
	for _, r := range f.all {
		key := string(r.record.Opening)
		if at, ok := least[key]; !ok || r.record.Created < at {
			least[key] = r.record.Created
		}
	}
	slices.SortFunc(f.all, func(a, b *relation) int {
		return cmp.Or(
			cmp.Compare(least[string(b.record.Opening)], least[string(a.record.Opening)]),
			bytes.Compare(b.id[:], a.id[:]),
		)
	})
}

// outdone reports whether a twin of r that comes before it, or that stands while r
// does not, is used in its place.
func (f *friend) outdone(r *relation) bool {
	for _, other := range f.all {
		switch {
		case other == r && r.pending == nil:
			return false
		case other != r && other.pending == nil && bytes.Equal(other.record.Opening, r.record.Opening):
			return true
		}
	}
	return false
}

// sweepTwins erases those that are not used: a day after they came to be, or, when
// another own device may have a confirm of it that nobody else has heard of yet,
// after the time that a message may take.
func (p *Person) sweepTwins(c *change, v *view, f *friend) {
	for _, r := range f.all {
		after := p.o.Hand
		if r.pending != nil {
			after = max(after, p.o.Message)
		}
		if f.outdone(r) && p.now() > r.record.Created+after.Milliseconds() {
			p.erase(c, v, r)
		}
	}
}

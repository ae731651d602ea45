package library

import (
	"slices"

	"github.com/kith-web/kith/internal/seal"
)

// visible says whether a friend is in an audience. It is the one place where this
// is decided.
func (l *Library) visible(f Friend, a *audience) bool {
	if f.Blocked {
		return false
	}
	switch a.Reach {
	case All:
		return f.All
	case Some:
		if slices.Contains(a.Friends, f.Relation) {
			return true
		}
		for _, list := range a.Lists {
			if l.lists.has(list, f.Relation) {
				return true
			}
		}
	case Nobody:
	}
	return false
}

// viewer answers visible for one friend and many items: every audience is looked
// at once.
type viewer struct {
	l      *Library
	friend Friend
	known  []verdictOf // by the audience's number
}

// verdictOf is what is known of an audience: nothing, that the friend is not in
// it, or that they are.
type verdictOf uint8

const (
	unasked verdictOf = iota
	outside
	inside
)

func (l *Library) viewer(f Friend) *viewer {
	return &viewer{l: l, friend: f, known: make([]verdictOf, len(l.index.auds))}
}

func (v *viewer) sees(e *entry) bool {
	if e.app == personApp {
		return false
	}
	if v.known[e.aud.n] == unasked {
		v.known[e.aud.n] = outside
		if v.l.visible(v.friend, e.aud) {
			v.known[e.aud.n] = inside
		}
	}
	return v.known[e.aud.n] == inside && !v.l.doubtful(e)
}

// entitled are the friends who may see an entry; nobody when it is nil.
func (l *Library) entitled(e *entry) []seal.RelationID {
	if e == nil || e.app == personApp || e.aud.Reach == Nobody {
		return nil
	}
	var ids []seal.RelationID
	for _, id := range l.circle.order {
		if l.visible(l.circle.friends[id], e.aud) {
			ids = append(ids, id)
		}
	}
	return ids
}

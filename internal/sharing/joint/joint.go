package joint

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/kith-web/kith/internal/exchange"
	"github.com/kith-web/kith/internal/library"
	"github.com/kith-web/kith/internal/library/copies"
	"github.com/kith-web/kith/internal/person"
	"github.com/kith-web/kith/internal/seal"
)

// Joint are the parts of one home, joined. None of its methods calls the exchange: what
// is to be sent is returned.
type Joint struct {
	Person  *person.Person
	Library *library.Library
	Copies  *copies.Copies

	// Note takes what the person asks of other parts than the exchange, Look that
	// something may have to be brought up to date: both soon, by somebody else.
	Note func(person.Effects)
	Look func()
	// News says that a friend has something new for this person. Passed says that an
	// own device heard it.
	News func(friend seal.RelationID, passed bool)

	telling sync.Mutex // the library who there is: the newest last

	mu    sync.Mutex
	known map[seal.RelationID]person.FriendID // whose relations were seen
	moved map[seal.Move]bool                  // that were returned
}

// Friends have two names. In the exchange it is the relation, which is another one
// after keys were changed; in the library and among copies it is the one that
// stays (person.Stable). These translate.

// Stable is how the library knows a relation.
func (p *Joint) Stable(r seal.RelationID) seal.RelationID {
	if id, ok := p.Person.Stable(r); ok {
		return seal.RelationID(id)
	}
	return r
}

// Current is the relation by which who the library knows is written to.
func (p *Joint) Current(id seal.RelationID) seal.RelationID {
	if r, ok := p.Person.Current(person.FriendID(id)); ok {
		return r
	}
	return id
}

// Addressed translates what the library wants sent.
func (p *Joint) Addressed(out []seal.Outgoing) []seal.Outgoing {
	for i := range out {
		out[i].To = p.Current(out[i].To)
	}
	return out
}

// OwnDevices are the relations with them.
func (p *Joint) OwnDevices() []seal.RelationID {
	var own []seal.RelationID
	for _, r := range p.Person.Relations() {
		if r.Kind == seal.OwnDevice {
			own = append(own, r.ID)
		}
	}
	return own
}

// Refreshed looks at the person's records again, because another device wrote them
// or at a start, and returns what follows for the exchange: what waits in a
// relation that is no more, or was replaced, goes to the one that its friend is
// written to by.
func (p *Joint) Refreshed() seal.Effects {
	p.Person.Refresh()
	e := seal.Effects{Changed: true}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil {
		p.known, p.moved = map[seal.RelationID]person.FriendID{}, map[seal.Move]bool{}
	}
	add := func(m seal.Move) {
		if !p.moved[m] {
			p.moved[m] = true
			e.Moved = append(e.Moved, m)
		}
	}
	for _, m := range p.Person.Moves() {
		add(m)
	}
	for _, r := range p.Person.Relations() {
		if f, ok := p.Person.Stable(r.ID); ok {
			p.known[r.ID] = f
		}
	}
	for _, id := range slices.SortedFunc(maps.Keys(p.known), func(a, b seal.RelationID) int { return bytes.Compare(a[:], b[:]) }) {
		now, ok := p.Person.Current(p.known[id])
		if _, stands := p.Person.Stable(id); ok && !stands && now != id {
			add(seal.Move{From: id, To: now})
		}
	}
	return e
}

// Handle takes messages that are the library's business, or that of copies.
func (p *Joint) Handle(from seal.RelationID, m seal.Message) (out []seal.Outgoing, err error) {
	switch m.Kind {
	case seal.Changed, seal.Purge:
		out, err = p.copied(from, m)
	default:
		out, err = p.Library.Handle(p.Stable(from), m)
	}
	p.Look()
	return p.Addressed(out), err
}

// copied takes what concerns copies. What a friend says reaches one device, which
// passes it on to the others: purges at once, news when it says so (TellNews).
func (p *Joint) copied(from seal.RelationID, m seal.Message) ([]seal.Outgoing, error) {
	if _, own := p.Person.DeviceOf(from); own {
		friends, err := p.Copies.PassedOn(m)
		for _, f := range friends {
			p.News(f, true)
		}
		return nil, err
	}
	friend := p.Stable(from)
	out, err := p.Copies.Handle(friend, m)
	if err != nil {
		return nil, err
	}
	p.News(friend, m.Kind == seal.Purge)
	if m.Kind != seal.Purge {
		return out, nil
	}
	more, err := copies.PassOn(friend, m, p.OwnDevices())
	return append(out, more...), err
}

// TellNews tells own devices that friends have something new.
func (p *Joint) TellNews(friends []seal.RelationID) []seal.Outgoing {
	return copies.TellOthers(friends, p.OwnDevices())
}

// Answer answers what friends and own devices ask.
func (p *Joint) Answer(ctx context.Context, from seal.RelationID, kind seal.Kind, r seal.Request) (*seal.Reply, error) {
	return p.Library.Answer(ctx, p.Stable(from), kind, r)
}

// TellLibrary says who there is, and returns what follows.
func (p *Joint) TellLibrary() ([]seal.Outgoing, error) {
	p.telling.Lock()
	defer p.telling.Unlock()
	friends, err := p.Person.Friends()
	if err != nil {
		return nil, err
	}
	devices, err := p.Person.Devices()
	if err != nil {
		return nil, err
	}
	var all library.People
	for _, f := range friends {
		if !f.Pending {
			all.Friends = append(all.Friends, library.Friend{Relation: seal.RelationID(f.Handle), All: f.Verified, Blocked: f.Blocked})
		}
	}
	for _, d := range devices {
		if !d.This {
			all.Devices = append(all.Devices, library.Device{Relation: d.Relation, ID: d.Handle})
		}
	}
	return p.Addressed(p.Library.SetPeople(all)), nil
}

// Returned compares with every own device, as one does that was away and may be one
// of an old copy.
func (p *Joint) Returned() ([]seal.Outgoing, error) {
	out, err := p.TellLibrary()
	for _, r := range p.OwnDevices() {
		out = append(out, p.Library.Sync(r)...)
	}
	return out, err
}

var (
	_ exchange.Handler  = (*Joint)(nil)
	_ exchange.Answerer = (*Joint)(nil)
)

// SameRequest compares what is asked. A question without conditions answers one
// with them.
func SameRequest(open, r seal.Request) bool {
	return open.Method == r.Method && open.Path == r.Path && (len(open.Header) == 0 && open.Header["range"] == r.Header["range"] ||
		maps.Equal(open.Header, r.Header))
}

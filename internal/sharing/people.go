package sharing

import (
	"context"

	"github.com/kith-web/kith/internal/exchange"
	"github.com/kith-web/kith/internal/library"
	"github.com/kith-web/kith/internal/library/copies"
	"github.com/kith-web/kith/internal/person"
	"github.com/kith-web/kith/internal/seal"
)

// people is the person, as the exchange asks it. What concerns other parts than
// the exchange is noted, and done by the home's own goroutine: none of them may
// call the exchange back.
type people struct{ h *home }

var _ exchange.People = people{}

func (p people) Relation(id seal.RelationID) (seal.Relation, bool) { return p.h.person.Relation(id) }

func (p people) Relations() []seal.Relation { return p.h.person.Relations() }

func (p people) Inboxes() []seal.Inbox { return p.h.person.Inboxes() }

func (p people) Receive(in seal.Inbox, body []byte) (seal.Effects, error) {
	return p.h.noted(p.h.person.Receive(in, body))
}

func (p people) Handle(from seal.RelationID, m seal.Message) (seal.Effects, error) {
	return p.h.noted(p.h.person.Handle(from, m))
}

func (p people) NewEpoch(r seal.RelationID) (seal.Effects, error) {
	return p.h.noted(p.h.person.NewEpoch(r))
}

func (p people) LearnEpoch(r seal.RelationID, public []byte) (seal.Effects, error) {
	return p.h.noted(p.h.person.LearnEpoch(r, public))
}

func (p people) EraseEpoch(r seal.RelationID, epoch seal.EpochID) (seal.Effects, error) {
	return p.h.noted(p.h.person.EraseEpoch(r, epoch))
}

// noted keeps what an effect of the person asks of others, and returns the
// exchange's part.
func (h *home) noted(e person.Effects, err error) (seal.Effects, error) {
	if err == nil {
		h.note(e)
	}
	return e.Effects, err
}

// do has the exchange do what the person wants done.
func (h *home) do(e person.Effects, err error) error {
	if err != nil {
		return err
	}
	h.note(e)
	return h.peer.Apply(e.Effects)
}

// note has the home's goroutine look at people again.
func (h *home) note(e person.Effects) {
	h.goneMu.Lock()
	h.gone = append(h.gone, e.Gone...)
	h.goneMu.Unlock()
	h.look()
}

// look has what depends on the person and the library brought up to date soon.
func (h *home) look() {
	select {
	case h.stale <- struct{}{}:
	default:
	}
}

// Friends have two names. In the exchange it is the relation, which is another one
// after keys were changed; in the library and among copies it is the one that
// stays (person.Stable). These translate.

// stable is how the library knows a relation.
func (h *home) stable(r seal.RelationID) seal.RelationID {
	if id, ok := h.person.Stable(r); ok {
		return seal.RelationID(id)
	}
	return r
}

// current is the relation by which who the library knows is written to.
func (h *home) current(id seal.RelationID) seal.RelationID {
	if r, ok := h.person.Current(person.FriendID(id)); ok {
		return r
	}
	return id
}

// send sends what the library wants sent.
func (h *home) send(out []seal.Outgoing) error {
	if len(out) == 0 {
		return nil
	}
	return h.peer.Send(h.addressed(out)...)
}

func (h *home) addressed(out []seal.Outgoing) []seal.Outgoing {
	for i := range out {
		out[i].To = h.current(out[i].To)
	}
	return out
}

// handler takes messages that are the library's business, or that of copies.
type handler struct{ h *home }

var _ exchange.Handler = handler{}

func (t handler) Handle(from seal.RelationID, m seal.Message) ([]seal.Outgoing, error) {
	h := t.h
	id := h.stable(from)
	var out []seal.Outgoing
	var err error
	switch m.Kind {
	case seal.Changed, seal.Purge:
		out, err = h.copied(from, m)
	default:
		out, err = h.library.Handle(id, m)
	}
	h.look()
	return h.addressed(out), err
}

// copied takes what concerns copies. A friend's purge reaches one device, which
// passes it on to the others.
func (h *home) copied(from seal.RelationID, m seal.Message) ([]seal.Outgoing, error) {
	if _, own := h.person.DeviceOf(from); own {
		if m.Kind == seal.Purge {
			return nil, h.copies.PassedOn(m)
		}
		return nil, nil
	}
	friend := h.stable(from)
	out, err := h.copies.Handle(friend, m)
	h.s.events.tell(Event{Friend: hexID(friend)})
	if err != nil || m.Kind != seal.Purge {
		return out, err
	}
	var own []seal.RelationID
	for _, r := range h.person.Relations() {
		if r.Kind == seal.OwnDevice {
			own = append(own, r.ID)
		}
	}
	more, err := copies.PassOn(friend, m, own)
	return append(out, more...), err
}

// answerer answers what friends and own devices ask.
type answerer struct{ h *home }

var _ exchange.Answerer = answerer{}

func (t answerer) Answer(ctx context.Context, from seal.RelationID, kind seal.Kind, r seal.Request) (*seal.Reply, error) {
	return t.h.library.Answer(ctx, t.h.stable(from), kind, r)
}

// asker asks own devices for bodies.
type asker struct{ h *home }

var _ library.Asker = asker{}

func (t asker) Ask(ctx context.Context, to seal.RelationID, r seal.Request) (*seal.Reply, error) {
	return t.h.ask(ctx, to, r)
}

// tellLibrary says who there is.
func (h *home) tellLibrary() ([]seal.Outgoing, error) {
	friends, err := h.person.Friends()
	if err != nil {
		return nil, err
	}
	devices, err := h.person.Devices()
	if err != nil {
		return nil, err
	}
	var p library.People
	for _, f := range friends {
		if !f.Pending {
			p.Friends = append(p.Friends, library.Friend{Relation: seal.RelationID(f.Handle), All: f.Verified, Blocked: f.Blocked})
		}
	}
	for _, d := range devices {
		if !d.This {
			p.Devices = append(p.Devices, library.Device{Relation: d.Relation, ID: d.Handle})
		}
	}
	return h.library.SetPeople(p), nil
}

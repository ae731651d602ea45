package person

import (
	"bytes"
	"slices"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// Relation returns a relation that messages may be sealed or opened in: of a
// friend who is not blocked, or of an own device.
func (p *Person) Relation(id seal.RelationID) (seal.Relation, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if v, err := p.look(); err == nil {
		if r := v.relations[id]; r != nil {
			blocked, leaving := v.mute(r)
			return v.whole(r, leaving), !blocked
		}
	}
	if p.house == nil {
		return seal.Relation{}, false
	}
	for _, r := range p.ownRelations() {
		if r.ID == id {
			return r, true
		}
	}
	return seal.Relation{}, false
}

// Relations are all of those.
func (p *Person) Relations() []seal.Relation {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, err := p.look()
	if err != nil {
		p.o.Log.Error("relations cannot be read", "error", err)
		return nil
	}
	var out []seal.Relation
	for _, r := range each(v.relations) {
		if blocked, leaving := v.mute(r); !blocked {
			out = append(out, v.whole(r, leaving))
		}
	}
	out = append(out, p.ownRelations()...)
	sortRelations(out)
	return out
}

// Inboxes are the queues that this device listens to. One with an Invitation
// brings raw bodies, for Receive; the others envelopes of their Relation. Bodies
// in the latter that are no envelopes (a welcome said again) are to be dropped.
func (p *Person) Inboxes() []seal.Inbox {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.inboxes()
}

func (p *Person) inboxes() []seal.Inbox {
	v, err := p.look()
	if err != nil {
		p.o.Log.Error("inboxes cannot be read", "error", err)
		return nil
	}
	var out []seal.Inbox
	add := func(id [16]byte, queues []seal.Mailbox) {
		for _, q := range queues {
			out = append(out, seal.Inbox{Mailbox: q, Invitation: id})
		}
	}
	for _, r := range each(v.relations) {
		if blocked, leaving := v.mute(r); !blocked && !leaving {
			for _, q := range named(r.in) {
				out = append(out, seal.Inbox{Mailbox: q.Mailbox, Relation: r.id})
			}
		}
	}
	for id, r := range each(v.invites) {
		add(id, r.Queues)
	}
	for id, r := range each(v.accepts) {
		add(id, r.Own.Queues)
	}
	for id, r := range each(v.rekeys) {
		add(id, r.Own.Queues)
	}
	err = p.links(func(id [16]byte, r linkRecord) error {
		if r.New {
			add(id, r.Contact)
		}
		add(id, r.Own.Queues)
		return nil
	})
	if err != nil {
		p.o.Log.Error("links cannot be read", "error", err)
	}
	out = append(out, p.householdInboxes()...)
	slices.SortFunc(out, func(a, b seal.Inbox) int { return bytes.Compare(a.Mailbox.Recipient, b.Mailbox.Recipient) })
	return out
}

// Receive takes a raw body in: a join, a welcome, an answer to a rekey, a note of
// a link or a roster. A body that is refused (any error but fault.Internal and
// fault.NoSpace) is to be acknowledged and dropped like one that was taken.
func (p *Person) Receive(in seal.Inbox, body []byte) (Effects, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, err := p.look()
	if err != nil {
		return Effects{}, err
	}
	c := newChange()
	var link linkRecord
	id := in.Invitation
	if id == rosterInbox() {
		if err := p.receiveRoster(c, body); err != nil {
			return Effects{}, err
		}
		return p.commit(c)
	}
	if r, ok := v.invites[id]; ok {
		err = p.receiveJoin(c, v, id, r, in.Mailbox.Relay, body)
	} else if r, ok := v.accepts[id]; ok {
		err = p.receiveWelcome(c, v, id, r, in.Mailbox.Relay, body)
	} else if k, ok := v.rekeys[id]; ok {
		err = p.receiveRekeyed(c, v, id, k, body)
	} else if p.getLocal(linkKey(id), &link) == nil {
		err = p.receiveLink(c, id, link, in.Mailbox.Relay, body)
	} else {
		err = fault.New(fault.NotFound, "a body came for %x, which nobody waits for", id)
	}
	if err != nil {
		return Effects{}, err
	}
	return p.commit(c)
}

// Handle takes a message of a relation in: confirm, queues, rekey or bye.
func (p *Person) Handle(from seal.RelationID, m seal.Message) (Effects, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, err := p.look()
	if err != nil {
		return Effects{}, err
	}
	r := v.relations[from]
	if r == nil {
		return Effects{}, fault.New(fault.NotFound, "a message of kind %d came in relation %x, which is none of a friend", m.Kind, from)
	}
	if blocked, leaving := v.mute(r); blocked || leaving {
		return Effects{}, fault.New(fault.Forbidden, "a message of kind %d came from somebody who is no friend any more", m.Kind)
	}
	c := newChange()
	switch m.Kind {
	case seal.Confirm:
		err = p.confirm(c, v, r, m)
	case seal.Queues:
		err = p.queues(c, r, m)
	case seal.Rekey:
		err = p.rekey(c, v, r, m)
	case seal.Bye:
		err = p.bye(c, v, r)
	default:
		err = fault.New(fault.Unsupported, "a message of kind %d is not the person's business", m.Kind)
	}
	if err != nil {
		return Effects{}, err
	}
	return p.commit(c)
}

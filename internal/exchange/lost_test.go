package exchange_test

import (
	"testing"
	"time"

	"github.com/kith-web/kith/internal/exchange"
	"github.com/kith-web/kith/internal/seal"
)

// twins has two devices of a answer one join of b: two relations, and b's queues are
// those of both.
func (w *world) twins(a, b *person) (ids [2]seal.RelationID) {
	must := fatal(w.t)
	i, private, err := seal.NewInvitation(w.octets, seal.Friend, w.now.Add(time.Hour*24), []string{"ws://relay0"})
	must(err)
	ownB, err := seal.NewOwn(w.octets, w.now, b.name, w.queues(2))
	must(err)
	join, err := seal.MakeJoin(w.octets, w.now, i, ownB)
	must(err)
	for n := range ids {
		joining, err := seal.OpenJoin(i, private, join.Octets)
		must(err)
		ownA, err := seal.NewOwn(w.octets, w.now, a.name, w.queues(2))
		must(err)
		welcome, first, err := joining.MakeWelcome(w.octets, w.now, ownA)
		must(err)
		second, err := seal.OpenWelcome(w.now, i, join, ownB, welcome)
		must(err)
		ids[n] = first.Relation.ID
		a.relations[ids[n]], b.relations[ids[n]] = &first.Relation, &second.Relation
	}
	return ids
}

// TestAQueueOfTwoRelations: what comes by it is opened, of whichever it is, and
// nobody is told that a context is unknown.
func TestAQueueOfTwoRelations(t *testing.T) { // §4.2
	w := newWorld(t, 31, network{delay: time.Millisecond})
	pa, pb := w.person("alice"), w.person("bob")
	ids := w.twins(pa, pb)
	alice, bob := w.device(pa, "alice"), w.device(pb, "bob")
	for n, id := range ids {
		alice.send(changed(id, n))
	}
	w.run(time.Minute)
	bob.once(0, len(ids))
	for n, id := range ids { // known contexts, and answers the other way
		alice.send(changed(id, 10+n))
		q := alice.ask(id, "/x")
		w.run(time.Minute)
		if !alice.asked[q] {
			t.Errorf("a question in relation %x has no answer", id[:4])
		}
	}
	bob.once(10, len(ids))
}

// TestNotesDoNotCrowdContextsOut: a note that is sealed to the notice key is a context
// of its own, and must not take the place of one that is in use.
func TestNotesDoNotCrowdContextsOut(t *testing.T) { // §5.1
	w, a, b, id := pair(t, 32, network{delay: time.Millisecond})
	b.send(changed(id, 1))
	w.run(time.Minute)
	all := a.people.Inboxes()
	for i := range 140 {
		c, err := seal.NewNoticeContext(*b.person.relations[id])
		fatal(t)(err)
		body, err := seal.Marshal(seal.ContextID{1, byte(i), byte(i >> 8)})
		fatal(t)(err)
		octets, err := c.Seal(w.octets, seal.Message{Kind: seal.Unknown, ID: messageID(100 + i), Number: 1, Body: body}, true)
		fatal(t)(err)
		a.core.Deliver(exchange.Delivery{Ref: 1, Inbox: all[0], Body: octets})
	}
	w.run(time.Minute)
	b.send(changed(id, 2))
	w.run(2 * time.Second) // there is no time to say that its context is unknown
	a.once(1, 2)
}

// TestWhatCannotBeOpenedCostsLittle: an envelope that no device can open waits for a
// day. The other side hears of it ever more seldom, and its devices hand one note of
// it to one another, not all.
func TestWhatCannotBeOpenedCostsLittle(t *testing.T) { // §5.1
	w, phone, laptop, friend, id := home(t, 33, network{delay: time.Millisecond})
	tablet := w.device(friend.person, "tablet")
	w.link(friend, tablet)
	w.run(time.Hour)
	foreign, err := seal.NewSendContext(*friend.person.relations[id])
	fatal(t)(err)
	octets, err := foreign.Seal(w.octets, seal.Message{Kind: seal.Changed, ID: messageID(1), Number: 1}, false)
	fatal(t)(err)
	before := [...]exchange.Ref{phone.ref, laptop.ref, friend.ref, tablet.ref}
	to := friend.person.relations[id].Out[0]
	w.relay(to.Relay).put(to, messageID(1), octets)
	w.run(30 * time.Hour)
	for n, d := range []*device{phone, laptop, friend, tablet} {
		// It comes back each ten minutes, and a note of it each hour by two relays.
		if got := d.ref - before[n]; got < 10 || got > 400 {
			t.Errorf("%s was given %d messages in a day because of one that nobody can open", d.name, got)
		}
	}
}

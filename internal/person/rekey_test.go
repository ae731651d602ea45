package person_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// TestBothChangeKeysAtOnce: each removes a device at the same time.
func TestBothChangeKeysAtOnce(t *testing.T) { // §7
	for range 4 { // which one stands depends on chance
		w := newWorld(t)
		a, b, oldA, oldB := w.someone("a"), w.someone("b"), w.device("old-a"), w.device("old-b")
		w.link(a, oldA)
		w.link(b, oldB)
		w.befriend(a, b)
		code := a.friends()[0].Safety
		a.do(a.person.Revoke([]seal.DeviceID{oldA.id()}, ""))
		b.do(b.person.Revoke([]seal.DeviceID{oldB.id()}, ""))
		w.settle(a, b)
		w.later(2 * time.Hour)
		if fa, fb := a.friends(), b.friends(); len(fa) != 1 || fa[0].Safety != fb[0].Safety || fa[0].Safety == code {
			t.Fatalf("%+v, %+v", fa, fb)
		}
		w.talk2([]*device{a, b}, a, b)
		for _, d := range []*device{a, b} {
			if n := len(d.person.Relations()); n != 1 {
				t.Errorf("%s has %d relations", d.name, n)
			}
		}
	}
}

// TestAClockThatIsBehind: keys that were made later, by the clock of the device that
// removes another, are changed as well.
func TestAClockThatIsBehind(t *testing.T) { // §2.2
	w := newWorld(t)
	a, old, friend := w.someone("a"), w.device("old"), w.someone("friend")
	w.link(a, old)
	w.befriend(a, friend)
	code := friend.friends()[0].Safety
	a.offset = -18 * time.Hour
	a.do(a.person.Revoke([]seal.DeviceID{old.id()}, ""))
	w.settle(a, friend)
	if now := friend.friends()[0].Safety; now == code || now != a.friends()[0].Safety {
		t.Fatalf("code %s, then %s and %s", code, now, a.friends()[0].Safety)
	}
	w.talk(a, friend)
}

// TestAChangeThatARemovedDeviceKnows: it was begun before the device was removed, and
// is answered after.
func TestAChangeThatARemovedDeviceKnows(t *testing.T) { // §2.2
	w := newWorld(t)
	a, first, second, friend := w.someone("a"), w.device("first"), w.device("second"), w.someone("friend")
	w.link(a, first)
	w.link(a, second)
	w.befriend(a, friend)
	w.settle()
	a.do(a.person.Revoke([]seal.DeviceID{first.id()}, ""))
	w.settle(a, second) // the friend is away
	a.do(a.person.Revoke([]seal.DeviceID{second.id()}, ""))
	w.settle(a, friend)
	for range 3 {
		w.now = w.now.Add(time.Hour + time.Minute)
		a.do(a.person.Tick())
		friend.do(friend.person.Tick())
		w.settle(a, friend)
	}
	id, ok := a.person.Current(a.friends()[0].Handle)
	r, known := a.person.Relation(id)
	if !ok || !known {
		t.Fatal("no friend")
	}
	for _, q := range r.In {
		if _, knows := w.owner(q, second); knows {
			t.Error("the removed device has the key of an inbox")
		}
	}
	w.talk2([]*device{a, friend}, a, friend)
}

// TestKeysChangeOverABadNetwork: lost, doubled and reordered, with both own devices
// taking turns.
func TestKeysChangeOverABadNetwork(t *testing.T) { // §7
	for seed := range uint64(6) {
		w := newWorld(t)
		a, b, old, friend := w.someone("a"), w.device("b"), w.device("old"), w.someone("friend")
		w.link(a, b)
		w.link(a, old)
		w.befriend(a, friend)
		code := friend.friends()[0].Safety
		w.settle()
		r := rand.New(rand.NewPCG(seed, 2))
		w.wire = func(seal.Mailbox, []byte) int { return r.IntN(3) }
		a.do(a.person.Revoke([]seal.DeviceID{old.id()}, ""))
		for range 40 {
			for _, d := range []*device{a, b, friend} {
				d.step(r.IntN)
			}
			w.merge(a, b)
			w.now = w.now.Add(time.Hour + time.Minute)
			for _, d := range []*device{a, b, friend} {
				d.do(d.person.Tick())
			}
		}
		w.wire = nil
		w.settle(a, b, friend)
		w.talk2([]*device{a, b, friend}, b, friend)
		if f := friend.friends(); len(f) != 1 || f[0].Safety == code || f[0].Safety != b.friends()[0].Safety {
			t.Fatalf("seed %d: %+v, %+v", seed, f, b.friends())
		}
	}
}

// TestAnotherDeviceTakesOver: the device that removed one is never heard of again.
func TestAnotherDeviceTakesOver(t *testing.T) { // §2.2
	w := newWorld(t)
	a, b, old, friend := w.someone("a"), w.device("b"), w.device("old"), w.someone("friend")
	w.link(a, b)
	w.link(a, old)
	w.befriend(a, friend)
	w.settle()
	code := friend.friends()[0].Safety
	w.wire = func(q seal.Mailbox, _ []byte) int { // a reaches nobody but b
		if _, ok := w.owner(q, friend); ok {
			return 0
		}
		return 1
	}
	a.do(a.person.Revoke([]seal.DeviceID{old.id()}, ""))
	w.settle(a, b)
	w.wire = nil
	w.devices = []*device{b, friend}
	w.later(25 * time.Hour)
	w.later(time.Hour)
	if friend.friends()[0].Safety == code {
		t.Fatal("nobody took over")
	}
	w.talk(b, friend)
}

// owner says whether a queue is one of d's inboxes.
func (w *world) owner(q seal.Mailbox, d *device) (seal.Inbox, bool) {
	for _, in := range d.person.Inboxes() {
		if in.Mailbox.Relay == q.Relay && string(in.Mailbox.Sender) == string(q.Sender) {
			return in, true
		}
	}
	return seal.Inbox{}, false
}

// TestTwoOwnDevicesTakeTheSameJoin: the lease ran out, and both answered.
func TestTwoOwnDevicesTakeTheSameJoin(t *testing.T) { // §4.2
	w := newWorld(t)
	a, b, friend := w.someone("a"), w.device("b"), w.someone("friend")
	w.link(a, b)
	link := a.invite()
	w.settle()
	friend.accept(link, "")
	for _, in := range a.person.Inboxes() {
		q := w.queues[in.Mailbox.Relay+string(in.Mailbox.Sender)]
		for _, m := range q.msgs {
			a.deliver(in, m)
			b.deliver(in, m)
		}
	}
	w.settle()
	w.later(2 * time.Hour)
	if fa, fb, f := a.friends(), b.friends(), friend.friends(); len(fa) != 1 || len(fb) != 1 || len(f) != 1 || fa[0] != fb[0] || fa[0].Safety != f[0].Safety {
		t.Fatalf("%+v, %+v, %+v", fa, fb, f)
	}
	w.talk(b, friend)
	w.later(8 * 24 * time.Hour)
	w.later(time.Hour)
	for _, d := range []*device{a, friend} {
		if n, want := len(d.person.Relations()), map[*device]int{a: 2, friend: 1}[d]; n != want {
			t.Errorf("%d relations, not %d, with one friend and the other device", n, want)
		}
	}
	w.talk(b, friend)
	w.talk(friend, a)
}

// TestTwinsThatBothStand: both sides have two devices, and each device of one made
// friends with another of the other's. One relation is left, the same on all four.
func TestTwinsThatBothStand(t *testing.T) { // §4.2
	w := newWorld(t)
	a, b, c, d := w.someone("a"), w.device("b"), w.someone("c"), w.device("d")
	w.link(a, b)
	w.link(c, d)
	link := a.invite()
	w.settle()
	c.accept(link, "")
	w.settle(c, d) // d knows of it; neither a nor b does yet
	both := func(x, y *device) {
		t.Helper()
		for _, in := range x.person.Inboxes() {
			q := w.queues[in.Mailbox.Relay+string(in.Mailbox.Sender)]
			if q == nil || in.Invitation == ([16]byte{}) {
				continue
			}
			for _, m := range q.msgs {
				x.deliver(in, m)
				y.deliver(in, m)
			}
		}
	}
	both(a, b)
	both(c, d)
	w.settle()
	w.later(2 * time.Hour)
	w.later(25 * time.Hour)
	w.talk(d, a)
	w.later(8 * 24 * time.Hour)
	w.later(time.Hour)
	code := a.friends()[0].Safety
	for _, x := range []*device{a, b, c, d} {
		if f := x.friends(); len(f) != 1 || f[0].Pending || f[0].Safety != code || len(x.person.Relations()) != 2 {
			t.Errorf("%d relations; %+v", len(x.person.Relations()), f)
		}
	}
	w.talk(a, d)
	w.talk(c, b)
}

// TestTwinsOfTheSideThatBegan: of two answers to one join, each of its devices took
// another. The queues are those of both relations: they stay when one goes.
func TestTwinsOfTheSideThatBegan(t *testing.T) { // §4.2
	w := newWorld(t)
	a, b, c, d := w.someone("a"), w.device("b"), w.someone("c"), w.device("d")
	w.link(a, b)
	w.link(c, d)
	link := a.invite()
	w.settle()
	c.accept(link, "")
	w.settle(c, d)
	raw := func(x *device) (in seal.Inbox, all []message) {
		for _, in := range x.person.Inboxes() {
			q := w.queues[in.Mailbox.Relay+string(in.Mailbox.Sender)]
			if q != nil && in.Invitation != ([16]byte{}) && len(q.msgs) > 0 {
				return in, slices.Clone(q.msgs)
			}
		}
		t.Fatalf("%s is given nothing", x.name)
		return in, nil
	}
	join, joins := raw(a)
	a.deliver(join, joins[0])
	b.deliver(join, joins[0])
	welcome, welcomes := raw(c)
	if len(welcomes) != 2 {
		t.Fatalf("%d welcomes", len(welcomes))
	}
	c.deliver(welcome, welcomes[0])
	d.deliver(welcome, welcomes[1])
	w.settle()
	if n := len(c.person.Relations()); n != 3 {
		t.Fatalf("%d relations, not twins", n)
	}
	w.later(25 * time.Hour)
	w.talk(d, a)
	w.later(8 * 24 * time.Hour)
	w.later(time.Hour)
	for _, x := range []*device{c, d} {
		if n := len(x.person.Relations()); n != 2 {
			t.Errorf("%s has %d relations", x.name, n)
		}
		for _, in := range x.person.Inboxes() {
			if _, ok := w.queues[in.Mailbox.Relay+string(in.Mailbox.Sender)]; !ok && in.Invitation == ([16]byte{}) {
				t.Errorf("an inbox of %s was deleted at its relay", x.name)
			}
		}
	}
	w.talk(a, d)
	w.talk(c, b)
}

// TestWhatIsNotForThePerson: messages of others are refused, and change nothing.
func TestWhatIsNotForThePerson(t *testing.T) {
	w := newWorld(t)
	a, b := w.someone("a"), w.someone("b")
	w.befriend(a, b)
	id, _ := a.person.Current(a.friends()[0].Handle)
	for _, c := range []struct {
		m    seal.Message
		want fault.Kind
	}{
		{seal.Message{Kind: seal.Ask}, fault.Unsupported},
		{seal.Message{Kind: seal.Rekeyed}, fault.Unsupported},
		{seal.Message{Kind: seal.Rosters}, fault.Unsupported},
		{seal.Message{Kind: seal.Confirm, Body: []byte{0x41, 0}}, fault.Corrupt},
		{seal.Message{Kind: seal.Queues, Body: []byte{0x80}}, fault.Invalid},
		{seal.Message{Kind: seal.Rekey, Body: []byte{0xa0}}, fault.Invalid},
	} {
		_, err := a.person.Handle(id, c.m)
		refused(t, "kind "+string(rune('0'+c.m.Kind)), err, c.want)
	}
	_, err := a.person.Handle(seal.RelationID{}, seal.Message{Kind: seal.Bye})
	refused(t, "no relation", err, fault.NotFound)
	_, err = a.person.Receive(seal.Inbox{Invitation: [16]byte{1}}, make([]byte, 4096))
	refused(t, "no inbox", err, fault.NotFound)
	w.talk(a, b)
}

// TestWithoutAPerson: what needs one says so.
func TestWithoutAPerson(t *testing.T) {
	w := newWorld(t)
	d := w.device("d")
	_, _, err := d.person.Invite("", 0)
	refused(t, "invite", err, fault.Conflict)
	_, err = d.person.SetRelays([]string{"wss://x"})
	refused(t, "relays", err, fault.Conflict)
	_, err = d.person.SetName("x")
	refused(t, "name", err, fault.Conflict)
	_, err = d.person.Revoke([]seal.DeviceID{{1}}, "")
	refused(t, "revoke", err, fault.Conflict)
	_, err = d.person.Backup()
	refused(t, "backup", err, fault.Conflict)
	if s, err := d.person.Status(); err != nil || s.Exists || len(d.person.Relations()) != 0 {
		t.Fatalf("%+v, %v", s, err)
	}
	d.do(d.person.Create())
	d.do(d.person.SetName("Dora"))
	if s, err := d.person.Status(); err != nil || !s.Exists || s.Name != "Dora" || !s.PhraseUnseen || s.Removed {
		t.Fatalf("%+v, %v", s, err)
	}
	words, err := d.person.Phrase()
	if err != nil {
		t.Fatal(err)
	}
	d.do(d.person.Create()) // again: nothing
	if again, err := d.person.Phrase(); err != nil || again != words {
		t.Fatalf("another phrase: %v", err)
	}
	if err := d.person.ConfirmPhrase(""); err != nil {
		t.Fatal(err)
	}
	_, err = d.person.Phrase()
	refused(t, "the phrase again", err, fault.NotFound)
	other := w.device("other")
	other.do(other.person.Recover(words, nil))
	other.wants("other")
}

package exchange_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/exchange"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

const day = 24 * time.Hour

func bad() network {
	return network{lose: 0.2, unsure: 0.1, duplicate: 0.1, delay: 2 * time.Second}
}

// pair is two friends with one device each.
func pair(t testing.TB, seed uint64, n network) (w *world, a, b *device, id seal.RelationID) {
	w = newWorld(t, seed, n)
	pa, pb := w.person("alice"), w.person("bob")
	id = w.befriend(pa, pb, 2)
	return w, w.device(pa, "alice"), w.device(pb, "bob"), id
}

func messageID(n int) seal.MessageID { return seal.MessageID{1, byte(n >> 8), byte(n), 1} }

// once fails unless each of n messages was handled exactly once.
func (d *device) once(first, n int) {
	d.w.t.Helper()
	for i := first; i < first+n; i++ {
		if got := d.handled[messageID(i)]; got != 1 {
			d.w.t.Errorf("%s handled message %d %d times", d.name, i, got)
		}
	}
}

func changed(to seal.RelationID, n int) seal.Outgoing {
	return seal.Outgoing{To: to, Kind: seal.Changed, ID: messageID(n)}
}

func TestNothingIsLostAndNothingAppliedTwice(t *testing.T) { // §5.2
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w, a, b, id := pair(t, seed, bad())
			for i := range 40 {
				a.send(changed(id, i))
				b.send(changed(id, 1000+i))
				w.run(w.someTime())
			}
			w.run(3 * time.Hour)
			b.once(0, 40)
			a.once(1000, 40)
		})
	}
}

func TestBothOfflineAlternately(t *testing.T) {
	w, a, b, id := pair(t, 1, bad())
	n := 0
	for range 6 {
		for _, who := range []struct{ on, off *device }{{a, b}, {b, a}} {
			who.on.off, who.off.off = false, true
			who.off.gen++ // what was leased is given back
			who.off.start()
			who.on.send(changed(id, n))
			n++
			w.run(6 * time.Hour)
		}
	}
	a.off, b.off = false, false
	a.restart()
	b.restart()
	w.run(2 * day)
	for i := range n {
		to := []*device{b, a}[i%2]
		if got := to.handled[messageID(i)]; got != 1 {
			t.Errorf("%s handled message %d %d times", to.name, i, got)
		}
	}
}

func TestClocksADayOff(t *testing.T) { // §5.2
	for _, skew := range []time.Duration{-day, day, -3 * day, 400 * day} {
		w, a, b, id := pair(t, 3, bad())
		b.skew = skew
		q := a.ask(id, "/x")
		for i := range 10 {
			a.send(changed(id, i))
			b.send(changed(id, 1000+i))
		}
		w.run(20 * day) // over two changes of epochs
		for i := 10; i < 20; i++ {
			a.send(changed(id, i))
			b.send(changed(id, 1000+i))
		}
		w.run(day)
		b.once(0, 20)
		a.once(1000, 20)
		if !a.asked[q] {
			t.Errorf("with a clock %s off, a request has no answer", skew)
		}
	}
}

func TestAClockIsSetRight(t *testing.T) {
	for _, wrong := range []time.Duration{400 * day, -400 * day} {
		w, a, b, id := pair(t, 15, network{delay: time.Second})
		b.skew = wrong
		for i := range 100 {
			if i == 20 {
				b.skew = 0
			}
			a.send(changed(id, i))
			b.send(changed(id, 1000+i))
			w.run(12 * time.Hour)
		}
		b.once(0, 100)
		a.once(1000, 100)
		for _, d := range []*device{a, b} {
			if n := len(d.person.relations[id].Epochs); n < 2 || n > 5 {
				t.Errorf("%s off: %s has %d epochs at last", wrong, d.name, n)
			}
		}
	}
}

func TestAFriendWhoMakesVeryManyContexts(t *testing.T) {
	w, phone, _, friend, id := home(t, 16, network{delay: time.Millisecond})
	own, all := 0, phone.people.Inboxes()
	in := all[slices.IndexFunc(all, func(in seal.Inbox) bool { return in.Relation == id })]
	for i := range 300 {
		c, err := seal.NewSendContext(*friend.person.relations[id])
		fatal(t)(err)
		m := seal.Message{Kind: seal.Changed, ID: messageID(i), Number: 1}
		octets, err := c.Seal(w.octets, m, true)
		fatal(t)(err)
		for _, e := range phone.core.Deliver(exchange.Delivery{Ref: 1, Inbox: in, Body: octets}) {
			if _, ok := e.(exchange.Put); ok {
				own++
			}
		}
	}
	kept := 0
	for key := range phone.local.records {
		if strings.HasPrefix(key, "receive/") {
			kept++
		}
	}
	if len(phone.handled) != 300 || kept > 150 || own > 40 {
		t.Errorf("of 300 messages in contexts of their own, %d were handled, %d contexts kept, %d times own devices told", len(phone.handled), kept, own)
	}
}

func TestDevicesWhoseClocksAreFarApart(t *testing.T) { // §3.1
	w, phone, laptop, friend, id := home(t, 23, network{delay: time.Millisecond})
	phone.skew, laptop.skew = -200*day, 200*day
	for i := range 20 {
		friend.send(changed(id, i))
		phone.send(changed(id, 1000+i))
		laptop.send(changed(id, 2000+i))
		w.run(12 * time.Hour)
	}
	friend.once(1000, 20)
	friend.once(2000, 20)
	if n := len(phone.person.relations[id].Epochs); n < 2 || n > 4 {
		t.Errorf("%d epochs after ten days", n)
	}
}

func TestNothingKeepsADeviceAwake(t *testing.T) {
	w, a, b, id := pair(t, 18, network{delay: time.Millisecond})
	a.send(changed(id, 1))
	a.ask(id, "/x")
	w.run(30 * time.Millisecond)
	b.send(changed(id, 2))
	delete(b.person.relations, id) // in the middle of everything
	b.do(func() ([]exchange.Effect, error) { return b.core.Apply(seal.Effects{Changed: true}) })
	w.run(8 * day) // all that waited is over
	before := w.steps
	w.run(day)
	if n := w.steps - before; n > 400 {
		t.Errorf("%d things happened on a day on which nothing did", n)
	}
	for key := range b.local.records {
		if strings.HasPrefix(key, "send/") || strings.HasPrefix(key, "receive/") || strings.HasPrefix(key, "seen/") || strings.HasPrefix(key, "job/") {
			t.Errorf("of a relation that is over, %s is kept", key)
		}
	}
}

func TestAFullOutbox(t *testing.T) {
	w, a, b, id := pair(t, 19, network{delay: time.Millisecond})
	a.tune = func(o *exchange.Options) { o.Waiting = 5 }
	a.start()
	w.relay("ws://relay0").down, w.relay("ws://relay1").down = true, true
	for i := range 5 {
		a.send(changed(id, i))
	}
	if _, err := a.core.Send(changed(id, 5)); fault.KindOf(err) != fault.NoSpace {
		t.Errorf("a sixth message: %v", err)
	}
	w.run(9 * day) // epochs cannot be announced; nothing else is harmed
	w.relay("ws://relay0").down, w.relay("ws://relay1").down = false, false
	a.send(changed(id, 6))
	w.run(time.Hour)
	b.once(6, 1)
}

func TestMoreMessagesThanIdsAreKept(t *testing.T) { // §5.2
	w, a, b, id := pair(t, 17, network{delay: time.Millisecond})
	b.tune = func(o *exchange.Options) { o.Seen = 20 }
	b.start()
	for i := range 100 {
		a.send(changed(id, i))
		w.run(time.Second)
	}
	w.run(2 * time.Hour) // the oldest ids are forgotten
	ids := 0
	for key := range b.local.records {
		if strings.HasPrefix(key, "seen/") {
			ids++
		}
	}
	if ids > 20 {
		t.Errorf("%d ids are kept", ids)
	}
	for _, r := range w.relays {
		for _, in := range b.people.Inboxes() {
			if q := r.queues[string(in.Mailbox.Sender)]; q != nil {
				for _, body := range q.history { // a relay that repeats everything
					b.deliver(in, nil, body)
				}
			}
		}
	}
	w.run(time.Hour)
	b.once(0, 100)
	a.send(changed(id, 100))
	w.run(time.Minute)
	b.once(100, 1)
}

func TestARequestIsAnswered(t *testing.T) { // §5.3
	w, a, b, id := pair(t, 4, network{delay: 50 * time.Millisecond})
	q := a.ask(id, "/photos/1")
	w.run(time.Second)
	got, err := a.core.Asked(q)
	if err != nil || got.Response == nil || string(got.Response.Body) != "/photos/1 by bob" {
		t.Fatalf("%+v, %v", got, err)
	}
	if b.serves != 1 {
		t.Errorf("answered %d times, although it came by two relays", b.serves)
	}
	w.run(time.Minute)
	for url, r := range w.relays {
		for _, queue := range r.queues {
			for _, h := range queue.held {
				if !h.gone {
					t.Errorf("%s still holds a message", url)
				}
			}
		}
	}
	if err := a.core.Cancel(q); err != nil {
		t.Error(err)
	}
	if _, err := a.core.Asked(q); err == nil {
		t.Error("a request that was cancelled is still known")
	}
}

func TestARequestWaitsForAFriendWhoIsAway(t *testing.T) {
	w, a, b, id := pair(t, 5, bad())
	b.off = true
	q := a.ask(id, "/x")
	w.run(5 * day)
	if a.asked[q] {
		t.Fatal("answered by nobody")
	}
	a.restart()
	b.off = false
	b.restart()
	w.run(time.Hour)
	if !a.asked[q] {
		t.Error("no answer after the friend came back")
	}
}

func TestARequestEndsWhenNobodyAnswers(t *testing.T) {
	w, a, b, id := pair(t, 6, network{})
	b.off = true
	q := a.ask(id, "/x")
	w.run(8 * day)
	if _, err := a.core.Asked(q); err == nil {
		t.Error("a request waits for longer than a message")
	}
	b.off = false
	b.restart()
	w.run(time.Hour)
	if all := a.core.AllAsked(); len(all) != 0 {
		t.Errorf("a late answer made %+v", all)
	}
}

func TestKilledAtAnyStep(t *testing.T) {
	total := 0
	for cut := 1; cut < 60; cut++ {
		for _, after := range []bool{false, true} {
			w, a, b, id := pair(t, uint64(cut), network{delay: 100 * time.Millisecond, unsure: 0.1})
			victim := []*device{a, b}[cut%2]
			victim.local.cut, victim.local.after = 1+cut/2, after
			q := a.ask(id, "/x")
			for i := range 5 {
				a.send(changed(id, i))
				b.send(changed(id, 1000+i))
				w.run(30 * time.Millisecond)
			}
			w.run(time.Hour)
			for i := range 5 {
				if b.handled[messageID(i)] == 0 || a.handled[messageID(1000+i)] == 0 {
					t.Errorf("killed at write %d (after: %t): message %d is lost", 1+cut/2, after, i)
				}
			}
			if got, err := a.core.Asked(q); err != nil || got.Response == nil {
				t.Errorf("killed at write %d (after: %t): no answer", 1+cut/2, after)
			}
			total += victim.gen - 1
		}
	}
	if total < 60 {
		t.Errorf("only %d were killed", total)
	}
}

func TestEpochsChangeAndAreErased(t *testing.T) { // §3.1
	w, a, b, id := pair(t, 7, bad())
	first := a.person.relations[id].Epochs[0].ID
	for i := range 30 {
		a.send(changed(id, i))
		b.send(changed(id, 1000+i))
		w.run(day)
	}
	b.once(0, 30)
	a.once(1000, 30)
	for _, d := range []*device{a, b} {
		r := d.person.relations[id]
		if n := len(r.Epochs); n < 2 || n > 4 {
			t.Errorf("%s has %d epochs after a month", d.name, n)
		}
		for _, e := range r.Epochs {
			if e.ID == first {
				t.Errorf("%s still has its first epoch", d.name)
			}
		}
	}
	if a.person.relations[id].PeerEpoch.ID != b.person.relations[id].Epochs[0].ID {
		t.Error("alice seals to an old epoch of bob")
	}
}

func TestEpochsAreErasedAfter28DaysOfSilence(t *testing.T) { // §3.1, §3.2
	w, a, b, id := pair(t, 8, network{delay: time.Second})
	b.off = true
	w.run(60 * day)
	if n := len(a.person.relations[id].Epochs); n > 6 {
		t.Errorf("%d epochs after two months of silence", n)
	}
	b.off = false
	b.restart()
	b.send(changed(id, 1))
	w.run(time.Hour)
	if a.handled[messageID(1)] != 1 {
		t.Error("who was away for two months is not understood")
	}
	a.send(changed(id, 2))
	w.run(time.Hour)
	if b.handled[messageID(2)] != 1 {
		t.Error("who was away for two months does not understand")
	}
}

func TestAnEpochIsSharedBeforeItIsAnnounced(t *testing.T) { // §3.1
	w := newWorld(t, 9, network{delay: 10 * time.Millisecond})
	pa, pb := w.person("alice"), w.person("bob")
	id := w.befriend(pa, pb, 1)
	a, b := w.device(pa, "alice"), w.device(pb, "bob")
	third := w.befriend(pa, w.person("relay that is down"), 1)
	a.person.relations[third].Out[0].Relay = "ws://own"
	w.relay("ws://own").down = true
	pa.out = func() []seal.Outgoing { return []seal.Outgoing{{To: third, Kind: seal.Changed}} }
	w.run(8 * day)
	known := b.person.relations[id].PeerEpoch.ID
	if len(a.person.relations[id].Epochs) < 2 || known != a.person.relations[id].Epochs[len(a.person.relations[id].Epochs)-1].ID {
		t.Fatal("announced before own devices could know it")
	}
	w.relay("ws://own").down = false
	w.run(time.Hour)
	if b.person.relations[id].PeerEpoch.ID == known {
		t.Error("never announced")
	}
}

func TestALostStateIsRenewed(t *testing.T) { // §5.1
	w, a, b, id := pair(t, 10, network{delay: 10 * time.Millisecond})
	a.send(changed(id, 1))
	w.run(time.Minute)
	q := a.ask(id, "/x")
	b.off = true
	w.run(time.Minute)
	b.local, b.off = newLocal(), false // bob's device lost what the exchange keeps
	b.restart()
	w.run(time.Hour)
	if !a.asked[q] {
		t.Error("no answer from a device that lost its contexts")
	}
	a.send(changed(id, 2))
	w.run(time.Hour)
	if b.handled[messageID(2)] != 1 {
		t.Errorf("handled %d times", b.handled[messageID(2)])
	}
}

func TestAFriendMayNotAskAsOftenAsTheyLike(t *testing.T) { // §5.3
	w, a, b, id := pair(t, 11, network{delay: time.Millisecond})
	var ids []seal.MessageID
	for i := range 200 {
		ids = append(ids, a.ask(id, fmt.Sprint("/", i)))
	}
	w.run(time.Second)
	refused := 0
	for _, q := range ids {
		got, err := a.core.Asked(q)
		if err != nil || got.Response == nil {
			t.Fatalf("%+v, %v", got, err)
		}
		if got.Response.Status == 429 {
			refused++
		}
	}
	if served := b.serves; served < 60 || served > 70 || refused != 200-served {
		t.Errorf("%d answered, %d refused", served, refused)
	}
	w.run(time.Minute)
	q := a.ask(id, "/later")
	w.run(time.Second)
	if got, err := a.core.Asked(q); err != nil || got.Response == nil || got.Response.Status != 200 {
		t.Errorf("a minute later: %+v, %v", got, err)
	}
}

func TestReplacedMessagesLeaveOnce(t *testing.T) {
	w, a, b, id := pair(t, 12, network{})
	w.relay("ws://relay0").down, w.relay("ws://relay1").down = true, true
	for i := range 20 {
		o := changed(id, i)
		o.Replaces = true
		a.send(o)
		w.run(time.Second)
	}
	w.relay("ws://relay0").down, w.relay("ws://relay1").down = false, false
	w.run(time.Hour)
	total := 0
	for i := range 20 {
		total += b.handled[messageID(i)]
	}
	if total != 1 || b.handled[messageID(19)] != 1 {
		t.Errorf("%d of 20 that replace one another arrived", total)
	}
}

func TestRelaysSeeNothingThatIsTheSame(t *testing.T) { // mailbox.md §1
	w, a, _, id := pair(t, 13, network{delay: time.Millisecond})
	for i := range 5 {
		a.send(changed(id, i))
	}
	w.run(time.Minute)
	seenAt := map[string]string{}
	for url, r := range w.relays {
		for seed, q := range r.queues {
			for _, body := range q.history {
				for _, part := range []string{string(body[:8]), string(body[8:40])} {
					if other := seenAt[part]; other != "" && other != url+seed {
						t.Fatalf("%s and %s hold the same octets", other, url)
					}
					seenAt[part] = url + seed
				}
			}
		}
	}
	if len(seenAt) == 0 {
		t.Fatal("nothing was sent")
	}
}

func TestASmallMessageStaysSmall(t *testing.T) {
	w, a, b, id := pair(t, 14, network{delay: time.Millisecond})
	a.send(changed(id, 0))
	w.run(time.Minute) // contexts are acknowledged
	body := make([]byte, 1024)
	a.send(seal.Outgoing{To: id, Kind: seal.Purge, ID: messageID(1), Body: seal.PurgeBody{Paths: []string{string(body)}}})
	w.run(time.Minute)
	b.once(1, 1)
	sizes := map[int]int{}
	for _, q := range w.relays["ws://relay0"].queues {
		for _, h := range q.history {
			sizes[len(h)]++
		}
	}
	if sizes[4096]+sizes[16384]+sizes[65536] != 0 {
		t.Errorf("sizes on the wire: %v", sizes)
	}
}

var _ exchange.People = (*people)(nil)

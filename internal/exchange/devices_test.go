package exchange_test

import (
	"testing"
	"time"

	"github.com/kith-web/kith/internal/exchange"
	"github.com/kith-web/kith/internal/seal"
)

// link makes two devices of one person know each other.
func (w *world) link(a, b *device) {
	w.t.Helper()
	household, err := seal.NewSeed(w.octets)
	if err != nil {
		w.t.Fatal(err)
	}
	side := func(d *device) seal.OwnSide {
		secret, err := seal.NewSecret(w.octets)
		if err != nil {
			w.t.Fatal(err)
		}
		public, err := secret.Public()
		if err != nil {
			w.t.Fatal(err)
		}
		return seal.OwnSide{Device: seal.DeviceID([]byte((d.name + "        ")[:8])), Private: secret, Public: public, Queues: w.queues(1)}
	}
	sideA, sideB := side(a), side(b)
	for _, x := range []struct {
		d           *device
		me, another seal.OwnSide
	}{{a, sideA, sideB}, {b, sideB, sideA}} {
		r, err := seal.OwnRelation(household, x.me, x.another)
		if err != nil {
			w.t.Fatal(err)
		}
		r.Epochs[0].Created = w.now.UnixMilli()
		if x.d.people.own == nil {
			x.d.people.own = map[seal.RelationID]*seal.Relation{}
		}
		x.d.people.own[r.ID] = &r
	}
}

// home is a person with two devices, and a friend with one.
func home(t testing.TB, seed uint64, n network) (w *world, phone, laptop, friend *device, id seal.RelationID) {
	w = newWorld(t, seed, n)
	pa, pb := w.person("alice"), w.person("bob")
	id = w.befriend(pa, pb, 2)
	phone, laptop, friend = w.device(pa, "phone"), w.device(pa, "laptop"), w.device(pb, "bob")
	w.link(phone, laptop)
	return w, phone, laptop, friend, id
}

func TestAnyDeviceAnswersAndOneAnswerCounts(t *testing.T) { // §5.3
	for seed := range uint64(6) {
		w, phone, laptop, friend, id := home(t, seed, bad())
		var ids []seal.MessageID
		for range 20 {
			ids = append(ids, friend.ask(id, "/x"))
			w.run(20 * time.Second)
		}
		w.run(3 * time.Hour)
		for _, q := range ids {
			if got, err := friend.core.Asked(q); err != nil || got.Response == nil || got.Response.Status != 200 {
				t.Errorf("seed %d: %+v, %v", seed, got, err)
			}
		}
		if phone.serves == 0 || laptop.serves == 0 {
			t.Errorf("seed %d: the phone answered %d, the laptop %d", seed, phone.serves, laptop.serves)
		}
	}
}

func TestOneRelayOneAnswer(t *testing.T) { // §5.3: who leases it answers it
	w := newWorld(t, 2, network{delay: 10 * time.Millisecond})
	pa, pb := w.person("alice"), w.person("bob")
	id := w.befriend(pa, pb, 1)
	phone, laptop, friend := w.device(pa, "phone"), w.device(pa, "laptop"), w.device(pb, "bob")
	w.link(phone, laptop)
	for range 30 {
		friend.ask(id, "/x")
		w.run(time.Second)
	}
	if n := phone.serves + laptop.serves; n != 30 {
		t.Errorf("30 requests were answered %d times", n)
	}
}

func TestAnotherDeviceAnswersWhenOneDies(t *testing.T) { // §5.3
	w, phone, laptop, friend, id := home(t, 3, network{delay: 10 * time.Millisecond})
	phone.answer = func(exchange.Serve) *seal.Response {
		phone.off = true // it dies while it answers
		return nil
	}
	laptop.off = true
	q := friend.ask(id, "/x")
	w.run(time.Minute)
	laptop.off = false
	laptop.restart()
	w.run(time.Hour)
	if !friend.asked[q] {
		t.Error("a request died with the device that leased it")
	}
}

func TestADeviceThatCannotAnswerLeavesItToAnother(t *testing.T) { // §5.3
	w, phone, laptop, friend, id := home(t, 4, network{delay: 10 * time.Millisecond})
	phone.answer = func(exchange.Serve) *seal.Response { return nil }
	for range 10 {
		q := friend.ask(id, "/x")
		w.run(2 * time.Minute)
		if got, err := friend.core.Asked(q); err != nil || got.Response == nil || string(got.Response.Body) != "/x by laptop" {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if laptop.serves == 0 {
		t.Error("the laptop was not asked")
	}
}

func TestAnswersComeToTheDeviceThatAsked(t *testing.T) { // §5.2
	w, phone, laptop, friend, id := home(t, 5, network{delay: 100 * time.Millisecond})
	for range 10 {
		one, two := phone.ask(id, "/phone"), laptop.ask(id, "/laptop")
		w.run(time.Minute)
		if !phone.asked[one] || !laptop.asked[two] {
			t.Errorf("the phone has its answer: %t, the laptop: %t", phone.asked[one], laptop.asked[two])
		}
	}
	if friend.serves != 20 {
		t.Errorf("20 requests were answered %d times", friend.serves)
	}
}

func TestContextsAreSharedBeforeTheyAreAcknowledged(t *testing.T) { // §5.1
	w, phone, laptop, friend, id := home(t, 6, network{delay: 10 * time.Millisecond})
	laptop.off = true
	friend.send(changed(id, 1))
	w.run(time.Minute)
	phone.off, laptop.off = true, false
	laptop.restart()
	w.run(time.Minute)
	for i := 2; i < 12; i++ {
		friend.send(changed(id, i)) // without enc: the phone has acknowledged the context
		w.run(time.Minute)
	}
	sizes := map[int]int{}
	for i := 2; i < 12; i++ {
		if laptop.handled[messageID(i)] != 1 {
			t.Errorf("the laptop handled message %d %d times", i, laptop.handled[messageID(i)])
		}
	}
	for _, q := range w.relays["ws://relay0"].queues {
		for _, body := range q.history {
			sizes[len(body)]++
		}
	}
	if phone.handled[messageID(1)] != 1 {
		t.Error("the phone did not get the first")
	}
}

func TestOwnDevicesTellEachOther(t *testing.T) {
	w, phone, laptop, _, _ := home(t, 7, bad())
	for own := range phone.people.own {
		for i := range 20 {
			phone.send(seal.Outgoing{To: own, Kind: seal.Items, ID: messageID(i)})
			laptop.send(seal.Outgoing{To: own, Kind: seal.Items, ID: messageID(1000 + i)})
			w.run(day)
		}
	}
	laptop.once(0, 20)
	phone.once(1000, 20)
}

func TestAFriendIsNoOwnDevice(t *testing.T) {
	w, a, b, id := pair(t, 20, network{delay: time.Millisecond})
	for i, kind := range []seal.MessageKind{seal.Items, seal.Reconcile, seal.Reset, seal.Rosters, seal.Contexts} {
		a.send(seal.Outgoing{To: id, Kind: kind, ID: messageID(i), Body: []int{}})
	}
	w.run(time.Hour)
	if len(b.handled) != 0 {
		t.Errorf("a friend's messages for own devices were taken: %v", b.handled)
	}
}

func TestStolenKeysAreOfNoUseAfterRekey(t *testing.T) { // §7
	w, a, b, id := pair(t, 21, network{delay: time.Millisecond})
	a.send(changed(id, 1))
	w.run(time.Minute)
	thiefKnows := *a.person.relations[id] // everything of alice's side
	q := a.ask(id, "/x")                  // on its way in the old relation

	mine, err := seal.NewOwn(w.octets, w.now, "alice", w.queues(2))
	if err != nil {
		t.Fatal(err)
	}
	yours, err := seal.NewOwn(w.octets, w.now, "bob", w.queues(2))
	if err != nil {
		t.Fatal(err)
	}
	k, err := seal.MakeRekey(*a.person.relations[id], mine)
	if err != nil {
		t.Fatal(err)
	}
	answer, nextB, err := seal.AnswerRekey(w.now, *b.person.relations[id], k.Body, yours)
	if err != nil {
		t.Fatal(err)
	}
	nextA, err := seal.FinishRekey(w.now, *a.person.relations[id], k, mine, answer)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		d    *device
		next seal.Relation
	}{{a, nextA}, {b, nextB}} {
		delete(x.d.person.relations, id)
		x.d.person.relations[x.next.ID] = &x.next
		fx := seal.Effects{Moved: []seal.Move{{From: id, To: x.next.ID}}, Changed: true}
		x.d.do(func() ([]exchange.Effect, error) { return x.d.core.Apply(fx) })
	}
	a.send(changed(nextA.ID, 2))
	w.run(time.Minute)
	if b.handled[messageID(2)] != 1 || !a.asked[q] {
		t.Errorf("in the new relation: %d, answered %t", b.handled[messageID(2)], a.asked[q])
	}
	for _, r := range w.relays {
		for _, m := range append(nextA.In, nextB.In...) {
			queue := r.queues[string(m.Sender)]
			if queue == nil {
				continue
			}
			for _, body := range queue.history {
				thief := thiefKnows
				for range 2 { // as either side
					if _, m, err := seal.OpenNew(thief, body); err == nil {
						t.Errorf("the thief read a message of kind %d", m.Kind)
					}
					thief.Side = thief.Side.Other()
				}
			}
		}
	}
}

func TestDirectMailboxesAreTriedFirst(t *testing.T) { // §5.4
	w, a, b, id := pair(t, 22, network{delay: time.Millisecond})
	var direct []exchange.Put
	place := seal.Place{URL: "wss://192.0.2.1:1", Certificate: make([]byte, 32)}
	b.do(func() ([]exchange.Effect, error) {
		return b.core.SetPlaces([]seal.Place{place}, w.now.Add(b.skew+12*time.Hour))
	})
	w.run(time.Minute)
	if st, err := a.core.Status(id); err != nil || !st.Direct {
		t.Fatalf("status %+v, %v", st, err)
	}
	effects, err := a.core.Send(changed(id, 1))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range effects {
		if p := e.(exchange.Put); p.Place == nil || p.Place.URL != place.URL {
			t.Fatalf("sent by a relay: %+v", p)
		} else {
			direct = append(direct, p)
		}
	}
	if len(direct) != 1 {
		t.Fatalf("%d puts", len(direct))
	}
	effects, err = a.core.Done(direct[0].Job, direct[0].Mailbox, direct[0].Place, exchange.Outcome{})
	if err != nil || len(effects) != 2 {
		t.Fatalf("after the direct mailbox failed: %v, %v", effects, err)
	}
	for _, e := range effects {
		a.effect(e)
	}
	w.run(time.Minute)
	b.once(1, 1)
	w.run(13 * time.Hour)
	if st, _ := a.core.Status(id); st.Direct {
		t.Error("a place is used after its time")
	}
}

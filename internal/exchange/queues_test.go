package exchange_test

import (
	"testing"
	"time"

	"github.com/kith-web/kith/internal/exchange"
	"github.com/kith-web/kith/internal/seal"
)

// TestAnInboxIsUsed: whose inbox it is hears once of each that something came by.
func TestAnInboxIsUsed(t *testing.T) { // §4.3
	w, a, b, id := pair(t, 1, network{delay: time.Second})
	for i := range 5 {
		a.send(changed(id, i))
		w.run(time.Minute)
	}
	r, _ := b.people.Relation(id)
	if len(r.In) != 2 {
		t.Fatalf("%d inboxes", len(r.In))
	}
	for _, in := range r.In {
		if n := b.people.arrived[string(in.Sender)]; n != 1 {
			t.Errorf("said %d times that %s is used", n, in.Relay)
		}
	}
}

// TestAByeThatLeft ends what it was kept for, and not before it has left.
func TestAByeThatLeft(t *testing.T) {
	w, a, b, id := pair(t, 1, network{delay: time.Second})
	a.send(changed(id, 1))
	b.send(changed(id, 2))
	w.run(time.Hour)
	for _, r := range w.relays {
		r.down = true
	}
	a.send(seal.Outgoing{To: id, Kind: seal.Bye})
	w.run(time.Hour)
	if len(a.people.forgot) != 0 {
		t.Fatal("a bye that has not left was forgotten")
	}
	for _, r := range w.relays {
		r.down = false
	}
	w.run(time.Hour)
	if len(a.people.forgot) != 1 || a.people.forgot[0] != id {
		t.Errorf("after the bye has left: %v", a.people.forgot)
	}
}

// TestQueuesThatVanished are not tried all the time, which is to be seen, and used
// again within an hour of being there again.
func TestQueuesThatVanished(t *testing.T) {
	w, a, b, id := pair(t, 1, network{delay: time.Second})
	status := func() exchange.Status {
		s, err := a.core.Status(id)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, url := range []string{"ws://relay0", "ws://relay1"} {
		w.relay(url).empty = true
	}
	a.send(changed(id, 1))
	w.run(10 * time.Second)
	if status().Refused {
		t.Error("a queue that may be on its way counts as gone")
	}
	w.run(2 * day)
	for url, r := range w.relays {
		if !status().Refused || r.tries < 40 || r.tries > 80 {
			t.Errorf("%s was asked %d times in two days, refused %v", url, r.tries, status().Refused)
		}
		r.empty = false
	}
	w.run(time.Hour + time.Minute)
	b.once(1, 1)
	if status().Refused || status().Waiting != 0 {
		t.Errorf("after that: %+v", status())
	}
}

// TestWhereADeviceIsIsToldSeldom, however often it says so.
func TestWhereADeviceIsIsToldSeldom(t *testing.T) { // §5.4
	w, a, _, id := pair(t, 1, network{delay: time.Millisecond})
	r, _ := a.people.Relation(id)
	sent := func() (n int) {
		for _, m := range r.Out {
			if q := w.relay(m.Relay).queues[string(m.Sender)]; q != nil {
				n += q.puts
			}
		}
		return n
	}
	at := []seal.Place{{URL: "wss://alice.example", Certificate: make([]byte, 32)}}
	for range 24 * 60 {
		a.do(func() ([]exchange.Effect, error) { return a.core.SetPlaces(at, w.now.Add(12*time.Hour)) })
		w.run(time.Minute)
	}
	if n := sent(); n < 2*4 || n > 2*8 { // every six hours, to two relays, with acknowledgements
		t.Errorf("%d messages in a day say where a device is", n)
	}
}

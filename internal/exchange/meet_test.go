package exchange_test

import (
	"testing"
	"time"

	"github.com/kith-web/kith/internal/seal"
)

// waiting counts what relays still hold.
func (w *world) waiting() int {
	n := 0
	for _, r := range w.relays {
		for _, q := range r.queues {
			for _, h := range q.held {
				if !h.gone {
					n++
				}
			}
		}
	}
	return n
}

func TestMeetingsAreLeftToBrowsers(t *testing.T) { // §5.4
	w, phone, laptop, friend, id := home(t, 11, network{delay: 10 * time.Millisecond})
	w.run(time.Hour)
	friend.send(seal.Outgoing{To: id, Kind: seal.Meet, ID: seal.MessageID{1}, Body: map[int]int{1: 1}, Lifetime: 60_000})
	w.run(10 * time.Second)
	if w.waiting() == 0 {
		t.Error("a meeting was taken by a device that is no browser, though there are others")
	}
	w.run(10 * time.Minute)
	friend.send(seal.Outgoing{To: id, Kind: seal.Changed, ID: seal.MessageID{2}})
	w.run(time.Minute)
	if n := w.waiting(); n != 0 {
		t.Errorf("%d messages wait after a meeting that nobody came to", n)
	}
	if phone.handled[seal.MessageID{1}]+laptop.handled[seal.MessageID{1}] != 0 {
		t.Error("a meeting was handed to the library")
	}
	if phone.handled[seal.MessageID{2}]+laptop.handled[seal.MessageID{2}] != 1 {
		t.Error("the message after a meeting was not handled once")
	}
}

func TestUnknownKindsAreDropped(t *testing.T) { // §5.2
	w := newWorld(t, 12, network{delay: 10 * time.Millisecond})
	pa, pb := w.person("alice"), w.person("bob")
	id := w.befriend(pa, pb, 2)
	alice, bob := w.device(pa, "alice"), w.device(pb, "bob")
	w.run(time.Hour)
	for i, kind := range []seal.MessageKind{seal.Meet, 16, 99, 255} {
		bob.send(seal.Outgoing{To: id, Kind: kind, ID: seal.MessageID{byte(i + 1)}, Body: "what a later version says"})
	}
	bob.send(seal.Outgoing{To: id, Kind: seal.Changed, ID: seal.MessageID{9}})
	w.run(10 * time.Minute)
	if len(alice.handled) != 1 || alice.handled[seal.MessageID{9}] != 1 {
		t.Errorf("handled %v", alice.handled)
	}
	if n := w.waiting(); n != 0 {
		t.Errorf("%d messages wait", n)
	}
}

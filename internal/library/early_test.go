package library_test

import (
	"testing"
	"time"

	"github.com/kith-web/kith/internal/library"
	"github.com/kith-web/kith/internal/seal"
)

// TestAReceiptThatIsEarly: a friend's word reaches the other own device before it
// has heard of what was asked.
func TestAReceiptThatIsEarly(t *testing.T) { // §6.5
	h := newHouse(t, 2)
	h.calm()
	friend := library.Friend{Relation: id(1), All: true}
	for i := range h.libs {
		h.send(i, h.libs[i].SetPeople(h.people(i, friend)))
	}
	_, out := put(t, h.libs[0], "x", []byte("1"), library.PutOptions{Audience: to(library.All)})
	h.send(0, out)
	h.calm()
	ask(t, h.libs[0], 1, "/x")
	_, out, err := h.libs[0].Remove("", "x", false)
	if err != nil {
		t.Fatal(err)
	}
	settle(t, h.libs[1], 1, out) // what device 0 tells device 1 is still on its way
	h.send(0, out)
	h.calm()
	if d := h.libs[1].Deletions(); len(d) != 1 || d[0].Waiting != 1 {
		t.Fatalf("before it was looked at again: %+v", d)
	}
	h.clock.advance(time.Minute)
	h.send(1, must[[]seal.Outgoing](t)(h.libs[1].Tick()))
	h.calm()
	for i, l := range h.libs {
		if d := l.Deletions(); len(d) != 1 || d[0].Confirmed != 1 || d[0].Waiting != 0 {
			t.Errorf("device %d: %+v", i, d)
		}
	}
}

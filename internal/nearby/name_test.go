package nearby

import (
	"testing"

	"github.com/kith-web/kith/internal/openscreen"
)

// A device chooses what it is called, and must not be taken for another by it.
func TestANameIsNoID(t *testing.T) {
	s := device(t, "a")
	bob, mallory := openscreen.Fingerprint{1}, openscreen.Fingerprint{2}
	for _, d := range []struct {
		f    openscreen.Fingerprint
		name string
	}{{bob, "bob"}, {mallory, ID(bob)}} {
		if _, err := s.book.add(d.f, d.name, nil); err != nil {
			t.Fatal(err)
		}
	}
	if d, err := s.Device(ID(bob)); err != nil || d.ID != ID(bob) {
		t.Errorf("Device: %s, %v", d.ID, err)
	}
	if e, err := s.EntryOf(ID(bob)); err != nil || e.Fingerprint != bob {
		t.Errorf("EntryOf: %v, %v", e.Fingerprint, err)
	}
	if err := s.Forget(ID(bob)); err != nil {
		t.Fatal(err)
	}
	if e, err := s.EntryOf(ID(bob)); err == nil {
		t.Errorf("EntryOf takes %v for a device that is forgotten", e.Fingerprint)
	}
}

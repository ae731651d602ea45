package person_test

import (
	"testing"
	"time"
)

// TestOtherRelaysAreThoseOfAllDevices: who did not change them hears of rosters on.
func TestOtherRelaysAreThoseOfAllDevices(t *testing.T) { // §2.3, §4.3
	w := newWorld(t)
	alice, laptop := w.someone("alice"), w.device("laptop")
	w.link(alice, laptop)
	alice.do(alice.person.SetRelays([]string{"wss://new.example"}))
	w.settle()
	alice.do(alice.person.SetDevice("desk", nil))
	w.settle()
	laptop.wants("desk", "laptop")
	w.later(time.Minute)
	for _, d := range w.devices {
		for _, in := range d.person.Inboxes() {
			if in.Mailbox.Relay != "wss://new.example" {
				t.Errorf("%s listens at %s", d.name, in.Mailbox.Relay)
			}
		}
	}
	laptop.do(laptop.person.SetDevice("bag", nil))
	w.settle()
	alice.wants("bag", "desk")
}

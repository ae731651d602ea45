package exchange_test

import (
	"strings"
	"testing"
	"time"
)

// TestWhoseContextIsUnknownHearsOfIt though another device of theirs gets the word
// first.
func TestWhoseContextIsUnknownHearsOfIt(t *testing.T) { // §5.1
	w := newWorld(t, 8, network{delay: 10 * time.Millisecond})
	pa, pb := w.person("alice"), w.person("bob")
	id := w.befriend(pa, pb, 1)
	laptop, phone, friend := w.device(pa, "laptop"), w.device(pa, "phone"), w.device(pb, "bob")
	w.link(laptop, phone)
	phone.ask(id, "/x")
	w.run(time.Minute) // bob knows the phone's context, and the phone knows that
	for key := range friend.local.records {
		if strings.HasPrefix(key, "receive/") {
			delete(friend.local.records, key)
		}
	}
	friend.restart()
	q := phone.ask(id, "/y")
	w.run(time.Minute)
	if !phone.asked[q] {
		t.Errorf("nobody told the phone that its context is unknown: its question is lost")
	}
}

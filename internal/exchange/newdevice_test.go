package exchange_test

import (
	"testing"
	"time"
)

func TestADeviceThatIsNewGetsItsAnswers(t *testing.T) { // §5.1
	w := newWorld(t, 8, network{delay: 10 * time.Millisecond})
	pa, pb := w.person("alice"), w.person("bob")
	id := w.befriend(pa, pb, 1)
	phone, friend := w.device(pa, "phone"), w.device(pb, "bob")
	phone.ask(id, "/x")
	w.run(time.Minute) // bob has a context that the phone has acknowledged
	phone.off = true

	laptop := w.device(pa, "laptop") // nobody has told it of the context
	w.link(phone, laptop)
	q := laptop.ask(id, "/y")
	w.run(time.Minute)
	if !laptop.asked[q] {
		t.Errorf("an answer in a context that a new device does not know is lost; bob answered %d times", friend.serves)
	}
}

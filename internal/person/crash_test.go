package person_test

import (
	"testing"
	"time"

	"github.com/kith-web/kith/internal/seal"
)

// stories are what people do, each step from a state that the one before left. A
// step that ends in a crash is done again, as a person would.
func stories() map[string]func(w *world) (check func()) {
	return map[string]func(w *world) func(){
		"friends": func(w *world) func() {
			alice, bob := w.someone("alice"), w.someone("bob")
			link := alice.invite()
			bob.accept(link, "al")
			bob.accept(link, "al")
			w.settle()
			return func() {
				if a, b := alice.friends(), bob.friends(); len(a) != 1 || len(b) != 1 || a[0].Pending || b[0].Pending || a[0].Safety != b[0].Safety {
					w.t.Fatalf("%+v, %+v", a, b)
				}
				w.talk(alice, bob)
			}
		},
		"devices": func(w *world) func() {
			a, b := w.someone("a"), w.device("b")
			friend := w.someone("friend")
			w.befriend(a, friend)
			l, e, err := b.person.StartLink()
			b.do(e, err)
			for l.Link == "" {
				l, e, err = b.person.StartLink()
				b.do(e, err)
			}
			for range 2 {
				_, e, err = a.person.AcceptLink(l.Link)
				a.do(e, err)
			}
			w.settle()
			w.later(2 * time.Minute)
			for _, d := range []*device{a, b} {
				for range 2 {
					if all, err := d.person.Links(); err == nil && len(all) > 0 && all[0].State == "compare" {
						d.do(d.person.ConfirmLink(all[0].ID))
					}
				}
			}
			w.settle()
			w.later(2 * time.Minute)
			return func() {
				a.wants("a", "b")
				b.wants("a", "b")
				w.talk(b, friend)
			}
		},
		"revoke": func(w *world) func() {
			a, b, c := w.someone("a"), w.device("b"), w.device("c")
			friend := w.someone("friend")
			w.link(a, b)
			w.link(a, c)
			w.befriend(a, friend)
			code := friend.friends()[0].Safety
			w.arm()
			for range 2 {
				if len(a.devices()) == 3 {
					a.do(a.person.Revoke([]seal.DeviceID{c.id()}, ""))
				}
			}
			w.settle(a, b, friend)
			return func() {
				a.wants("a", "b")
				b.wants("a", "b")
				w.talk2([]*device{a, b, friend}, b, friend)
				if friend.friends()[0].Safety == code {
					w.t.Fatal("the keys did not change")
				}
			}
		},
		"remove": func(w *world) func() {
			a, b := w.someone("a"), w.someone("b")
			w.befriend(a, b)
			w.arm()
			for range 2 {
				if f := a.friends(); len(f) > 0 {
					a.do(a.person.RemoveFriend(f[0].Handle))
				}
			}
			w.settle()
			return func() {
				if len(a.friends())+len(b.friends()) != 0 {
					w.t.Fatalf("%+v, %+v", a.friends(), b.friends())
				}
			}
		},
	}
}

// arm starts what a test wants to go wrong.
func (w *world) arm() {
	if w.armed != nil {
		w.armed()
	}
}

// TestACrashBetweenKeepingAndDoing: the nth thing that had to be done is lost with
// everything after it, and the device starts again.
func TestACrashBetweenKeepingAndDoing(t *testing.T) {
	for name, story := range stories() {
		steps := 0
		for at := 0; at <= steps; at += 1 + at/12 { // each of the first, some of the rest
			w := newWorld(t)
			n, on := 0, name == "friends" || name == "devices"
			w.armed = func() { on = true }
			w.lose = func(*device) bool {
				if on {
					n++
				}
				return on && n == at
			}
			check := story(w)
			if at == 0 {
				steps = min(n, 60)
			}
			w.lose = nil
			for range 3 {
				w.later(61 * time.Minute)
			}
			check()
			if t.Failed() {
				t.Fatalf("%s: after a crash at effect %d", name, at)
			}
		}
		if steps < 3 {
			t.Fatalf("%s: only %d steps", name, steps)
		}
	}
}

// TestACrashAtEveryWrite: the nth write of a device fails, and it starts again.
func TestACrashAtEveryWrite(t *testing.T) {
	for name, story := range stories() {
		for at := 1; at <= 25; at += 1 + at/10 {
			for _, which := range []int{0, 1} {
				w := newWorld(t)
				w.armed = func() {
					for _, d := range w.devices {
						d.fail(which, at)
					}
				}
				if name == "friends" || name == "devices" {
					w.made = func(d *device) { d.fail(which, at) }
				}
				check := story(w)
				w.made = nil
				for _, d := range w.devices {
					d.local.fail, d.records.fail = 0, 0
				}
				for range 3 {
					w.later(61 * time.Minute)
				}
				check()
				if t.Failed() {
					t.Fatalf("%s: after a crash at write %d of %d", name, at, which)
				}
			}
		}
	}
}

func (d *device) fail(which, at int) {
	if which == 0 {
		d.local.fail = at
	} else {
		d.records.fail = at
	}
}

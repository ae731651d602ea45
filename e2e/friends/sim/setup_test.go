package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/person"
)

// populate makes people with one to three devices each, and friends of them.
func (w *world) populate(devices int) {
	for len(w.devices) < devices {
		p := &somebody{name: fmt.Sprintf("p%d", len(w.people))}
		honest := w.rand.IntN(3) * 2
		p.relays = []string{w.relays[honest].url, w.relays[w.rand.IntN(3)*2+1].url}
		w.people = append(w.people, p)
		first := w.device(p)
		for p.words == "" { // it may die of it
			first.act(func() { first.do(first.person.Create()) })
			first.act(func() {
				words, err := first.person.Phrase()
				if err == nil {
					p.words = words
				}
			})
		}
		for range w.rand.IntN(3) {
			w.link(first, w.device(p))
		}
	}
	n := len(w.people)
	for i, p := range w.people {
		w.befriend(p, w.people[(i+1)%n])
		if o := w.people[w.rand.IntN(n)]; o != p && !slices.Contains(p.friends, o) {
			w.befriend(p, o)
		}
	}
	for range 60 { // joins that were lost are said again every hour
		if w.run(time.Hour); w.befriended() == "" {
			return
		}
	}
	w.t.Fatal(w.befriended())
}

// befriended says who does not know a friend yet.
func (w *world) befriended() string {
	for _, d := range w.devices {
		for _, f := range d.owner.friends {
			if _, ok := d.friend(f); !ok {
				all, _ := d.person.Friends()
				return fmt.Sprintf("%s is no friend of %s: %+v", d.name, f.name, all)
			}
		}
	}
	return ""
}

func (w *world) link(old, fresh *device) {
	var l person.Link
	for l.Link == "" { // either may die of it
		fresh.act(func() {
			got, e, err := fresh.person.StartLink()
			w.must(err)
			fresh.do(e, err)
			l = got
		})
	}
	w.run(time.Minute)
	for done := false; !done; {
		old.act(func() {
			_, e, err := old.person.AcceptLink(l.Link)
			old.do(e, err)
			done = true
		})
	}
	for range 50 {
		w.run(time.Minute)
		for _, d := range []*device{fresh, old} {
			links, err := d.person.Links()
			w.must(err)
			for _, l := range links {
				if l.State == "compare" {
					d.act(func() { d.do(d.person.ConfirmLink(l.ID)) })
				}
			}
		}
		if all, err := fresh.person.Devices(); err == nil && len(all) >= 2 {
			return
		}
	}
	links, _ := fresh.person.Links()
	w.t.Fatalf("%s was not linked: %+v", fresh.name, links)
}

func (w *world) befriend(a, b *somebody) {
	if a == b || slices.Contains(a.friends, b) {
		return
	}
	a.friends, b.friends = append(a.friends, b), append(b.friends, a)
	link := ""
	x, y := a.devices[0], b.devices[0]
	for link == "" {
		x.act(func() {
			i, e, err := x.person.Invite(b.name, 0)
			x.do(e, err)
			link = i.Link
		})
	}
	w.run(time.Minute)
	for done := false; !done; {
		y.act(func() {
			_, e, err := y.person.Accept(link, a.name)
			if fault.KindOf(err) == fault.Conflict { // it died after it was done
				done = true
				return
			}
			y.do(e, err)
			done = true
		})
	}
	w.run(time.Minute)
}

package sim

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/library"
	"github.com/kith-web/kith/internal/person"
	"github.com/kith-web/kith/internal/seal"
)

// watch sees what a friend is told.
func (d *device) watch(from seal.RelationID, q seal.Request, r seal.Response) {
	w := d.w
	w.count["answers"]++
	f, err := d.person.Find(fmt.Sprintf("%x", from[:]))
	if err != nil {
		all, err := d.person.Friends()
		w.must(err)
		i := slices.IndexFunc(all, func(f person.Friend) bool { return seal.RelationID(f.Handle) == from })
		if i < 0 {
			if isContent(r.Status) {
				w.t.Errorf("%s answered somebody it does not know", d.name)
			}
			return
		}
		f = all[i]
	}
	if f.Blocked && isContent(r.Status) {
		w.t.Errorf("%s answered %s, who is blocked", d.name, f.Name)
	}
	for _, c := range w.docs {
		if c.owner != d.owner {
			if isContent(r.Status) && bytes.Contains(r.Body, []byte(c.path+" ")) {
				w.t.Errorf("%s answered with a document of another person", d.name)
			}
			continue
		}
		here := q.Path == "/"+c.path && isContent(r.Status) || strings.HasSuffix(q.Path, "/") && bytes.Contains(r.Body, []byte(`"`+c.path+`"`)) && !bytes.Contains(r.Body, []byte("gone"))
		if !here {
			continue
		}
		var shown bool
		for o := range maps.Keys(c.shown) {
			shown = shown || o.name == f.Name
		}
		item, err := d.library.Stat("", c.path)
		if !shown || err != nil && !d.thief || !d.lets(item, from) && !d.thief {
			w.t.Errorf("%s showed %s to %s, who is outside its audience (%v)", d.name, c.path, f.Name, err)
		}
		if q.Path == "/"+c.path && len(r.Body) > 0 && r.Status == 200 && !c.said[string(r.Body)] {
			w.t.Errorf("%s answered %s with %.40q", d.name, c.path, r.Body)
		}
	}
}

// heal ends all faults and gives everybody time.
func (w *world) heal() {
	w.faults = faults{delay: time.Second}
	for _, r := range w.relays {
		r.lies = false
		if r.down {
			r.back()
		}
	}
	for _, d := range w.devices {
		if d.dead {
			continue
		}
		d.skew = 0
		if d.off {
			d.turnOn()
		} else {
			d.schedule()
		}
	}
	w.run(2*day + 2*time.Hour)
}

// check is what has to be true in the end.
func (w *world) check() {
	for _, q := range w.asked {
		a, err := q.d.core.Asked(q.id)
		open := err == nil && a.Response == nil
		switch {
		case q.answers > 1:
			w.t.Errorf("%s got %d answers to one question", q.d.name, q.answers)
		case open && !q.void && !q.excused():
			w.t.Errorf("%s has no answer of %x to %s, asked %s ago", q.d.name, q.to[:4], q.path, w.now.Sub(q.at))
		}
		w.count["questions"]++
	}
	for _, p := range w.people {
		w.checkPerson(p)
	}
	for _, c := range w.docs {
		w.checkDoc(c)
	}
}

func (w *world) checkPerson(p *somebody) {
	w.checkParted(p)
	var first string
	for i, d := range p.devices {
		items, err := d.library.List(library.ListOptions{})
		w.must(err)
		var b strings.Builder
		for _, item := range items {
			fmt.Fprintf(&b, "%s %s %v\n", item.Path, item.Tag(), item.Audience)
			if !item.Here && !p.restored { // what only an old copy lacks is lost
				w.t.Errorf("%s has no body of %s", d.name, item.Path)
			}
		}
		friends, err := d.person.Friends()
		w.must(err)
		for _, f := range friends {
			fmt.Fprintf(&b, "%s %x\n", f.Name, f.Handle)
		}
		if i == 0 {
			first = b.String()
		} else if b.String() != first {
			w.t.Errorf("%s and %s differ:\n%s", p.devices[0].name, d.name, difference(first, b.String()))
		}
	}
}

func difference(a, b string) string {
	var out []string
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for _, l := range x {
		if !slices.Contains(y, l) {
			out = append(out, "- "+l)
		}
	}
	for _, l := range y {
		if !slices.Contains(x, l) {
			out = append(out, "+ "+l)
		}
	}
	return strings.Join(out, "\n")
}

func (w *world) checkDoc(c *doc) {
	for _, d := range c.owner.devices {
		item, err := d.library.Stat("", c.path)
		if c.deleted && err == nil {
			w.t.Errorf("%s is back on %s", c.path, d.name)
		}
		if err != nil && !c.deleted && !c.owner.restored {
			w.t.Errorf("%s is lost on %s", c.path, d.name)
		}
		if err == nil && !item.Here && !c.owner.restored {
			w.t.Errorf("the body of %s is not on %s", c.path, d.name)
		} else if err != nil && fault.KindOf(err) != fault.NotFound {
			w.t.Errorf("%s on %s: %v", c.path, d.name, err)
		}
	}
	if !c.deleted {
		return
	}
	w.count["deletions"]++
	for _, f := range c.owner.friends {
		if c.owner.strained[f] {
			continue // they were not heard, or not told
		}
		for _, d := range f.devices {
			id, ok := d.friend(c.owner)
			if _, b, have := d.copies.Lookup(id, c.path); ok && have {
				_ = b.Close()
				if !c.owner.restored { // who was put back forgot whom it sent it to; the lease ends it
					w.t.Errorf("%s still has a copy of %s, deleted %s ago by %s", d.name, c.path, w.now.Sub(c.at), c.by.name)
				}
			}
		}
	}
}

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

// doc is what the simulation knows of a document, whose path is used once.
type doc struct {
	owner   *somebody
	path    string
	said    map[string]bool    // every body that it had
	shown   map[*somebody]bool // who was ever in the audience
	deleted bool               // by somebody who knew the newest of it
	by      *device
	at      time.Time
}

// question is one that a device asked.
type question struct {
	d       *device
	id      seal.MessageID
	to      seal.RelationID
	path    string
	at      time.Time
	answers int
	said    []byte // the last one
	status  int
	void    bool // its device was put back to before it
}

func (d *device) friend(f *somebody) (seal.RelationID, bool) {
	got, err := d.person.Find(f.name)
	return seal.RelationID(got.Handle), err == nil && !got.Pending
}

// populate makes people with one to three devices each, and friends of them.
func (w *world) populate(devices int) {
	for len(w.devices) < devices {
		p := &somebody{name: fmt.Sprintf("p%d", len(w.people))}
		honest := w.rand.IntN(3) * 2
		p.relays = []string{w.relays[honest].url, w.relays[w.rand.IntN(3)*2+1].url}
		w.people = append(w.people, p)
		first := w.device(p)
		first.act(func() { first.do(first.person.Create()) })
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
	w.run(2 * time.Hour)
	for _, d := range w.devices {
		for _, f := range d.owner.friends {
			if _, ok := d.friend(f); !ok {
				all, _ := d.person.Friends()
				w.t.Fatalf("%s is no friend of %s: %+v", d.name, f.name, all)
			}
		}
	}
}

func (w *world) link(old, fresh *device) {
	var l person.Link
	fresh.act(func() {
		got, e, err := fresh.person.StartLink()
		l = got
		fresh.do(e, err)
	})
	w.run(time.Minute)
	old.act(func() {
		_, e, err := old.person.AcceptLink(l.Link)
		old.do(e, err)
	})
	w.run(3 * time.Minute)
	for _, d := range []*device{fresh, old} {
		links, err := d.person.Links()
		w.must(err)
		for _, l := range links {
			if l.Code != "" && l.State == "compare" {
				d.act(func() { d.do(d.person.ConfirmLink(l.ID)) })
			}
		}
	}
	w.run(3 * time.Minute)
	if all, err := fresh.person.Devices(); err != nil || len(all) < 2 {
		links, _ := fresh.person.Links()
		w.t.Fatalf("%s was not linked: %v %+v", fresh.name, err, links)
	}
}

func (w *world) befriend(a, b *somebody) {
	if a == b || slices.Contains(a.friends, b) {
		return
	}
	a.friends, b.friends = append(a.friends, b), append(b.friends, a)
	var link string
	x, y := a.devices[0], b.devices[0]
	x.act(func() {
		i, e, err := x.person.Invite(b.name, 0)
		link = i.Link
		x.do(e, err)
	})
	w.run(time.Minute)
	y.act(func() {
		_, e, err := y.person.Accept(link, a.name)
		y.do(e, err)
	})
	w.run(time.Minute)
}

// live lets steps things happen.
func (w *world) live(steps int) {
	acts := []struct {
		weight int
		do     func(*device)
	}{
		{20, w.write}, {6, w.change}, {6, w.remove}, {25, w.ask}, {8, w.away}, {6, w.kill}, {5, w.save}, {5, w.restore}, {3, w.relayDown}, {4, w.wrongClock},
	}
	total := 0
	for _, a := range acts {
		total += a.weight
	}
	for range steps {
		w.run(time.Duration(w.rand.ExpFloat64() * float64(6*time.Minute)))
		d, n := pick(w, w.devices), w.rand.IntN(total)
		for _, a := range acts {
			if n -= a.weight; n < 0 {
				a.do(d)
				break
			}
		}
	}
}

func (w *world) write(d *device) {
	if d.off {
		return
	}
	c := &doc{owner: d.owner, path: fmt.Sprintf("docs/%d", len(w.docs)), said: map[string]bool{}, shown: map[*somebody]bool{}}
	w.docs = append(w.docs, c)
	w.put(d, c)
}

func (w *world) put(d *device, c *doc) {
	text := fmt.Sprintf("%s %d ", c.path, len(c.said))
	if w.chance(0.2) {
		text = strings.Repeat(text, 600) // a body in a file
	}
	c.said[text] = true
	audience := w.audience(d, c)
	d.act(func() {
		_, out, err := d.library.Put(w.t.Context(), c.path, strings.NewReader(text), library.PutOptions{Audience: &audience})
		w.must(err)
		d.send(out)
	})
}

// audience is nobody or some friends.
func (w *world) audience(d *device, c *doc) library.Audience {
	a := library.Audience{Reach: library.Some}
	for _, f := range d.owner.friends {
		if id, ok := d.friend(f); ok && w.chance(0.5) {
			a.Friends = append(a.Friends, id)
			c.shown[f] = true
		}
	}
	if len(a.Friends) == 0 {
		return library.Audience{}
	}
	return a
}

// some is a document that d has, and nobody deleted.
func (w *world) some(d *device) *doc {
	var have []*doc
	for _, c := range w.docs {
		if _, err := d.library.Stat("", c.path); c.owner == d.owner && !c.deleted && err == nil {
			have = append(have, c)
		}
	}
	if len(have) == 0 {
		return nil
	}
	return pick(w, have)
}

func (w *world) change(d *device) {
	c := w.some(d)
	if d.off || c == nil {
		return
	}
	if w.chance(0.5) {
		w.put(d, c)
		return
	}
	audience := w.audience(d, c)
	d.act(func() {
		_, out, err := d.library.Share("", c.path, false, audience)
		w.must(err)
		d.send(out)
	})
}

// remove deletes a document. Somebody may have written it at the same time, unseen,
// with a later clock: then it is theirs.
func (w *world) remove(d *device) {
	c := w.some(d)
	if d.off || c == nil {
		return
	}
	mine, err := d.library.Stat("", c.path)
	w.must(err)
	newest := true
	for _, o := range d.owner.devices {
		other, err := o.library.Stat("", c.path)
		newest = newest && (err != nil || bytes.Compare(other.Revision[:], mine.Revision[:]) <= 0)
	}
	c.deleted, c.by, c.at = newest, d, w.now
	d.act(func() {
		_, out, err := d.library.Remove("", c.path, false)
		w.must(err)
		d.send(out)
	})
}

// ask asks a friend for what there is, or never was.
func (w *world) ask(d *device) {
	f := pick(w, d.owner.friends)
	id, ok := d.friend(f)
	if d.off || !ok {
		return
	}
	path := "docs/none"
	var theirs []string
	for _, c := range w.docs {
		if c.owner == f {
			theirs = append(theirs, c.path)
		}
	}
	if len(theirs) > 0 {
		path = pick(w, theirs)
	}
	if w.chance(0.1) {
		path = "docs/"
	}
	d.act(func() {
		_, body, err := d.copies.Get(w.t.Context(), asker{d, true}, id, path, w.chance(0.5))
		if err == nil {
			w.must(body.Close())
		}
	})
}

func (w *world) away(d *device) {
	if d.off {
		return
	}
	d.turnOff()
	hours := time.Duration(w.rand.ExpFloat64() * float64(8*time.Hour))
	if w.chance(0.05) {
		hours *= 40
	}
	w.later(hours, func() {
		if d.off {
			d.turnOn()
		}
	})
}

func (w *world) kill(d *device) {
	if !d.off {
		d.start()
	}
}

func (w *world) save(d *device) {
	if !d.off {
		d.save()
	}
}

// restore puts a device back to an old copy. What nobody else knew is lost with it.
func (w *world) restore(d *device) {
	if d.off || d.saved == nil {
		return
	}
	w.count["restores"]++
	d.owner.restored = true
	for _, q := range w.asked {
		if q.d == d {
			q.void = q.void || q.at.After(d.saved.at)
			q.answers = 0
		}
	}
	for _, c := range w.docs {
		if c.deleted && c.by == d && c.at.After(d.saved.at) && !w.known(c, d) {
			c.deleted = false
		}
	}
	d.handled = map[seal.MessageID]int{}
	d.restore()
}

// known says whether another device of the person, that has all that d had, knows a
// deletion.
func (w *world) known(c *doc, but *device) bool {
	if len(but.owner.devices) == 1 {
		return false
	}
	for _, d := range but.owner.devices {
		if _, err := d.library.Stat("", c.path); d != but && err == nil {
			return false
		}
	}
	return w.now.Sub(c.at) > day
}

func (w *world) relayDown(*device) {
	r := pick(w, w.relays)
	if r.down {
		return
	}
	r.down = true
	w.later(time.Duration(w.rand.ExpFloat64()*float64(3*time.Hour)), r.back)
}

func (w *world) wrongClock(d *device) {
	d.skew = 0
	if w.chance(0.7) {
		d.skew = time.Duration(w.rand.Int64N(int64(2*day))) - day
	}
	d.schedule()
}

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
			w.t.Errorf("%s answered somebody it does not know", d.name)
			return
		}
		f = all[i]
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
		if !shown || err != nil || !slices.Contains(item.Audience.Friends, from) {
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
		case open && !q.void:
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
		if err == nil {
			_ = item
		} else if fault.KindOf(err) != fault.NotFound {
			w.t.Errorf("%s on %s: %v", c.path, d.name, err)
		}
	}
	if !c.deleted {
		return
	}
	w.count["deletions"]++
	for _, f := range c.owner.friends {
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

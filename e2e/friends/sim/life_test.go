package sim

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/library"
	"github.com/kith-web/kith/internal/seal"
)

// doc is what the simulation knows of a document, whose path is used once.
type doc struct {
	owner   *somebody
	path    string
	said    map[string]bool             // every body that it had
	shown   map[*somebody]bool          // who was ever in the audience
	lists   map[library.ListHandle]bool // that ever were
	lost    bool                        // with the only device that had it
	deleted bool                        // by somebody who knew the newest of it
	by      *device
	at      time.Time
}

// question is one that a device asked.
type question struct {
	d       *device
	id      seal.MessageID
	to      seal.RelationID
	of      *somebody
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

// live lets steps things happen.
func (w *world) live(steps int) {
	acts := []struct {
		weight int
		do     func(*device)
	}{
		{20, w.write},
		{6, w.change},
		{6, w.remove},
		{25, w.ask},
		{8, w.away},
		{6, w.kill},
		{5, w.save},
		{5, w.restore},
		{3, w.relayDown},
		{4, w.wrongClock},
		{4, w.list},
		{2, w.block},
		{1, w.part},
		{2, w.revoke},
		{4, w.back},
		{2, w.lose},
		{4, w.reach},
	}
	total := 0
	for _, a := range acts {
		total += a.weight
	}
	for range steps {
		w.run(time.Duration(w.rand.ExpFloat64() * float64(6*time.Minute)))
		d, n := pick(w, w.devices), w.rand.IntN(total)
		if d.dead {
			continue
		}
		for _, a := range acts {
			if n -= a.weight; n < 0 {
				a.do(d)
				break
			}
		}
	}
}

func (w *world) write(d *device) {
	if d.off || d.thief {
		return
	}
	c := &doc{owner: d.owner, path: fmt.Sprintf("docs/%d", len(w.docs)), said: map[string]bool{}, shown: map[*somebody]bool{}, lists: map[library.ListHandle]bool{}}
	w.docs = append(w.docs, c)
	w.put(d, c)
}

func (w *world) put(d *device, c *doc) {
	text := fmt.Sprintf("%s %d ", c.path, len(c.said))
	if w.chance(0.2) {
		text = strings.Repeat(text, 600) // a body in a file
	}
	if w.chance(0.05) {
		text = strings.Repeat(text, 1+150_000/len(text)) // one that travels in chunks
	}
	c.said[text] = true
	audience := w.audience(d, c)
	d.act(func() {
		_, out, err := d.library.Put(w.t.Context(), c.path, strings.NewReader(text), library.PutOptions{Audience: &audience})
		w.must(err)
		d.send(out)
	})
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
	if d.off || d.thief || c == nil {
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
	if d.off || d.thief || c == nil {
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
	if len(d.owner.friends) == 0 {
		return
	}
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
		if d.off && !d.dead {
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
	if d.off || d.saved == nil || d.thief {
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
	w.forgets(d, d.saved.at)
	d.handled = map[seal.MessageID]int{}
	d.restore()
}

// forgets takes back deletions after an instant that d alone may know of.
func (w *world) forgets(d *device, since time.Time) {
	for _, c := range w.docs {
		if c.deleted && c.by == d && c.at.After(since) && !w.known(c, d) {
			c.deleted = false
		}
	}
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

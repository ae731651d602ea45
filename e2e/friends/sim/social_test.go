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

// whose says who a device knows by a name of the library.
func (d *device) whose(id seal.RelationID) *somebody {
	for _, f := range append(slices.Clone(d.owner.friends), d.owner.former...) {
		if got, err := d.person.Find(f.name); err == nil && seal.RelationID(got.Handle) == id {
			return f
		}
	}
	return nil
}

// excused says that a question need not be answered: who asked was shut out, or the
// two did not hear one another for a while.
func (q *question) excused() bool {
	return q.d.thief || q.d.dead || q.of == nil || q.d.owner.strained[q.of]
}

// audience is nobody, or some friends and a list of them.
func (w *world) audience(d *device, c *doc) library.Audience {
	a := library.Audience{Reach: library.Some}
	for _, f := range d.owner.friends {
		if id, ok := d.friend(f); ok && w.chance(0.4) {
			a.Friends = append(a.Friends, id)
			c.shown[f] = true
		}
	}
	for _, l := range d.library.Lists() {
		if w.chance(0.5) {
			a.Lists = append(a.Lists, l.Handle)
			c.lists[l.Handle] = true
			for _, m := range l.Members {
				c.shown[d.whose(m)] = true
			}
			for _, f := range w.joined[l.Handle] { // on another device, and not heard of
				c.shown[f] = true
			}
		}
	}
	if len(a.Friends)+len(a.Lists) == 0 {
		return library.Audience{}
	}
	return a
}

// lets says whether the audience of an item has somebody in it.
func (d *device) lets(item library.Item, who seal.RelationID) bool {
	in := slices.Contains(item.Audience.Friends, who)
	for _, l := range d.library.Lists() {
		in = in || slices.Contains(item.Audience.Lists, l.Handle) && slices.Contains(l.Members, who)
	}
	return in
}

// list makes a list of friends, or changes who is in it.
func (w *world) list(d *device) {
	if d.off || d.thief {
		return
	}
	var handle library.ListHandle
	name := fmt.Sprintf("list of %s at %d", d.name, len(w.joined))
	if all := d.library.Lists(); len(all) > 0 && w.chance(0.7) {
		l := pick(w, all)
		handle, name = l.Handle, l.Name
	}
	var members []seal.RelationID
	var who []*somebody
	for _, f := range d.owner.friends {
		if id, ok := d.friend(f); ok && w.chance(0.5) {
			members, who = append(members, id), append(who, f)
		}
	}
	w.joined[handle] = append(w.joined[handle], who...)
	for _, c := range w.docs {
		if c.lists[handle] {
			for _, f := range who {
				c.shown[f] = true
			}
		}
	}
	d.act(func() {
		made, out, err := d.library.SetList(handle, name, members)
		w.must(err)
		w.joined[made] = append(w.joined[made], who...)
		d.send(out)
	})
}

// strain notes that two do not hear one another for a while.
func strain(a, b *somebody) {
	for _, side := range [][2]*somebody{{a, b}, {b, a}} {
		if side[0].strained == nil {
			side[0].strained = map[*somebody]bool{}
		}
		side[0].strained[side[1]] = true
		side[0].backup = nil
	}
}

// block blocks a friend, or takes that back.
func (w *world) block(d *device) {
	if d.off || d.thief || len(d.owner.friends) == 0 {
		return
	}
	f := pick(w, d.owner.friends)
	if _, ok := d.friend(f); !ok {
		return
	}
	strain(d.owner, f)
	w.count["blocks"]++
	d.act(func() {
		known, err := d.person.Find(f.name)
		w.must(err)
		blocked := !known.Blocked
		d.do(d.person.ChangeFriend(known.Handle, person.Change{Blocked: &blocked}))
	})
}

// part removes a friend.
func (w *world) part(d *device) {
	p := d.owner
	if d.off || d.thief || len(p.friends) < 3 {
		return
	}
	f := pick(w, p.friends)
	known, err := d.person.Find(f.name)
	if err != nil || known.Blocked {
		return
	}
	strain(p, f)
	w.count["parted"]++
	for _, side := range [][2]*somebody{{p, f}, {f, p}} {
		side[0].friends = slices.DeleteFunc(side[0].friends, func(o *somebody) bool { return o == side[1] })
		side[0].former = append(side[0].former, side[1])
	}
	for again := true; again; { // it may die before it is done
		d.act(func() {
			known, err := d.person.Find(f.name)
			if again = err == nil; again {
				d.do(d.person.RemoveFriend(known.Handle))
			}
		})
	}
}

// revoke shuts out another device, which goes on as a thief's. What it alone knew is
// lost.
func (w *world) revoke(d *device) {
	p := d.owner
	if d.off || d.thief || len(p.devices) < 2 || w.count["revoked"] > len(w.devices)/4 {
		return
	}
	victim := pick(w, p.devices)
	known, err := d.person.Devices()
	w.must(err)
	id, err := w.idOf(victim)
	w.must(err)
	if victim == d || !slices.ContainsFunc(known, func(o person.Device) bool { return o.Handle == id }) {
		return
	}
	w.count["revoked"]++
	w.forgets(victim, time.Time{})
	victim.thief, p.restored = true, true
	p.devices = slices.DeleteFunc(p.devices, func(o *device) bool { return o == victim })
	p.thieves = append(p.thieves, victim)
	w.outdate(p)
	words := ""
	if w.chance(0.3) {
		words = p.words
	}
	d.must(func() bool {
		known, err := d.person.Devices()
		w.must(err)
		return !slices.ContainsFunc(known, func(o person.Device) bool { return o.Handle == id })
	}, func() { d.do(d.person.Revoke([]seal.DeviceID{id}, words)) })
}

// outdate makes backups worthless whose keys somebody changes.
func (w *world) outdate(p *somebody) {
	p.backup = nil
	for _, f := range p.friends {
		f.backup = nil
	}
}

func (w *world) idOf(d *device) (seal.DeviceID, error) { return person.DeviceID(d.own, w.octets, "") }

// must does something that the device may die of, until it is done.
func (d *device) must(done func() bool, f func()) {
	d.w.t.Helper()
	for range 100 {
		if done() {
			return
		}
		d.act(f)
	}
	d.w.t.Fatalf("%s does not get anything done", d.name)
}

// back keeps a backup, from a device that knows all others.
func (w *world) back(d *device) {
	known, err := d.person.Devices()
	if d.off || d.thief || err != nil || len(known) != len(d.owner.devices) {
		return
	}
	if file, err := d.person.Backup(); err == nil {
		d.owner.backup = file
	}
}

// lose has a device be no more, and restores its person on a new one by a backup and
// the phrase, beside the devices that there still are.
func (w *world) lose(d *device) {
	p := d.owner
	if d.thief || p.backup == nil || w.count["lost"] > len(w.devices)/8 {
		return
	}
	w.count["lost"]++
	w.forgets(d, time.Time{})
	file := p.backup
	if !d.off {
		d.turnOff()
	}
	d.dead, p.restored = true, true
	p.devices = slices.DeleteFunc(p.devices, func(o *device) bool { return o == d })
	w.outdate(p)
	var keep []seal.DeviceID
	for _, o := range p.devices {
		id, err := w.idOf(o)
		w.must(err)
		keep = append(keep, id)
	}
	if len(keep) == 0 { // documents are in no backup
		for _, c := range w.docs {
			c.lost = c.lost || c.owner == p
		}
	}
	fresh := w.device(p)
	fresh.must(func() bool {
		st, err := fresh.person.Status()
		w.must(err)
		return st.Exists
	}, func() {
		e, err := fresh.person.Restore(p.words, file, keep)
		fresh.do(e, err)
	})
	fresh.start()
}

// reach has others reach a device without a relay, or not any more.
func (w *world) reach(d *device) {
	d.open = !d.open
	if !d.off {
		d.act(d.tellPlaces)
	}
}

// settle has every pair of friends tell one another something new, after all is
// well, and devices that were shut out ask for it, too.
func (w *world) settle() {
	after := map[string]string{}
	for _, p := range w.people {
		for _, f := range p.friends {
			if p.strained[f] {
				continue
			}
			d := pick(w, p.devices)
			id, ok := d.friend(f)
			if !ok {
				w.t.Errorf("%s does not know %s in the end", d.name, f.name)
				continue
			}
			path := "late/" + p.name + "-" + f.name
			after[path] = "late " + path
			d.act(func() {
				a := &library.Audience{Reach: library.Some, Friends: []seal.RelationID{id}}
				_, out, err := d.library.Put(w.t.Context(), path, strings.NewReader(after[path]), library.PutOptions{Audience: a})
				w.must(err)
				d.send(out)
			})
		}
	}
	w.run(3 * time.Hour)
	for _, d := range w.devices {
		if d.dead {
			continue
		}
		for _, f := range d.owner.friends {
			id, ok := d.friend(f)
			path := "late/" + f.name + "-" + d.owner.name
			if !ok || after[path] == "" {
				continue
			}
			d.act(func() {
				if _, b, err := d.copies.Get(w.t.Context(), asker{d, true}, id, path, true); err == nil {
					w.must(b.Close())
				}
			})
		}
	}
	w.run(day)
	for _, d := range w.devices {
		if !d.dead {
			w.settled(d, after)
		}
	}
}

func (w *world) settled(d *device, after map[string]string) {
	for _, path := range slices.Sorted(maps.Keys(after)) {
		if from, _, _ := strings.Cut(strings.TrimPrefix(path, "late/"), "-"); from == d.owner.name {
			_, err := d.library.Stat("", path)
			if d.thief && err == nil {
				w.t.Errorf("%s has what was written after it was revoked", d.name)
			} else if !d.thief && err != nil {
				w.t.Errorf("%s: %v", d.name, err)
			}
		}
	}
	for _, f := range d.owner.friends {
		path := "late/" + f.name + "-" + d.owner.name
		id, ok := d.friend(f)
		if after[path] == "" {
			continue
		}
		_, b, have := d.copies.Lookup(id, path)
		if have {
			var text bytes.Buffer
			_, err := text.ReadFrom(b)
			w.must(err)
			w.must(b.Close())
			have = text.String() == after[path]
		}
		w.count["late"]++
		switch {
		case d.thief && have:
			w.t.Errorf("%s was told by %s what was written after it was revoked", d.name, f.name)
		case !d.thief && (!ok || !have):
			w.t.Errorf("%s was not told by %s what is for it: %s", d.name, f.name, w.why(d, f))
		}
	}
}

// checkParted looks whether friends who were removed are gone, with what they sent.
func (w *world) checkParted(p *somebody) {
	for _, f := range p.former {
		if p.restored || f.restored { // a backup may know them still
			continue
		}
		for _, d := range p.devices {
			if known, err := d.person.Find(f.name); err == nil {
				w.t.Errorf("%s still knows %s, who was removed", d.name, f.name)
				_ = known
			} else if fault.KindOf(err) != fault.NotFound {
				w.t.Error(err)
			}
		}
	}
}

// why says how two stand who should have told one another something.
func (w *world) why(d *device, f *somebody) string {
	var out strings.Builder
	for _, o := range append([]*device{d}, f.devices...) {
		other := f
		if o != d {
			other = d.owner
		}
		known, err := o.person.Find(other.name)
		now, standing := o.person.Current(known.Handle)
		fmt.Fprintf(&out, "\n  %s: restored %v, %+v %v, writes to %x %v;", o.name, o.owner.restored, known, err, now[:4], standing)
		for _, r := range o.person.Relations() {
			if id, ok := o.person.Stable(r.ID); ok && id == known.Handle {
				status, _ := o.core.Status(r.ID)
				fmt.Fprintf(&out, " %x in %d out %d ending %v %+v;", r.ID[:4], len(r.In), len(r.Out), r.Ending, status)
			}
		}
		for _, a := range o.core.AllAsked() {
			fmt.Fprintf(&out, " asked %x %s %v;", a.To[:4], a.Request.Path, a.Response != nil)
		}
	}
	return out.String()
}

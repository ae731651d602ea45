package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/exchange"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/library"
	"github.com/kith-web/kith/internal/library/copies"
	"github.com/kith-web/kith/internal/person"
	"github.com/kith-web/kith/internal/seal"
	"github.com/kith-web/kith/internal/sharing/joint"
)

// shelf is a bucket in memory, whose power is cut at a write.
type shelf struct {
	w    *world
	vals map[string][]byte
}

// killed is the panic of a device that dies.
type killed struct{}

func (s *shelf) Get(key string) ([]byte, error) {
	if v, ok := s.vals[key]; ok {
		return bytes.Clone(v), nil
	}
	return nil, fault.New(fault.NotFound, "no %q", key)
}

func (s *shelf) Put(key string, v []byte) error { return s.Apply(map[string][]byte{key: v}, nil) }

func (s *shelf) Delete(key string) error { return s.Apply(nil, []string{key}) }

func (s *shelf) Apply(puts map[string][]byte, deletes []string) error {
	if s.w.chance(s.w.faults.crash) {
		panic(killed{})
	}
	for k, v := range puts {
		s.vals[k] = bytes.Clone(v)
	}
	for _, k := range deletes {
		delete(s.vals, k)
	}
	if s.w.chance(s.w.faults.crash) {
		panic(killed{})
	}
	return nil
}

func (s *shelf) Each(prefix string, f func(string, []byte) error) error {
	for _, k := range slices.Sorted(maps.Keys(s.vals)) {
		if v, ok := s.vals[k]; ok && strings.HasPrefix(k, prefix) {
			if err := f(k, v); err != nil {
				return err
			}
		}
	}
	return nil
}

// somebody is a person.
type somebody struct {
	name    string
	relays  []string
	devices []*device
	friends []*somebody
	words   string // of the phrase
	made    int    // devices, ever
	// restored says that a device of theirs was put back to an old copy, lost or
	// revoked: what it alone knew is lost.
	restored bool
	strained map[*somebody]bool // friends who were ever blocked or removed, on either side
	former   []*somebody
	thieves  []*device // that were revoked
	backup   []byte    // good for a restore now
}

// device is what a node is, but for its network.
type device struct {
	w       *world
	owner   *somebody
	name    string
	dir     string
	key     []byte
	own     *shelf // the person's
	wire    *shelf // the exchange's
	person  *person.Person
	library *library.Library
	copies  *copies.Copies
	core    *exchange.Core

	skew    time.Duration
	off     bool
	dead    bool // is no more
	thief   bool // was revoked
	open    bool // can be reached by others
	box     *relay
	gen     int // grows with each start
	busy    bool
	refs    map[exchange.Ref]*held
	ref     exchange.Ref
	subs    map[string]seal.Inbox
	records bool // another device wrote the person's records
	stale   bool
	gone    []person.FriendID
	news    []seal.RelationID // friends who have something new, which own devices do not know
	due     time.Time
	joint   *joint.Joint
	handled map[seal.MessageID]int
	now     []seal.MessageID // handled in this event
	saved   *copyOf
}

// copyOf is an old copy of a home.
type copyOf struct {
	dir       string
	own, wire map[string][]byte
	at        time.Time
}

func (d *device) clock() time.Time { return d.w.now.Add(d.skew) }

func (w *world) device(owner *somebody) *device {
	d := &device{
		w: w, owner: owner, name: fmt.Sprintf("%s-%d", owner.name, owner.made), key: bytes.Repeat([]byte{byte(len(w.devices))}, 32),
		own: &shelf{w, map[string][]byte{}}, wire: &shelf{w, map[string][]byte{}}, handled: map[seal.MessageID]int{},
	}
	owner.made++
	d.box = &relay{w: w, url: "wss://" + d.name, of: d, queues: map[string]*queue{}, listeners: map[string][]*device{}}
	d.dir = filepath.Join(w.dir, d.name)
	w.devices, owner.devices = append(w.devices, d), append(owner.devices, d)
	d.start()
	w.later(time.Hour, d.hourly)
	return d
}

// start opens everything, as after a kill -9: what was in memory is gone.
func (d *device) start() {
	d.close()
	before := d.w.faults.crash
	d.w.faults.crash = 0
	defer func() { d.w.faults.crash = before }()
	d.gen++
	d.refs, d.due, d.records, d.stale, d.gone, d.news = map[exchange.Ref]*held{}, time.Time{}, false, true, nil, nil
	id, err := person.DeviceID(d.own, d.w.octets, "")
	d.w.must(err)
	d.library, err = library.Open(library.Options{
		Dir: filepath.Join(d.dir, "library"), Key: d.key, Device: id, Now: d.clock, Rand: d.w.octets, Quick: true,
	})
	d.w.must(err)
	d.copies, err = copies.Open(copies.Options{Dir: filepath.Join(d.dir, "copies"), Key: d.key, Now: d.clock, Rand: d.w.octets, Quick: true})
	d.w.must(err)
	d.person, err = person.New(person.Options{
		Records: joint.Records{Records: d.library.Records()}, Local: d.own, Now: d.clock, Rand: d.w.octets,
		Name: d.owner.name, Device: d.name, Relays: d.owner.relays,
	})
	d.w.must(err)
	d.join()
	d.core, err = exchange.New(exchange.Options{People: counted{d.joint.People(), d}, Handler: handler{d}, Local: d.wire, Now: d.clock, Rand: d.w.octets, Log: slog.New(warnings{d.w})})
	d.w.must(err)
	d.library.Watch(func(e library.Event) {
		d.records = d.records || joint.IsPersons(e.Record)
		d.stale = true
	})
	if d.off {
		return
	}
	d.relisten()
	d.act(func() {
		d.effects(d.core.Apply(d.joint.Refreshed()))
		d.do(d.person.Resume())
		out, err := d.joint.Returned()
		d.w.must(err)
		d.send(out)
		d.tellPlaces()
		d.effects(d.core.Tick())
		for _, a := range d.core.AllAsked() {
			if a.Response != nil {
				d.arrived(a.ID)
			}
		}
	})
}

func (d *device) close() {
	if d.library != nil {
		d.w.must(errors.Join(d.library.Close(), d.copies.Close()))
	}
	d.library = nil
}

// turnOff and turnOn are what a person does with a device.
func (d *device) turnOff() {
	d.off = true
	d.gen++
}

func (d *device) turnOn() {
	d.off = false
	d.start()
}

// act does something on the device, which may die of it.
func (d *device) act(f func()) {
	if d.busy {
		d.w.t.Fatalf("%s is asked to do two things at once", d.name)
	}
	d.busy, d.now = true, nil
	alive := func() (alive bool) {
		defer func() {
			d.busy = false
			if r := recover(); r != nil {
				if _, ok := r.(killed); !ok {
					panic(r)
				}
				alive = false
			}
		}()
		f()
		d.refresh()
		return true
	}()
	if !alive {
		d.w.count["crashes"]++
		for _, id := range d.now { // what it did not keep comes again
			d.handled[id]--
		}
		d.start()
	}
	d.schedule()
}

func (d *device) schedule() {
	next := d.core.Next().Add(-d.skew)
	if d.off || d.due.Equal(next) {
		return
	}
	d.due = next
	gen := d.gen
	d.w.later(max(next.Sub(d.w.now), time.Millisecond), func() {
		if d.gen == gen && !d.off && d.due.Equal(next) {
			d.due = time.Time{}
			d.act(func() { d.effects(d.core.Tick()) })
		}
	})
}

func (d *device) hourly() {
	d.w.later(time.Hour, d.hourly)
	if d.off || d.dead {
		return
	}
	d.act(func() {
		d.do(d.person.Tick())
		out, err := d.library.Tick()
		d.w.must(err)
		d.send(out)
		_, err = d.copies.Tick()
		d.w.must(err)
		d.tellPlaces()
	})
}

// tellPlaces says where the device's own mailbox is, when others can reach it.
func (d *device) tellPlaces() {
	if d.open {
		at := []seal.Place{{URL: d.box.url, Certificate: bytes.Repeat([]byte{1}, 32)}}
		d.effects(d.core.SetPlaces(at, d.clock().Add(12*time.Hour)))
	}
}

// refresh brings up to date what follows from the person and the library.
func (d *device) refresh() {
	for range 8 {
		if !d.stale {
			return
		}
		d.stale = false
		if d.records {
			d.records = false
			d.effects(d.core.Apply(d.joint.Refreshed()))
		}
		for _, f := range d.gone {
			_, err := d.copies.EraseFriend(seal.RelationID(f))
			d.w.must(err)
		}
		d.gone = nil
		d.send(d.joint.TellNews(d.news))
		d.news = nil
		out, err := d.joint.TellLibrary()
		d.w.must(err)
		d.send(out)
		for _, item := range d.library.Wanted(64) {
			err := d.library.Fetch(d.w.t.Context(), asker{d, false}, item.Handle)
			if err != nil && fault.KindOf(err) == fault.Corrupt {
				d.w.t.Errorf("%s: %s: %v", d.name, item.Path, err)
			}
		}
	}
}

// save and restore are an old copy of the home and its use.
func (d *device) save() {
	d.close()
	dir := filepath.Join(d.w.dir, fmt.Sprintf("saved-%s-%d", d.name, d.gen))
	d.w.must(os.CopyFS(dir, os.DirFS(d.dir)))
	d.saved = &copyOf{dir, maps.Clone(d.own.vals), maps.Clone(d.wire.vals), d.w.now}
	d.start()
}

func (d *device) restore() {
	d.close()
	d.w.must(os.RemoveAll(d.dir))
	d.w.must(os.CopyFS(d.dir, os.DirFS(d.saved.dir)))
	d.own.vals, d.wire.vals = maps.Clone(d.saved.own), maps.Clone(d.saved.wire)
	d.start()
}

// warnings counts what devices warn of.
type warnings struct{ w *world }

func (l warnings) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }
func (l warnings) WithAttrs([]slog.Attr) slog.Handler               { return l }
func (l warnings) WithGroup(string) slog.Handler                    { return l }

func (l warnings) Handle(_ context.Context, r slog.Record) error {
	if l.w.count[r.Message]++; l.w.count[r.Message] == 1 {
		r.Attrs(func(a slog.Attr) bool {
			l.w.t.Logf("%s: %v", r.Message, a)
			return true
		})
	}
	return nil
}

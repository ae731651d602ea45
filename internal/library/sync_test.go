package library_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/figure"
	"github.com/kith-web/kith/internal/library"
	"github.com/kith-web/kith/internal/seal"
)

// house is a person's devices and the messages between them.
type house struct {
	t       testing.TB
	clock   *clock
	libs    []*library.Library
	names   []byte
	dirs    []string
	waiting []letter
	starts  int
	octets  int // of all messages that were sent
	sizes   []int
	kinds   []seal.MessageKind
}

type letter struct {
	from, to int
	m        seal.Message
}

// relation names the relation of two own devices.
func relation(a, b byte) seal.RelationID {
	return seal.RelationID{0: 0xee, 1: min(a, b), 2: max(a, b)}
}

func newHouse(t testing.TB, n int, change ...func(*library.Options)) *house {
	h := &house{t: t, clock: newClock()}
	for i := range n {
		h.names = append(h.names, byte(i+1))
		h.dirs = append(h.dirs, t.TempDir())
		h.libs = append(h.libs, open(t, h.dirs[i], h.clock, byte(i+1), append(change, quick)...))
	}
	for i := range n {
		h.send(i, h.libs[i].SetPeople(h.people(i)))
	}
	return h
}

func (h *house) people(i int, friends ...library.Friend) library.People {
	p := library.People{Friends: friends}
	for j, name := range h.names {
		if j != i {
			p.Devices = append(p.Devices, library.Device{Relation: relation(h.names[i], name), ID: deviceID(name)})
		}
	}
	return p
}

// reopen ends a device's process and starts it again.
func (h *house) reopen(i int) {
	if err := h.libs[i].Close(); err != nil {
		h.t.Fatal(err)
	}
	h.starts++
	h.libs[i] = open(h.t, h.dirs[i], h.clock, h.names[i], func(o *library.Options) { o.Rand = seed(byte(100 + h.starts)) }, quick)
	h.send(i, h.libs[i].SetPeople(h.people(i)))
}

// send encodes messages to own devices; those to friends are not of interest here.
func (h *house) send(from int, out []seal.Outgoing) {
	for _, o := range out {
		for to, name := range h.names {
			if to == from || o.To != relation(h.names[from], name) {
				continue
			}
			body, err := seal.Marshal(o.Body)
			if err != nil {
				h.t.Fatal(err)
			}
			if len(body) > 60_000 {
				h.t.Fatalf("a message of %d octets", len(body))
			}
			h.octets += len(body)
			h.sizes, h.kinds = append(h.sizes, len(body)), append(h.kinds, o.Kind)
			h.waiting = append(h.waiting, letter{from, to, seal.Message{Kind: o.Kind, Body: body}})
		}
	}
}

func (h *house) deliver(i int) {
	l := h.waiting[i]
	h.waiting = append(h.waiting[:i], h.waiting[i+1:]...)
	h.hand(l)
}

func (h *house) hand(l letter) {
	out, err := h.libs[l.to].Handle(relation(h.names[l.from], h.names[l.to]), l.m)
	if err != nil {
		h.t.Fatalf("device %d, kind %d from %d: %v", l.to, l.m.Kind, l.from, err)
	}
	h.send(l.to, out)
}

// calm delivers everything in order until nobody has anything to say.
func (h *house) calm() {
	h.t.Helper()
	for n := 0; len(h.waiting) > 0; n++ {
		if n > 20_000 {
			h.t.Fatalf("the devices do not stop talking: %d waiting", len(h.waiting))
		}
		h.deliver(0)
	}
}

// meet has all devices compare with all.
func (h *house) meet() {
	h.t.Helper()
	for i := range h.libs {
		for j := range h.libs {
			if i != j {
				h.send(i, h.libs[i].Sync(relation(h.names[i], h.names[j])))
				h.calm()
			}
		}
	}
}

// state is all that a person sees of a device, and its records.
func (h *house) state(i int) map[string]string {
	s := map[string]string{}
	for _, app := range []string{"", "chess"} {
		items, err := h.libs[i].List(library.ListOptions{App: app})
		if err != nil {
			h.t.Fatal(err)
		}
		for _, x := range items {
			x.Here, x.Sent = false, 0
			s[app+":"+x.Path] = fmt.Sprintf("%+v", x)
		}
	}
	err := h.libs[i].Records().Each("", func(k string, v []byte) error {
		s["."+k] = string(v)
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

func (h *house) wantSame() {
	h.t.Helper()
	first := h.state(0)
	for i := 1; i < len(h.libs); i++ {
		s := h.state(i)
		if reflect.DeepEqual(first, s) {
			continue
		}
		for k := range first {
			if s[k] != first[k] {
				h.t.Errorf("%s: device 0 has %s, device %d %s", k, first[k], i, s[k])
			}
		}
		for k := range s {
			if _, ok := first[k]; !ok {
				h.t.Errorf("%s: device %d has %s, device 0 nothing", k, i, s[k])
			}
		}
	}
}

// act does something at random on one device.
func (h *house) act(r *rand.Rand, i int) {
	l := h.libs[i]
	path := fmt.Sprintf("f%d/%d", r.IntN(3), r.IntN(6))
	var out []seal.Outgoing
	var err error
	switch r.IntN(10) {
	case 0, 1, 2, 3:
		app := []string{"", "", "chess"}[r.IntN(3)]
		_, out, err = l.Put(context.Background(), path, strings.NewReader(fmt.Sprint(r.Uint64())), library.PutOptions{App: app})
	case 4:
		_, out, err = l.Remove("", path, false)
	case 5:
		_, out, err = l.Remove("", fmt.Sprintf("f%d", r.IntN(3)), true)
	case 6:
		_, out, err = l.Label("", path, false, []string{fmt.Sprint("l", r.IntN(3))})
	case 7:
		out, err = l.Move("", path, fmt.Sprintf("f%d/%d", r.IntN(3), r.IntN(6)))
	case 8:
		out, err = l.Records().Put(map[string][]byte{fmt.Sprint("k", r.IntN(4)): []byte(fmt.Sprint(r.Uint64()))}, nil)
	case 9:
		out, err = l.Records().Put(nil, []string{fmt.Sprint("k", r.IntN(4))})
	}
	_ = err // a path may not be there: that is one of the cases
	h.send(i, out)
}

// TestDevicesConverge has two and three devices change things at random while
// messages are lost, repeated and reordered, and processes end. When they compare
// afterwards they have the same (spec §6.1, §6.3).
func TestDevicesConverge(t *testing.T) {
	for s := range uint64(16) {
		n := 2 + int(s%2)
		t.Run(fmt.Sprintf("seed %d, %d devices", s, n), func(t *testing.T) {
			r := rand.New(rand.NewPCG(s, 5))
			h := newHouse(t, n)
			for range 150 {
				h.clock.advance(time.Duration(r.IntN(30_000)) * time.Millisecond)
				switch k := r.IntN(20); {
				case k < 8:
					h.act(r, r.IntN(n))
				case k < 16 && len(h.waiting) > 0:
					h.deliver(r.IntN(len(h.waiting)))
				case k == 16 && len(h.waiting) > 0: // lost
					i := r.IntN(len(h.waiting))
					h.waiting = append(h.waiting[:i], h.waiting[i+1:]...)
				case k == 17 && len(h.waiting) > 0: // repeated
					h.hand(h.waiting[r.IntN(len(h.waiting))])
				case k == 18 && r.IntN(4) == 0:
					h.reopen(r.IntN(n))
				case k == 19:
					i := r.IntN(n)
					out, err := h.libs[i].Tick()
					if err != nil {
						t.Fatal(err)
					}
					h.send(i, out)
				}
			}
			h.calm()
			h.meet()
			h.wantSame()
			before := len(h.sizes)
			h.meet()
			if more := len(h.sizes) - before; more != 2*n*(n-1) {
				t.Errorf("devices that agree sent %d messages, want a question and an answer each", more)
			}
		})
	}
}

func TestTwoOfOnePathAreShownAlikeEverywhere(t *testing.T) {
	h := newHouse(t, 2)
	h.calm()
	_, a := put(t, h.libs[0], "x", []byte("older"), library.PutOptions{})
	h.clock.advance(time.Second)
	newer, b := put(t, h.libs[1], "x", []byte("newer"), library.PutOptions{})
	h.send(0, a)
	h.send(1, b)
	h.calm()
	h.wantSame()
	for i, l := range h.libs {
		items := must[[]library.Item](t)(l.List(library.ListOptions{}))
		if len(items) != 2 || items[0].Path != "x" || items[0].Handle != newer.Handle || !strings.HasPrefix(items[1].Path, "x~") {
			t.Fatalf("device %d: %+v", i, items)
		}
		if got := read(t, l, items[1].Path); string(got) != "older" {
			t.Errorf("%s is %q", items[1].Path, got)
		}
	}
}

// TestTheCostOfTenDifferences counts what two devices with 100,000 documents say
// to one another when ten differ, in envelopes as relays see them (the figure: at
// most 20 KB).
func TestTheCostOfTenDifferences(t *testing.T) {
	many := 100_000
	if testing.Short() {
		many = 5_000
	}
	h, wire, _ := tenDifferences(t, many)
	t.Logf("%d messages, %d in envelopes", len(h.sizes), wire)
	if !testing.Short() {
		figure.Save(t, figure.Figure{
			Group: "friends", Title: "Ten differences in 100,000 documents", Unit: "octets in envelopes", Goal: figure.Reach("at most 20 KB", 20_480),
			Contestants: []figure.Contestant{{Name: "Kith", Samples: []float64{float64(wire)}}},
			Note:        fmt.Sprintf("%d messages.", len(h.sizes)),
		})
	}
	if wire > 20_480 {
		t.Errorf("ten differences cost %d octets: %v", wire, h.sizes)
	}
}

// tenDifferences makes two devices with so many documents, of which ten differ, and
// has them tell one another. It returns the house, with the sizes of these messages
// alone, their octets in envelopes, and how long it took.
func tenDifferences(t *testing.T, many int) (h *house, wire int, took time.Duration) {
	t.Helper()
	h = newHouse(t, 2, func(o *library.Options) { o.Key = make([]byte, 32) })
	h.calm()
	fill(t, h.libs[0], many, nil)
	for i := range h.libs {
		if err := h.libs[i].Close(); err != nil {
			t.Fatal(err)
		}
	}
	// A copy saves handing over the first 25 MB.
	h.dirs[1] = t.TempDir()
	if err := os.CopyFS(h.dirs[1], os.DirFS(h.dirs[0])); err != nil {
		t.Fatal(err)
	}
	for i := range h.libs {
		h.libs[i] = open(t, h.dirs[i], h.clock, h.names[i], quick, func(o *library.Options) {
			o.Key, o.Rand = make([]byte, 32), seed(byte(50+i))
		})
		h.send(i, h.libs[i].SetPeople(h.people(i)))
	}
	h.calm()
	h.meet()
	h.wantSame()
	for i := range 10 {
		put(t, h.libs[i%2], fmt.Sprintf("docs/%d/file %d.txt", i*7, i*97), []byte("another"), library.PutOptions{})
		h.clock.advance(time.Second)
	}
	h.sizes = nil
	began := time.Now()
	h.send(0, h.libs[0].Sync(relation(1, 2)))
	h.calm()
	took = time.Since(began)
	h.wantSame()
	for _, n := range h.sizes {
		wire += envelope(n)
	}
	return h, wire, took
}

// envelope is the length of the envelope of a message with a body of n octets
// (spec §5.1, mailbox.md §1), of a context that the other side knows.
func envelope(n int) int {
	const frame = 8 + 12 + 16 + 4 + 96 // context, nonce, tag, length, and the message around the body
	for _, size := range []int{1536, 4096, 16384, 65536} {
		if n+frame <= size {
			return size
		}
	}
	return 1 << 20
}

// TestAnEmptyDeviceIsFilled by messages of bounded size, a few at a time.
func TestAnEmptyDeviceIsFilled(t *testing.T) {
	h := newHouse(t, 2, func(o *library.Options) { o.Burst = 4 })
	h.calm()
	fill(t, h.libs[0], 3000, nil) // its messages are lost
	before := len(h.sizes)
	h.send(1, h.libs[1].Sync(relation(1, 2)))
	for most := 0; len(h.waiting) > 0; {
		if most = max(most, len(h.waiting)); most > 6 {
			t.Fatalf("%d messages are under way at once", most)
		}
		h.deliver(0)
	}
	h.wantSame()
	t.Logf("%d messages", len(h.sizes)-before)
}

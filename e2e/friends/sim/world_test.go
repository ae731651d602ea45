package sim

import (
	"container/heap"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/library"
	"github.com/kith-web/kith/internal/seal"
)

// epoch is when a world begins.
var epoch = time.UnixMilli(1_790_000_000_000)

// world is everything there is, driven by one seed and a clock of its own.
type world struct {
	t       testing.TB
	dir     string
	rand    *rand.Rand
	octets  *rand.ChaCha8
	now     time.Time
	events  events
	order   uint64
	faults  faults
	relays  []*relay
	people  []*somebody
	devices []*device
	docs    []*doc
	asked   []*question
	joined  map[library.ListHandle][]*somebody // who was ever in a list
	count   map[string]int
	reports time.Duration // how often to say how it goes, in simulated time; 0 for never
	said    time.Time
}

// faults are the chances of what may go wrong.
type faults struct {
	lose   float64 // a PUT does not arrive
	unsure float64 // it arrives and nobody is told
	drop   float64 // a relay that lies forgets what it accepted
	replay float64 // it delivers what it had before, or what is of another queue
	crash  float64 // a device dies between two effects or at a write
	delay  time.Duration
}

type event struct {
	at    time.Time
	order uint64
	do    func()
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at.Before(e[j].at) || e[i].at.Equal(e[j].at) && e[i].order < e[j].order
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	*e = (*e)[:last]
	return x
}

func newWorld(t testing.TB, seed uint64) *world {
	var key [32]byte
	binary.BigEndian.PutUint64(key[:], seed)
	w := &world{
		t: t, dir: t.TempDir(), rand: rand.New(rand.NewPCG(seed, 1)), octets: rand.NewChaCha8(key),
		now: epoch, faults: faults{delay: time.Second}, count: map[string]int{}, joined: map[library.ListHandle][]*somebody{},
	}
	for i := range 6 {
		w.relays = append(w.relays, &relay{
			w: w, url: fmt.Sprintf("ws://relay%d", i), lies: i%2 == 1, queues: map[string]*queue{}, listeners: map[string][]*device{},
		})
	}
	return w
}

func (w *world) chance(p float64) bool { return p > 0 && w.rand.Float64() < p }

func (w *world) later(d time.Duration, do func()) {
	w.order++
	heap.Push(&w.events, event{w.now.Add(d), w.order, do})
}

func (w *world) someTime() time.Duration {
	return time.Millisecond + time.Duration(w.rand.Int64N(int64(w.faults.delay)))
}

// run lets d pass.
func (w *world) run(d time.Duration) {
	until := w.now.Add(d)
	for len(w.events) > 0 && !w.events[0].at.After(until) {
		e := heap.Pop(&w.events).(event)
		if e.at.After(w.now) {
			w.now = e.at
		}
		w.report()
		if w.count["events"]++; w.count["events"] > 20_000_000 {
			w.t.Fatalf("the devices do not come to rest after %s: %v", w.now.Sub(epoch), w.count)
		}
		e.do()
	}
	w.now = until
}

func pick[T any](w *world, from []T) T { return from[w.rand.IntN(len(from))] }

// at is where something is put: a relay, or a device's own mailbox.
func (w *world) at(m seal.Mailbox, direct *seal.Place) *relay {
	if direct == nil {
		return w.relay(m.Relay)
	}
	for _, d := range w.devices {
		if d.box.url == direct.URL {
			return d.box
		}
	}
	w.t.Fatalf("nobody is at %s", direct.URL)
	return nil
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// report says how it goes, so that a run which does not end shows why.
func (w *world) report() {
	if w.reports == 0 || w.now.Before(w.said) {
		return
	}
	w.said = w.now.Add(w.reports)
	w.t.Logf("%s: %d events waiting, %v", w.now.Sub(epoch), len(w.events), w.count)
	for _, d := range w.devices {
		if d.off || d.dead || d.library == nil {
			continue
		}
		waiting, asked := 0, 0
		for _, r := range d.person.Relations() {
			st, err := d.core.Status(r.ID)
			w.must(err)
			waiting, asked = waiting+st.Waiting, asked+st.Asked
		}
		w.t.Logf("  %s: %d messages no mailbox has, %d questions open, next tick in %s, skew %s", d.name, waiting, asked, d.core.Next().Add(-d.skew).Sub(w.now), d.skew)
	}
}

package friends

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"github.com/kith-web/kith/e2e/figure"
)

// watcher is a relay's operator, or whoever sits before it: it writes down every
// record of every session.
type watcher struct {
	*httptest.Server
	to string // the relay behind

	mu   sync.Mutex
	seen []record
}

// record is one of spec/mailbox.md §2.
type record struct {
	up      bool // from a client
	kind    byte
	payload []byte
}

// putRecord is PUT, msgRecord MSG; what stands before the bodies is as long as this.
const (
	putRecord, putHead = 6, 24 + 16 + 1
)

func watch(t *testing.T, r *relay) *watcher {
	t.Helper()
	w := &watcher{to: r.url()}
	w.Server = httptest.NewServer(http.HandlerFunc(w.session))
	t.Cleanup(w.Close)
	return w
}

func (w *watcher) session(rw http.ResponseWriter, r *http.Request) {
	const protocol, most = "kith-mailbox-1", 2 << 20
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	near, err := websocket.Accept(rw, r, &websocket.AcceptOptions{Subprotocols: []string{protocol}})
	if err != nil {
		return
	}
	defer func() { _ = near.CloseNow() }()
	far, _, err := websocket.Dial(ctx, w.to+r.URL.Path, &websocket.DialOptions{Subprotocols: []string{protocol}})
	if err != nil {
		return
	}
	defer func() { _ = far.CloseNow() }()
	near.SetReadLimit(most)
	far.SetReadLimit(most)
	go func() { defer cancel(); w.carry(ctx, far, near, false) }()
	w.carry(ctx, near, far, true)
}

func (w *watcher) carry(ctx context.Context, from, to *websocket.Conn, up bool) {
	for {
		kind, data, err := from.Read(ctx)
		if err != nil {
			return
		}
		w.note(data, up)
		if to.Write(ctx, kind, data) != nil {
			return
		}
	}
}

func (w *watcher) note(data []byte, up bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(data) >= 9 {
		n := int(binary.BigEndian.Uint32(data[5:9]))
		w.seen = append(w.seen, record{up, data[0], slices.Clone(data[9 : 9+n])})
		data = data[9+n:]
	}
}

// bodies returns the bodies that were put, and clears what was seen.
func (w *watcher) bodies() (out [][]byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.seen {
		if r.up && r.kind == putRecord {
			out = append(out, r.payload[putHead:])
		}
	}
	w.seen = nil
	return out
}

// TestWhatARelaySees: of two messages of one size class the one that asks, the one
// that answers, and the one that orders a deletion look alike: as long as each
// other, and like chance.
func TestWhatARelaySees(t *testing.T) {
	r := startRelay(t)
	w := watch(t, r)
	through := &relay{addr: strings.TrimPrefix(w.URL, "http://")}
	alice, bob := start(t, "alice", false, through), start(t, "bob", false, through)
	befriend(t, bob, alice)
	w.bodies()

	var all [][]byte
	lengths := map[string]map[int]bool{}
	collect := func(name string) {
		lengths[name] = map[int]bool{}
		for _, body := range w.bodies() {
			lengths[name][len(body)] = true
			all = append(all, body)
		}
	}
	for _, size := range []int{1, 500} {
		path := fmt.Sprintf("notes/%d", size)
		bob.CLI(t, "data", "put", path, file(t, "n.txt", strings.Repeat("a", size)), "--for", "alice")
		alice.gets(t, "bob/"+path, strings.Repeat("a", size))
		collect(fmt.Sprintf("a note of %d", size))
	}
	bob.CLI(t, "data", "rm", "notes/1")
	eventually(t, func() error {
		for _, receipt := range bob.state(t).Receipts {
			if receipt.Answered != nil {
				return nil
			}
		}
		return fmt.Errorf("alice has not confirmed")
	})
	collect("a deletion")

	for name, of := range lengths {
		if len(of) != 1 || !of[1536] {
			t.Errorf("the messages of %s have the lengths %v, not 1536 alone", name, of)
		}
	}
	alike(t, all)
}

// alike checks that no octet's place and no octet's value says anything: with so
// many bodies of sealed content each count is near what chance gives.
func alike(t *testing.T, bodies [][]byte) {
	t.Helper()
	if len(bodies) < 6 {
		t.Fatalf("only %d messages were seen", len(bodies))
	}
	const repeated = 8 + 1120 // what messages of one sender may repeat
	var counts [256]int
	same := map[int]int{} // place: how many bodies have there what the first has
	total := 0
	for i, body := range bodies {
		for at, b := range body {
			if at >= repeated {
				counts[b]++
			}
			if i > 0 && b == bodies[0][at] {
				same[at]++
			}
		}
		total += len(body) - repeated
	}
	want := float64(total) / 256
	var chi float64
	for _, n := range counts {
		chi += (float64(n) - want) * (float64(n) - want) / want
	}
	if chi > 400 { // of 255 degrees of freedom: chance exceeds it once in 10^8
		t.Errorf("the octets of %d bodies are not as chance has them: chi-squared %.0f", len(bodies), chi)
	}
	for at, n := range same {
		if n == len(bodies)-1 {
			t.Errorf("octet %d is the same in all bodies", at)
		}
	}
}

// octets returns how much of what was seen carried messages of a length, both ways,
// with their answers and acknowledgements, and how many such messages were put.
func (w *watcher) octets() (octets, puts int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.seen {
		octets += 9 + len(r.payload) + 8 // a record and, at most, the frame it came in
		if r.up && r.kind == putRecord {
			puts++
		}
	}
	return octets, puts
}

// TestWhatASmallMessageCosts: a note of 1 KiB, asked for and answered, is two
// messages; each costs at most four times the note's size, whatever is said with it.
func TestWhatASmallMessageCosts(t *testing.T) {
	const size = 1024
	r := startRelay(t)
	w := watch(t, r)
	through := &relay{addr: strings.TrimPrefix(w.URL, "http://")}
	alice, bob := start(t, "alice", false, through), start(t, "bob", false, through)
	befriend(t, bob, alice)
	for i := range 3 { // of the first ones some carry keys
		path := fmt.Sprintf("notes/%d", i)
		bob.CLI(t, "data", "put", path, file(t, "n.txt", strings.Repeat("a", size)), "--for", "alice")
		alice.gets(t, "bob/"+path, strings.Repeat("a", size))
	}
	bob.CLI(t, "data", "put", "notes/last", file(t, "n.txt", strings.Repeat("a", size)), "--for", "alice")
	quiet(t, w)
	w.bodies()
	alice.gets(t, "bob/notes/last", strings.Repeat("a", size))
	quiet(t, w)
	octets, puts := w.octets()
	t.Logf("%d octets for %d messages: %.2f times the note's size each", octets, puts, float64(octets)/float64(puts)/size)
	if puts > 0 {
		figure.Save(t, figure.Figure{
			Group: "friends", Title: "What a message of 1 KiB costs", Unit: "times its size, all records of both sides and the relay", Goal: figure.Reach("at most 4 times", 4),
			Contestants: []figure.Contestant{{Name: "Kith", Samples: []float64{float64(octets) / float64(puts) / size}}},
		})
	}
	if puts < 2 || octets > 4*size*puts {
		t.Errorf("%d messages cost %d octets", puts, octets)
	}
}

// quiet waits until nothing more is said.
func quiet(t *testing.T, w *watcher) {
	t.Helper()
	last, still := -1, 0
	eventually(t, func() error {
		w.mu.Lock()
		n := len(w.seen)
		w.mu.Unlock()
		if n != last {
			last, still = n, 0
		}
		if still++; still < 60 { // of 50 ms: longer than an acknowledgement waits
			return fmt.Errorf("records are still seen: %d", n)
		}
		return nil
	})
}

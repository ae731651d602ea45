package copies_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/library"
	"github.com/kith-web/kith/internal/library/copies"
	"github.com/kith-web/kith/internal/seal"
)

var (
	alice = seal.RelationID{1}
	bob   = seal.RelationID{2}
)

// world is alice's library, and bob's copies of what is in it.
type world struct {
	t      *testing.T
	now    time.Time
	owner  *library.Library
	copies *copies.Copies
	dir    string
	asked  []seal.Request
	off    bool  // alice cannot be reached
	cut    int64 // the connection breaks after so many octets
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), dir: t.TempDir()}
	var err error
	w.owner, err = library.Open(library.Options{
		Dir: t.TempDir(), Key: make([]byte, 32), Now: w.clock, Rand: rand.NewChaCha8([32]byte{1}), Quick: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.owner.Close() })
	w.owner.SetPeople(library.People{Friends: []library.Friend{{Relation: bob, All: true}}})
	w.open()
	return w
}

func (w *world) clock() time.Time { return w.now }

func (w *world) open() {
	w.t.Helper()
	if w.copies != nil {
		if err := w.copies.Close(); err != nil {
			w.t.Fatal(err)
		}
	}
	var err error
	w.copies, err = copies.Open(copies.Options{Dir: w.dir, Key: make([]byte, 32), Now: w.clock})
	if err != nil {
		w.t.Fatal(err)
	}
	c := w.copies
	w.t.Cleanup(func() { _ = c.Close() })
}

func (w *world) put(path string, content []byte) {
	w.t.Helper()
	_, _, err := w.owner.Put(context.Background(), path, bytes.NewReader(content), library.PutOptions{Audience: &library.Audience{Reach: library.All}})
	if err != nil {
		w.t.Fatal(err)
	}
}

// Ask asks alice's library, for bob.
func (w *world) Ask(ctx context.Context, _ seal.RelationID, r seal.Request) (*seal.Reply, error) {
	if w.off {
		return nil, fault.New(fault.Unreachable, "alice is away")
	}
	w.asked = append(w.asked, r)
	r.Most = min(r.Most, 200_000)
	reply, err := w.owner.Answer(ctx, bob, seal.Friend, r)
	if err == nil && w.cut > 0 && reply.Body != nil {
		reply.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(io.LimitReader(reply.Body, w.cut), broken{}), reply.Body}
	}
	return reply, err
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the connection broke") }

func (w *world) get(path string, again bool) ([]byte, error) {
	_, b, err := w.copies.Get(context.Background(), w, alice, path, again)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	return io.ReadAll(b)
}

func (w *world) want(path string, content []byte, asked int) {
	w.t.Helper()
	before := len(w.asked)
	got, err := w.get(path, false)
	if err != nil || !bytes.Equal(got, content) {
		w.t.Errorf("%s: %d octets, %v", path, len(got), err)
	}
	if n := len(w.asked) - before; n != asked {
		w.t.Errorf("%s: asked %d times, want %d", path, n, asked)
	}
}

func TestACopyIsUsedWhileItIsLent(t *testing.T) {
	w := newWorld(t)
	w.put("x", []byte("one"))
	w.want("x", []byte("one"), 1)
	w.want("x", []byte("one"), 0) // fresh
	w.now = w.now.Add(6 * time.Minute)
	w.want("x", []byte("one"), 1) // not modified
	w.put("x", []byte("two"))
	w.want("x", []byte("one"), 0) // nobody said so yet
	if _, err := w.copies.Handle(alice, seal.Message{Kind: seal.Changed}); err != nil {
		t.Fatal(err)
	}
	w.want("x", []byte("two"), 1)
	w.off = true
	w.now = w.now.Add(6 * 24 * time.Hour)
	w.want("x", []byte("two"), 0)
	w.open()
	w.want("x", []byte("two"), 0)
	w.now = w.now.Add(25 * time.Hour)
	if _, err := w.get("x", false); fault.KindOf(err) != fault.Unreachable {
		t.Errorf("after the lease: %v", err)
	}
	if n, err := w.copies.Tick(); n != 1 || err != nil {
		t.Errorf("%d copies went, %v", n, err)
	}
	w.wantEmpty()
}

func (w *world) wantEmpty() {
	w.t.Helper()
	files, err := filepath.Glob(filepath.Join(w.dir, "bodies", "*", "*"))
	if err != nil || len(files) > 0 {
		w.t.Errorf("files of bodies are left: %v, %v", files, err)
	}
	keys, err := os.ReadFile(filepath.Join(w.dir, "copies.keys"))
	if err != nil || len(bytes.Trim(keys, "\x00")) > 0 {
		w.t.Errorf("keys are left: %x, %v", keys, err)
	}
}

func TestWhatTheOwnerTakesBackIsErased(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"x", "y", "f/1", "f/2"} {
		w.put(path, []byte(path))
		w.want(path, []byte(path), 1)
	}
	if _, _, err := w.owner.Share("", "x", false, library.Audience{}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.get("x", true); fault.KindOf(err) != fault.NotFound {
		t.Errorf("x is for others: %v", err)
	}
	_, out, err := w.owner.Remove("", "f", true)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range out {
		if m.Kind == seal.Purge {
			w.purge(m, false)
			w.purge(m, true) // again: nothing of it is there
		}
	}
	if all := w.copies.List(alice); len(all) != 1 || all[0].Path != "y" {
		t.Errorf("kept: %+v", all)
	}
	if d := w.owner.Deletions(); len(d) == 0 || d[len(d)-1].Waiting != 0 && d[0].Waiting != 0 {
		t.Errorf("receipts: %+v", d)
	}
	if any, err := w.copies.EraseFriend(alice); !any || err != nil {
		t.Errorf("by hand: %v, %v", any, err)
	}
	w.wantEmpty()
}

func (w *world) purge(m seal.Outgoing, nothing bool) {
	w.t.Helper()
	body, err := seal.Marshal(m.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	out, err := w.copies.Handle(alice, seal.Message{Kind: seal.Purge, Body: body})
	if err != nil || len(out) != 1 || out[0].Kind != seal.Purged || out[0].To != alice {
		w.t.Fatalf("purge: %+v, %v", out, err)
	}
	if body, err = seal.Marshal(out[0].Body); err != nil {
		w.t.Fatal(err)
	}
	if got := bytes.Contains(body, []byte{2, 0xf5}); got != nothing {
		w.t.Errorf("nothing was there: %v, want %v", got, nothing)
	}
	if _, err := w.owner.Handle(bob, seal.Message{Kind: seal.Purged, Body: body}); err != nil {
		w.t.Fatal(err)
	}
}

func TestALongBodyGoesOnWhereItBroke(t *testing.T) {
	w := newWorld(t)
	content := make([]byte, 900_000)
	_, _ = rand.NewChaCha8([32]byte{9}).Read(content)
	w.put("film", content)
	w.cut = 150_000
	if _, err := w.get("film", false); err == nil {
		t.Error("a body that was cut was taken")
	}
	w.open()
	if all := w.copies.List(alice); len(all) != 0 {
		t.Errorf("a part is shown: %+v", all)
	}
	w.cut = 0
	before := len(w.asked)
	w.want("film", content, 4)
	if first := w.asked[before].Header["range"]; first != "bytes=131072-899999" {
		t.Errorf("went on with %q", first)
	}
	// Begun again, and changed meanwhile: it is fetched from the beginning.
	if _, err := w.copies.Erase(alice, "film"); err != nil {
		t.Fatal(err)
	}
	w.cut = 150_000
	_, _ = w.get("film", false)
	w.cut = 0
	w.put("film", content[1:])
	w.want("film", content[1:], 6)
}

func TestACopyOfNoLeaseIsNotKept(t *testing.T) {
	w := newWorld(t)
	if _, err := w.get("nothing", false); fault.KindOf(err) != fault.NotFound {
		t.Errorf("what is not there: %v", err)
	}
	w.wantEmpty()
}

func TestTooMuchGoesByUse(t *testing.T) {
	w := newWorld(t)
	_ = w.copies.Close()
	var err error
	w.copies, err = copies.Open(copies.Options{Dir: w.dir, Key: make([]byte, 32), Now: w.clock, Most: 25_000})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"a", "b", "c"} {
		w.put(path, make([]byte, 10_000))
		w.want(path, make([]byte, 10_000), 1)
		w.now = w.now.Add(2 * time.Hour)
	}
	w.off = true
	w.want("a", make([]byte, 10_000), 0) // used again
	if n, err := w.copies.Tick(); n != 1 || err != nil {
		t.Errorf("%d went, %v", n, err)
	}
	if all := w.copies.List(alice); len(all) != 2 || all[0].Path != "a" || all[1].Path != "c" {
		t.Errorf("kept: %+v", all)
	}
}

func FuzzHandle(f *testing.F) {
	c, err := copies.Open(copies.Options{Dir: f.TempDir(), Key: make([]byte, 32), Quick: true})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = c.Close() })
	for _, v := range []any{map[int]any{1: make([]byte, 16), 2: []string{"a", "b/"}}, map[int]any{1: make([]byte, 16), 3: true}} {
		body, err := seal.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(byte(seal.Purge), body)
	}
	f.Fuzz(func(t *testing.T, kind byte, body []byte) {
		out, err := c.Handle(alice, seal.Message{Kind: seal.MessageKind(kind), Body: body})
		if err == nil && seal.MessageKind(kind) == seal.Purge && len(out) != 1 {
			t.Errorf("a purge has %d answers", len(out))
		}
	})
}

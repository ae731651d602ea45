package library_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/library"
	"github.com/kith-web/kith/internal/seal"
)

// clock is a clock that a test sets.
type clock struct{ t time.Time }

func newClock() *clock { return &clock{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time          { return c.t }
func (c *clock) advance(d time.Duration) { c.t = c.t.Add(d) }
func id(b byte) (r seal.RelationID)      { r[0], r[15] = b, b; return r }
func deviceID(b byte) (d seal.DeviceID)  { d[0], d[7] = 0xd0, b; return d }
func seed(n byte) *rand.ChaCha8          { return rand.NewChaCha8([32]byte{n}) }
func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// open opens a library in a folder, and closes it with the test.
func open(t testing.TB, dir string, c *clock, n byte, change ...func(*library.Options)) *library.Library {
	t.Helper()
	o := library.Options{Dir: dir, Key: bytes.Repeat([]byte{n}, 32), Device: deviceID(n), Now: c.now, Rand: seed(n)}
	for _, f := range change {
		f(&o)
	}
	l, err := library.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// quick does not wait for the disk, which tests of what is said do not need.
func quick(o *library.Options) { o.Quick = true }

func put(t testing.TB, l *library.Library, path string, content []byte, o library.PutOptions) (library.Item, []seal.Outgoing) {
	t.Helper()
	item, out, err := l.Put(context.Background(), path, bytes.NewReader(content), o)
	if err != nil {
		t.Fatalf("put %s: %v", path, err)
	}
	return item, out
}

func read(t testing.TB, l *library.Library, path string) []byte {
	t.Helper()
	_, b, err := l.Get("", path)
	if err != nil {
		t.Fatalf("get %s: %v", path, err)
	}
	defer b.Close()
	data, err := io.ReadAll(b)
	if err != nil {
		t.Fatalf("read %s: %v", path, err)
	}
	return data
}

func wantKind(t testing.TB, err error, kind fault.Kind) {
	t.Helper()
	if got := fault.KindOf(err); got != kind {
		t.Errorf("error %v (%s), want %s", err, got, kind)
	}
}

// noise makes n octets that compress to nothing and repeat for a seed.
func noise(n int, s byte) []byte {
	b := make([]byte, n)
	_, _ = seed(s).Read(b)
	return b
}

func to(reach library.Reach, friends ...byte) *library.Audience {
	a := &library.Audience{Reach: reach}
	for _, f := range friends {
		a.Friends = append(a.Friends, id(f))
	}
	return a
}

// kinds counts messages by kind and receiver.
func count(out []seal.Outgoing, kind seal.MessageKind, to seal.RelationID) int {
	n := 0
	for _, m := range out {
		if m.Kind == kind && m.To == to {
			n++
		}
	}
	return n
}

package segment_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/relay/mailbox/queue"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/segment"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// opened is a log in a folder in which these octets of each file are named.
func opened(t testing.TB, dir string, live map[int64]int64, o segment.Options) *segment.Log {
	t.Helper()
	l, err := segment.Open(dir, o)
	must(t, err)
	l.Begin(0)
	must(t, l.Adopt(live))
	return l
}

// message is the n-th of a test.
func message(n int64) segment.Record {
	return segment.Record{
		Kind: segment.Came, Queue: 3, Number: n, Expires: 1000 + n, ID: queue.MessageID{byte(n)},
		Body: bytes.Repeat([]byte{byte(n)}, 4096),
	}
}

// add adds messages in one transaction, and returns where the first is.
func add(t testing.TB, l *segment.Log, flushed bool, from, to int64) segment.Place {
	t.Helper()
	_, err := l.Ready()
	must(t, err)
	first, change := segment.Place{}, map[int64]int64{}
	for n := from; n < to; n++ {
		at, err := l.Add(message(n))
		must(t, err)
		if n == from {
			first = at
		}
		change[at.Segment] += segment.Head + 4096
	}
	_, err = l.Flush()
	must(t, err)
	l.Settle(change, flushed)
	return first
}

// numbers are those of the messages that a replay gives.
func numbers(t *testing.T, dir string, from segment.Place, sequence int64) (list []int64) {
	t.Helper()
	l, err := segment.Open(dir, segment.Options{})
	must(t, err)
	err = l.Replay(from, sequence, func(r segment.Record, _ segment.Place) error {
		if want := message(r.Number); r.Kind != want.Kind || r.ID != want.ID || r.Expires != want.Expires || !bytes.Equal(r.Body, want.Body) {
			t.Errorf("message %d is not what was added", r.Number)
		}
		list = append(list, r.Number)
		return nil
	})
	must(t, err)
	return list
}

func same(t *testing.T, what string, got []int64, want ...int64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %v, not %v", what, got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("%s: %v, not %v", what, got, want)
		}
	}
}

// TestUndone adds a long transaction that is undone and a short one that stays:
// the rest of the long one is behind it in the file, whole, and not replayed.
func TestUndone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "bodies")
	l := opened(t, dir, nil, segment.Options{})
	start := add(t, l, true, 1, 2)
	at, sequence := l.Position()
	_, err := l.Ready()
	must(t, err)
	for n := int64(10); n < 20; n++ {
		_, err := l.Add(message(n))
		must(t, err)
	}
	_, err = l.Flush()
	must(t, err)
	undone, err := os.ReadFile(filepath.Join(dir, "0000000000000000001.segment"))
	must(t, err)
	l.Undo()
	add(t, l, false, 2, 4)
	// As on a system that could not shorten the file.
	f, err := os.OpenFile(filepath.Join(dir, "0000000000000000001.segment"), os.O_WRONLY, 0o600)
	must(t, err)
	end, _ := l.Position()
	_, err = f.WriteAt(undone[end.At:], end.At)
	must(t, errors.Join(err, f.Close()))
	same(t, "replayed", numbers(t, dir, at, sequence), 2, 3)
	same(t, "all", numbers(t, dir, start, 0), 1, 2, 3)
}

// TestWrittenOver uses a file again in which nothing is named; not before the
// database needs it no more, nor while somebody reads.
func TestWrittenOver(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "bodies")
	l := opened(t, dir, nil, segment.Options{Octets: 20 << 10})
	first := add(t, l, true, 1, 6) // fills the file
	l.Settle(map[int64]int64{first.Segment: -l.Live(first.Segment)}, false)
	if flush, err := l.Ready(); err != nil || !flush {
		t.Errorf("the database need not know of a new file: %v", err)
	}
	must(t, l.Sweep(0))
	if _, err := os.Stat(filepath.Join(dir, "0000000000000000001.segment")); err != nil {
		t.Errorf("a file went that a replay needs: %v", err)
	}
	add(t, l, true, 6, 11)
	second := add(t, l, true, 11, 12)
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("%d files, not 2: %v", len(entries), err)
	}
	r := l.Reader()
	body, err := r.Body(second, message(11).ID, 4096)
	must(t, errors.Join(err, r.Close()))
	if !bytes.Equal(body, message(11).Body) {
		t.Error("a body is not what was added")
	}
	same(t, "replayed", numbers(t, dir, second, 0), 11)
	_, err = l.Reader().Body(first, message(1).ID, 4096)
	if fault.KindOf(err) != fault.Corrupt {
		t.Errorf("a body that is gone is read: %v", err)
	}
}

// TestCrowded tells of a file that rests with more given up than named, or with
// something that was given up long ago.
func TestCrowded(t *testing.T) {
	now := time.Unix(1000, 0)
	l := opened(t, filepath.Join(t.TempDir(), "bodies"), nil, segment.Options{Now: func() time.Time { return now }})
	at := add(t, l, true, 1, 11)
	const one = segment.Head + 4096
	check := func(what string, want bool) {
		t.Helper()
		if id, _, ok := l.Crowded(); ok != want || ok && id != at.Segment {
			t.Errorf("%s: %v", what, ok)
		}
	}
	check("nothing given up", false)
	l.Settle(map[int64]int64{at.Segment: -4 * one}, false)
	now = now.Add(10 * time.Minute)
	check("less given up than named", false)
	now = now.Add(51 * time.Minute)
	check("something given up for an hour", true)
	now = now.Add(-51 * time.Minute)
	l.Settle(map[int64]int64{at.Segment: -one}, false)
	check("half given up a moment ago", false)
	now = now.Add(time.Second)
	check("half given up", true)
	if !l.Anew(at.Segment) {
		t.Error("a file with what is named is said to have gone")
	}
	check("it could not be written anew", false)
}

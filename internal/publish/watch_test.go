package publish_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/publish"
)

// watched starts a watch and returns its outcomes and how to end it.
func watched(t *testing.T, b *bench) (results <-chan publish.Publication, failures <-chan error, end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	good, bad, done := make(chan publish.Publication, 16), make(chan error, 16), make(chan error, 1)
	go func() {
		done <- b.Watch(ctx, publish.Request{Folder: b.folder}, nil, func(p publish.Publication, err error) {
			if err != nil {
				bad <- err
			} else {
				good <- p
			}
		})
	}()
	return good, bad, func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Watch ended with %v", err)
		}
	}
}

func next[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(20 * time.Second):
		t.Fatal("nothing happened in 20 s")
		panic("unreachable")
	}
}

func TestWatchPublishesChanges(t *testing.T) {
	b := setUp(t, func(o *publish.Options) { o.Quiet = 50 * time.Millisecond })
	b.write(t, map[string]string{"a": "1"})
	results, failures, end := watched(t, b)
	defer end()
	first := next(t, results)
	b.write(t, map[string]string{"new/folder/b": "22", "a": "changed"})
	second := next(t, results)
	for second.Files != 2 { // the burst may be seen in two parts on a slow machine
		second = next(t, results)
	}
	if second.IPFS == first.IPFS {
		t.Error("nothing changed")
	}
	b.write(t, map[string]string{"new/folder/b": "in the new folder"})
	if third := next(t, results); third.IPFS == second.IPFS {
		t.Error("a change in a new folder was missed")
	}

	// An empty folder cannot be a site; the watch says so and goes on.
	must(t, os.Remove(filepath.Join(b.folder, "a")))
	must(t, os.RemoveAll(filepath.Join(b.folder, "new")))
	if err := next(t, failures); fault.KindOf(err) != fault.Invalid {
		t.Errorf("%v", err)
	}
	b.write(t, map[string]string{"a": "1"})
	for last := next(t, results); last.IPFS != first.IPFS; last = next(t, results) {
	}
}

func TestWatchBatchesBursts(t *testing.T) {
	b := setUp(t, func(o *publish.Options) { o.Quiet = 500 * time.Millisecond })
	b.write(t, map[string]string{"a": "1"})
	results, _, end := watched(t, b)
	next(t, results)
	for i := range 50 {
		b.write(t, map[string]string{"a": string(make([]byte, i+2))})
	}
	if last := next(t, results); last.Bytes != 51 {
		t.Errorf("%d bytes: published in the middle of the burst", last.Bytes)
	}
	end()
	if len(results) != 0 {
		t.Errorf("%d more publications of one burst", len(results))
	}
}

func TestWatchOfAMissingFolderEnds(t *testing.T) {
	b := setUp(t, nil)
	err := b.Watch(t.Context(), publish.Request{Folder: filepath.Join(b.folder, "missing")}, nil, nil)
	if fault.KindOf(err) != fault.NotFound {
		t.Errorf("%v", err)
	}
}

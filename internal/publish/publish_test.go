package publish_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/memory"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/publish"
)

func TestPeersOfBothNetworksReadWhatWasPublished(t *testing.T) {
	b := setUp(t, nil)
	files := map[string]string{
		"index.html": "<h1>hello</h1>", "a/b/c/deep.txt": "deep", "empty": "", "größe und mehr.txt": "ü",
		"big.bin": strings.Repeat("0123456789abcdef", 3<<16), ".well-known/wtp": "x",
	}
	b.write(t, files)
	pub := b.publish(t, publish.Request{})
	if pub.Files != len(files) || pub.Bytes != 14+4+2+1+3<<20 || pub.Reused != 0 || pub.Name != filepath.Base(b.folder) {
		t.Errorf("%+v", pub)
	}
	if len(pub.URLs) != 2 || !strings.HasPrefix(pub.Magnet, "magnet:?xt=urn:btih:") {
		t.Errorf("urls %v, magnet %q", pub.URLs, pub.Magnet)
	}
	for _, s := range []string{pub.IPFS, pub.WTP} {
		a := parse(t, s)
		reader := newEngine(t, memory.Options{Network: b.network, As: a.Network()})
		site, err := reader.Open(t.Context(), a)
		must(t, err)
		var names []string
		for name, want := range files {
			names = append(names, name)
			if got, err := fs.ReadFile(site.FS(t.Context()), name); err != nil || string(got) != want {
				t.Errorf("%s of %s: %d bytes, %v", name, s, len(got), err)
			}
		}
		must(t, fstest.TestFS(site.FS(t.Context()), names...))
		must(t, site.Close())
	}
}

func TestOneFileIsASiteToo(t *testing.T) {
	b := setUp(t, nil)
	b.write(t, map[string]string{"film.mp4": "moving", "private.txt": "not for you"})
	pub := b.publish(t, publish.Request{Folder: filepath.Join(b.folder, "film.mp4")})
	site, err := b.ipfs.Open(t.Context(), parse(t, pub.IPFS))
	must(t, err)
	defer func() { must(t, site.Close()) }()
	entries, err := fs.ReadDir(site.FS(t.Context()), ".")
	must(t, err)
	if len(entries) != 1 || entries[0].Name() != "film.mp4" || pub.Name != "film.mp4" {
		t.Errorf("%v of %q", entries, pub.Name)
	}
}

func TestPublishingAgainReadsOnlyWhatChanged(t *testing.T) {
	b := setUp(t, nil)
	b.write(t, map[string]string{"same.txt": "0123456789", "new.txt": "old"})
	first := b.publish(t, publish.Request{})
	if again := b.publish(t, publish.Request{}); again.IPFS != first.IPFS || again.Reused != 13 {
		t.Errorf("unchanged: %+v", again)
	}
	b.write(t, map[string]string{"new.txt": "changed"})
	second := b.publish(t, publish.Request{})
	if second.Reused != 10 || second.IPFS == first.IPFS || second.WTP == first.WTP || second.ID != first.ID {
		t.Errorf("changed: %+v", second)
	}
	for e, s := range map[engine.Engine]string{b.ipfs: first.IPFS, b.wtp: first.WTP} {
		if _, ok := e.Stats(parse(t, s)); ok {
			t.Errorf("%s is still known after it was replaced", s)
		}
	}
	list, err := b.Publications()
	must(t, err)
	if len(list) != 1 || !reflect.DeepEqual(list[0], second) {
		t.Errorf("publications: %+v", list)
	}
}

func TestTheSameContentOfTwoFoldersIsKeptForTheOther(t *testing.T) {
	b := setUp(t, nil)
	b.write(t, map[string]string{"one/site/a": "x", "two/site/a": "x"})
	one := b.publish(t, publish.Request{Folder: filepath.Join(b.folder, "one/site")})
	two := b.publish(t, publish.Request{Folder: filepath.Join(b.folder, "two/site")})
	if one.IPFS != two.IPFS || one.ID == two.ID {
		t.Fatalf("%+v and %+v", one, two)
	}
	must(t, b.Forget(t.Context(), one.ID))
	if _, ok := b.ipfs.Stats(parse(t, two.IPFS)); !ok {
		t.Error("forgetting one publication took the other away")
	}
	must(t, b.Forget(t.Context(), two.ID))
	if _, ok := b.ipfs.Stats(parse(t, two.IPFS)); ok {
		t.Error("the site is known after both were forgotten")
	}
	if err := b.Forget(t.Context(), two.ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("forgetting twice: %v", err)
	}
	if _, err := os.Stat(filepath.Join(b.folder, "two/site/a")); err != nil {
		t.Errorf("the folder was touched: %v", err)
	}
}

func TestAFileThatChangesWhileItIsReadStartsOver(t *testing.T) {
	var b *bench
	touched := false
	b = setUp(t, func(o *publish.Options) {
		o.Engines[0] = between{o.Engines[0], func(n int) error {
			if n == 0 && !touched {
				touched = true
				return os.WriteFile(filepath.Join(b.folder, "b"), []byte("later"), 0o600)
			}
			return nil
		}}
	})
	// The first write comes while most of b is still unread.
	b.write(t, map[string]string{"a": strings.Repeat("a", 2<<20), "b": strings.Repeat("b", 20<<20)})
	pub := b.publish(t, publish.Request{})
	site, err := b.wtp.Open(t.Context(), parse(t, pub.WTP))
	must(t, err)
	defer func() { must(t, site.Close()) }()
	if got, err := fs.ReadFile(site.FS(t.Context()), "b"); err != nil || string(got) != "later" {
		t.Errorf("b is %.20q, %v", got, err)
	}
}

func TestAFileThatNeverRestsIsAnError(t *testing.T) {
	var b *bench
	size := 0
	b = setUp(t, func(o *publish.Options) {
		o.Attempts = 2
		o.Engines[1] = between{o.Engines[1], func(n int) error {
			size++
			return os.WriteFile(filepath.Join(b.folder, "log"), bytes.Repeat([]byte("x"), 20<<20+size), 0o600)
		}}
	})
	b.write(t, map[string]string{"log": strings.Repeat("x", 20<<20)})
	_, err := b.Publish(t.Context(), publish.Request{Folder: b.folder}, nil)
	if fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), `"log"`) || fault.Hint(err) == "" {
		t.Errorf("%v", err)
	}
}

func TestWhenOneEngineFailsNothingIsPublished(t *testing.T) {
	for name, c := range map[string]struct {
		at   int
		err  error
		kind fault.Kind
	}{
		"while writing, the disk is full":    {0, syscall.ENOSPC, fault.NoSpace},
		"while committing, the disk is full": {-1, &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, fault.NoSpace},
		"while committing, otherwise":        {-1, errors.New("on fire"), fault.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			b := setUp(t, func(o *publish.Options) {
				o.Engines[1] = between{o.Engines[1], func(n int) error {
					if n == c.at {
						return c.err
					}
					return nil
				}}
			})
			b.write(t, map[string]string{"a": "x"})
			_, err := b.Publish(t.Context(), publish.Request{Folder: b.folder}, nil)
			if fault.KindOf(err) != c.kind || !errors.Is(err, c.err) {
				t.Errorf("%v of kind %s", err, fault.KindOf(err))
			}
			if list, err := b.Publications(); err != nil || len(list) != 0 {
				t.Errorf("remembered: %v, %v", list, err)
			}
			other := newEngine(t, memory.Options{})
			alone := setUp(t, func(o *publish.Options) { o.Engines = []engine.Publisher{other}; o.Keeper = nil })
			pub := alone.publish(t, publish.Request{Folder: b.folder})
			if _, ok := other.Stats(parse(t, pub.IPFS)); !ok {
				t.Fatal("the address is not known where it was published")
			}
			if _, ok := b.ipfs.Stats(parse(t, pub.IPFS)); ok {
				t.Error("the engine that did not fail still has the site")
			}
		})
	}
}

func TestCancellingPublishesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b := setUp(t, func(o *publish.Options) {
		o.Engines[0] = between{o.Engines[0], func(int) error { cancel(); <-ctx.Done(); return nil }}
	})
	b.write(t, map[string]string{"a": strings.Repeat("x", 30<<20)})
	if _, err := b.Publish(ctx, publish.Request{Folder: b.folder}, nil); fault.KindOf(err) != fault.Canceled {
		t.Errorf("%v", err)
	}
	if list, err := b.Publications(); err != nil || len(list) != 0 {
		t.Errorf("remembered: %v, %v", list, err)
	}
}

func TestProgressEndsWithEverything(t *testing.T) {
	b := setUp(t, nil)
	b.write(t, map[string]string{"a": strings.Repeat("x", 5<<20), "b": "y"})
	var seen []publish.Progress
	_, err := b.Publish(t.Context(), publish.Request{Folder: b.folder}, func(p publish.Progress) { seen = append(seen, p) })
	must(t, err)
	last := seen[len(seen)-1]
	if (last != publish.Progress{Files: 2, Bytes: 5<<20 + 1, Total: 5<<20 + 1}) {
		t.Errorf("last: %+v", last)
	}
	for i := 1; i < len(seen); i++ {
		if seen[i].Bytes < seen[i-1].Bytes {
			t.Errorf("went back from %+v to %+v", seen[i-1], seen[i])
		}
	}
}

func TestAFolderIsPublishedOnceAtATime(t *testing.T) {
	entered, leave := make(chan struct{}, 10), make(chan struct{})
	b := setUp(t, func(o *publish.Options) {
		o.Engines[0] = between{o.Engines[0], func(n int) error {
			if n == -1 {
				entered <- struct{}{}
				<-leave
			}
			return nil
		}}
	})
	b.write(t, map[string]string{"a": "x"})
	results := make(chan error)
	for range 2 {
		go func() {
			_, err := b.Publish(t.Context(), publish.Request{Folder: b.folder}, nil)
			results <- err
		}()
	}
	<-entered
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := b.Publish(ctx, publish.Request{Folder: b.folder}, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a third did not wait: %v", err)
	}
	if len(entered) != 0 {
		t.Error("two publish the same folder at the same time")
	}
	close(leave)
	for range 2 {
		must(t, <-results)
	}
}

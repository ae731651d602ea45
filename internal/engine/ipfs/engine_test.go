package ipfs_test

import (
	"sync"
	"testing"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/enginetest"
	"github.com/kith-web/kith/internal/engine/ipfs"
	"github.com/kith-web/kith/internal/store"
)

// loopback is where every engine of these tests listens: nothing here reaches
// out.
const loopback = "/ip4/127.0.0.1/tcp/0"

// start makes an engine over a folder, with options changed by with.
func start(t testing.TB, dir string, with func(*ipfs.Options)) *ipfs.Engine {
	t.Helper()
	db, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	bucket, err := db.Bucket("ipfs")
	if err != nil {
		t.Fatal(err)
	}
	o := ipfs.Options{Dir: dir, Store: bucket, Listen: []string{loopback}}
	if with != nil {
		with(&o)
	}
	e, err := ipfs.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		_ = db.Close() // the engine was the last to use it
	})
	return e
}

// isolated makes an engine of its own.
func isolated(t testing.TB) *ipfs.Engine { t.Helper(); return start(t, t.TempDir(), nil) }

// connect makes two engines peers.
func connect(t testing.TB, a, b *ipfs.Engine) {
	t.Helper()
	if err := b.Connect(t.Context(), a.Status().Listen[0]); err != nil {
		t.Fatal(err)
	}
}

// cast is the engine under test.
func cast(t testing.TB, e engine.Engine) *ipfs.Engine {
	t.Helper()
	own, ok := e.(*ipfs.Engine)
	if !ok {
		t.Fatalf("%T is not this engine", e)
	}
	return own
}

func TestTheSuite(t *testing.T) {
	var mu sync.Mutex
	dirs := map[engine.Engine]string{}
	make := func(t *testing.T, dir string) engine.Engine {
		e := start(t, dir, func(o *ipfs.Options) { o.DHTServer = true })
		mu.Lock()
		defer mu.Unlock()
		dirs[e] = dir
		return e
	}
	enginetest.Run(t, enginetest.Harness{
		New:     func(t *testing.T) engine.Engine { return make(t, t.TempDir()) },
		Connect: func(t *testing.T, a, b engine.Engine) { connect(t, cast(t, a), cast(t, b)) },
		Reopen: func(t *testing.T, e engine.Engine) engine.Engine {
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			mu.Lock()
			dir := dirs[e]
			mu.Unlock()
			return make(t, dir)
		},
	})
}

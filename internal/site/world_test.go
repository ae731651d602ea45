package site_test

import (
	"context"
	"io/fs"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/enginetest"
	"github.com/kith-web/kith/internal/engine/memory"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/site"
	"github.com/kith-web/kith/internal/store"
)

// world is a network with somebody who publishes, and one node whose sites are
// under test.
type world struct {
	t       *testing.T
	network *memory.Network
	origin  *memory.Engine
	disk    *memory.Disk
	home    string
	names   *names

	engine *memory.Engine
	store  *store.Store
	m      *site.Manager
}

// bubble runs f with a clock of its own.
func bubble(t *testing.T, o site.Options, f func(t *testing.T, w *world)) {
	t.Helper()
	home := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, network: memory.NewNetwork(), disk: memory.NewDisk(), home: home, names: &names{at: map[string]site.Resolved{}}}
		w.origin = w.newEngine(memory.Options{ID: "origin"})
		w.start(o)
		f(t, w)
		w.stop()
		_ = w.origin.Close()
	})
}

func (w *world) newEngine(o memory.Options) *memory.Engine {
	w.t.Helper()
	o.Network = w.network
	e, err := memory.New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

// start starts the node.
func (w *world) start(o site.Options) {
	w.t.Helper()
	w.engine = w.newEngine(memory.Options{Disk: w.disk, ID: "node"})
	var err error
	if w.store, err = store.Open(w.home); err != nil {
		w.t.Fatal(err)
	}
	bucket, err := w.store.Bucket("site")
	if err != nil {
		w.t.Fatal(err)
	}
	if o.Engines == nil {
		o.Engines = []engine.Engine{w.engine}
	}
	o.Resolver, o.Store = w.names, bucket
	if w.m, err = site.New(o); err != nil {
		w.t.Fatal(err)
	}
}

// stop stops the node in order; kill leaves the manager no time to write.
func (w *world) stop() {
	w.t.Helper()
	if err := w.m.Close(); err != nil {
		w.t.Error(err)
	}
	w.kill()
}

func (w *world) kill() {
	_ = w.engine.Close()
	_ = w.store.Close()
	_ = w.m.Close()
}

// publish makes a site with one file "index.html" at the origin, which serves
// it.
func (w *world) publish(text string) address.Address {
	w.t.Helper()
	return w.publishAt(w.origin, text)
}

func (w *world) publishAt(e *memory.Engine, text string) address.Address {
	w.t.Helper()
	folder := w.t.TempDir()
	enginetest.Write(w.t, folder, map[string][]byte{"index.html": []byte(text), "a/b.txt": []byte(text + text)})
	a, _ := enginetest.Publish(w.t, e, folder, engine.DraftOptions{})
	if _, err := e.Open(w.t.Context(), a); err != nil {
		w.t.Fatal(err)
	}
	return a
}

// open opens a site, which must work.
func (w *world) open(a address.Address) *site.Handle {
	w.t.Helper()
	h, err := w.m.Open(w.t.Context(), a)
	if err != nil {
		w.t.Fatalf("Open(%s): %v", a, err)
	}
	return h
}

// reads opens a site, compares its page and closes it.
func (w *world) reads(a address.Address, want string) {
	w.t.Helper()
	h := w.open(a)
	defer h.Close()
	if got, err := fs.ReadFile(h.FS(w.t.Context()), "index.html"); err != nil || string(got) != want {
		w.t.Fatalf("%s reads %q, %v; want %q", a, got, err, want)
	}
}

// serves reports whether the node serves a to the origin.
func (w *world) serves(a address.Address) bool {
	s, _ := w.origin.Stats(a)
	for _, p := range s.Peers {
		if p.ID == "node" {
			return true
		}
	}
	return false
}

// stored reports whether the node's disk has anything of a.
func (w *world) stored(a address.Address) bool {
	_, ok := w.engine.Stats(a)
	return ok
}

func (w *world) state(a address.Address) site.Site {
	s, _ := w.m.Progress(a)
	return s
}

// names says what names point at.
type names struct {
	mu    sync.Mutex
	at    map[string]site.Resolved
	err   error
	asked int

	forgotten []string
}

func (n *names) set(name address.Address, ttl time.Duration, targets ...address.Address) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.err = nil
	n.at[name.Key()] = site.Resolved{Candidates: targets, Expires: time.Now().Add(ttl)}
}

func (n *names) fail(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.err = err
	maps.DeleteFunc(n.at, func(string, site.Resolved) bool { return true })
}

// Forget implements site.Forgetter.
func (n *names) Forget(a address.Address) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.forgotten = append(n.forgotten, a.Key())
}

func (n *names) Resolve(_ context.Context, a address.Address) (site.Resolved, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked++
	if a.Immutable() {
		return site.Resolved{Candidates: []address.Address{a}}, nil
	}
	r, ok := n.at[a.Key()]
	switch {
	case n.err != nil:
		return site.Resolved{}, n.err
	case !ok:
		return site.Resolved{}, fault.New(fault.NotFound, "no name %q", a)
	}
	r.Candidates = append([]address.Address(nil), r.Candidates...)
	return r, nil
}

func name(t *testing.T, s string) address.Address {
	t.Helper()
	a, err := address.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

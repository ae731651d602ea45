package publish_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/memory"
	"github.com/kith-web/kith/internal/publish"
	"github.com/kith-web/kith/internal/store"
)

// bench is a publisher with an engine of each network, and what is around it.
type bench struct {
	*publish.Publisher
	ipfs, wtp *memory.Engine
	network   *memory.Network
	keeper    *keeper
	home      string
	folder    string

	publications, names publish.Bucket
}

// setUp makes a bench; change may alter the options.
func setUp(t *testing.T, change func(*publish.Options)) *bench {
	t.Helper()
	b := &bench{network: memory.NewNetwork(), home: t.TempDir(), folder: t.TempDir()}
	b.ipfs = newEngine(t, memory.Options{Network: b.network})
	b.wtp = newEngine(t, memory.Options{Network: b.network, As: address.NetworkBitTorrent})
	b.keeper = &keeper{engines: []engine.Engine{b.ipfs, b.wtp}, open: map[string]engine.Site{}}
	s, err := store.Open(b.home)
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	publications, err := s.Bucket("publications")
	must(t, err)
	names, err := s.Bucket("names")
	must(t, err)
	b.publications, b.names = publications, names
	o := publish.Options{
		Engines: []engine.Publisher{b.ipfs, b.wtp}, Publications: publications, Names: names, Keeper: b.keeper,
	}
	if change != nil {
		change(&o)
	}
	b.Publisher, err = publish.New(o)
	must(t, err)
	return b
}

func newEngine(t *testing.T, o memory.Options) *memory.Engine {
	t.Helper()
	e, err := memory.New(o)
	must(t, err)
	t.Cleanup(func() { must(t, e.Close()) })
	return e
}

// publish publishes the bench's folder, which must work.
func (b *bench) publish(t *testing.T, r publish.Request) publish.Publication {
	t.Helper()
	if r.Folder == "" {
		r.Folder = b.folder
	}
	pub, err := b.Publish(t.Context(), r, nil)
	must(t, err)
	return pub
}

// write makes files in the bench's folder.
func (b *bench) write(t *testing.T, files map[string]string) {
	t.Helper()
	for name, data := range files {
		full := filepath.Join(b.folder, filepath.FromSlash(name))
		must(t, os.MkdirAll(filepath.Dir(full), 0o700))
		must(t, os.WriteFile(full, []byte(data), 0o600))
	}
}

// keeper keeps sites open, as the site manager does.
type keeper struct {
	engines []engine.Engine
	mu      sync.Mutex
	open    map[string]engine.Site
}

func (k *keeper) engine(a address.Address) engine.Engine {
	for _, e := range k.engines {
		if e.Network() == a.Network() {
			return e
		}
	}
	return nil
}

func (k *keeper) Keep(ctx context.Context, a address.Address, _ string) error {
	s, err := k.engine(a).Open(ctx, a)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.open[a.Key()] != nil {
		return s.Close()
	}
	k.open[a.Key()] = s
	return nil
}

func (k *keeper) Release(ctx context.Context, a address.Address) error {
	k.mu.Lock()
	s := k.open[a.Key()]
	delete(k.open, a.Key())
	k.mu.Unlock()
	if s != nil {
		_ = s.Close()
	}
	return k.engine(a).Remove(ctx, a)
}

// between is an engine whose drafts call before ahead of every write of bytes and of the
// commit (n counts the writes; -1 for the commit), and fail with what it returns.
type between struct {
	engine.Publisher
	before func(n int) error
}

func (e between) Draft(ctx context.Context, src engine.Source, o engine.DraftOptions) (engine.Draft, error) {
	d, err := e.Publisher.Draft(ctx, src, o)
	return &betweenDraft{d, e.before, 0}, err
}

type betweenDraft struct {
	engine.Draft
	before func(n int) error
	n      int
}

func (d *betweenDraft) File(i int) (io.WriteCloser, error) {
	w, err := d.Draft.File(i)
	return betweenWriter{w, d}, err
}

func (d *betweenDraft) Commit(ctx context.Context) (address.Address, error) {
	if err := d.before(-1); err != nil {
		return address.Address{}, err
	}
	return d.Draft.Commit(ctx)
}

type betweenWriter struct {
	io.WriteCloser
	draft *betweenDraft
}

func (w betweenWriter) Write(p []byte) (int, error) {
	n := w.draft.n
	w.draft.n++
	if err := w.draft.before(n); err != nil {
		return 0, err
	}
	return w.WriteCloser.Write(p)
}

func parse(t *testing.T, s string) address.Address {
	t.Helper()
	a, err := address.Parse(s)
	must(t, err)
	return a
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

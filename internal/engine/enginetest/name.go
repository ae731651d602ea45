package enginetest

import (
	"context"
	"crypto/ed25519"
	"testing"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
)

// namer makes an engine that has names, or skips.
func (h Harness) namer(t *testing.T) engine.Namer {
	t.Helper()
	n, ok := h.New(t).(engine.Namer)
	if !ok {
		t.Skip("the engine does not implement engine.Namer")
	}
	return n
}

// publishOne publishes a site of one file.
func publishOne(t *testing.T, e engine.Engine, content string) address.Address {
	t.Helper()
	p, ok := e.(engine.Publisher)
	if !ok {
		t.Fatal("the engine does not implement engine.Publisher")
	}
	folder := t.TempDir()
	Write(t, folder, map[string][]byte{"index.html": []byte(content)})
	a, _ := Publish(t, p, folder, engine.DraftOptions{})
	return a
}

// point publishes a name and demands that it resolves to target here and, if
// reader is not nil, there.
func point(
	t *testing.T, h Harness, n, reader engine.Namer, key ed25519.PrivateKey, target address.Address,
) address.Address {
	t.Helper()
	name, err := n.PublishName(h.ctx(t), key, target)
	if err != nil {
		t.Fatal(err)
	}
	if !name.Valid() || name.Immutable() || name.Network() != n.Network() {
		t.Fatalf("%v is no mutable address of the engine's network", name)
	}
	resolves(t, h, n, name, target)
	if reader != nil {
		await(t, h, "a peer to see the new target", func() bool {
			got, ttl, err := reader.ResolveName(h.ctx(t), name)
			return err == nil && ttl > 0 && got.Key() == target.Key()
		})
	}
	return name
}

func resolves(t *testing.T, h Harness, n engine.Namer, name, want address.Address) {
	t.Helper()
	got, ttl, err := n.ResolveName(h.ctx(t), name)
	if err != nil || ttl <= 0 || got.Key() != want.Key() {
		t.Errorf("ResolveName(%v) = %v, %v, %v; want %v", name, got, ttl, err, want)
	}
}

func namesMove(t *testing.T, h Harness) {
	n := h.namer(t)
	reader, ok := h.reader(t, n).(engine.Namer)
	if !ok {
		t.Fatal("one engine implements engine.Namer, another does not")
	}
	key := ed25519.NewKeyFromSeed(Bytes(1, ed25519.SeedSize))
	one, two, three := publishOne(t, n, "one"), publishOne(t, n, "two"), publishOne(t, n, "three")
	name := point(t, h, n, reader, key, one)
	for _, target := range []address.Address{two, three, one} {
		if again := point(t, h, n, reader, key, target); again.Key() != name.Key() {
			t.Errorf("the name moved from %v to %v", name, again)
		}
	}
	other := point(t, h, n, reader, ed25519.NewKeyFromSeed(Bytes(2, ed25519.SeedSize)), two)
	if other.Key() == name.Key() {
		t.Error("two keys have one name")
	}
	resolves(t, h, n, name, one)
}

func namesAfterRestart(t *testing.T, h Harness) {
	if h.Reopen == nil {
		t.Skip("the harness cannot restart an engine")
	}
	n := h.namer(t)
	reader, ok := h.reader(t, n).(engine.Namer)
	if !ok {
		t.Fatal("one engine implements engine.Namer, another does not")
	}
	key := ed25519.NewKeyFromSeed(Bytes(3, ed25519.SeedSize))
	one, two := publishOne(t, n, "one"), publishOne(t, n, "two")
	point(t, h, n, reader, key, one)
	name := point(t, h, n, reader, key, two)
	n, ok = h.Reopen(t, n).(engine.Namer)
	if !ok {
		t.Fatal("the restarted engine does not implement engine.Namer")
	}
	resolves(t, h, n, name, two)
	h.connect(t, n, reader)
	point(t, h, n, reader, key, one) // only a sequence number above the last is believed
}

func describesItself(t *testing.T, h Harness) {
	s := h.serve(t, Tree())
	site := h.open(t, h.reader(t, s.by), s.address)
	if err := site.Complete(h.ctx(t)); err != nil {
		t.Fatal(err)
	}
	status := s.by.Status()
	if status.Listen == nil || status.Services == nil || status.Reachable == "" {
		t.Errorf("Status: %+v; lists are empty, not nil, and Reachable is said", status)
	}
	st, ok := s.by.Stats(s.address)
	if !ok || st.Folder != s.folder || st.Stored != st.Total || st.Peers == nil {
		t.Errorf("Stats of a published site: %+v, %v", st, ok)
	}
	if st.Disk > st.Total+1<<20 {
		t.Errorf("publishing %d bytes took %d on disk: the folder was copied", st.Total, st.Disk)
	}
}

func closedEngine(t *testing.T, h Harness) {
	s := h.serve(t, Tree())
	if err := s.by.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(h.ctx(t))
	defer cancel()
	if _, err := s.by.Open(ctx, s.address); err == nil {
		t.Error("Open after Close succeeded")
	}
	if _, err := s.site.FS(ctx).Open("one"); err == nil {
		t.Error("the files of a closed engine open")
	}
	if err := s.by.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
}

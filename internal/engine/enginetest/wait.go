package enginetest

import (
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
)

func foreignAddresses(t *testing.T, h Harness) {
	e := h.publisher(t)
	foreign := address.FromInfoHash([20]byte{1})
	if e.Network() == address.NetworkBitTorrent {
		var err error
		if foreign, err = address.Parse("ipfs://bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"); err != nil {
			t.Fatal(err)
		}
	}
	name, err := address.FromName("example.com")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []address.Address{{}, foreign, name} {
		if _, err := e.Open(h.ctx(t), a); fault.KindOf(err) != fault.Invalid {
			t.Errorf("Open(%v): %v; want an error of kind %s", a, err, fault.Invalid)
		}
		if _, ok := e.Stats(a); ok {
			t.Errorf("Stats(%v) knows it", a)
		}
	}
}

// unserved publishes with an engine that has no peers, so that nobody can open
// the address.
func (h Harness) unserved(t *testing.T) address.Address {
	t.Helper()
	folder := t.TempDir()
	Write(t, folder, map[string][]byte{"lonely": []byte("nobody has this\n")})
	a, _ := Publish(t, h.publisher(t), folder, engine.DraftOptions{})
	return a
}

func openWaits(t *testing.T, h Harness) {
	a := h.unserved(t)
	e := h.New(t)
	if _, ok := e.Stats(a); ok {
		t.Error("Stats knows an address nobody asked for")
	}
	ctx, cancel := context.WithCancel(h.ctx(t))
	failed := make(chan error, 1)
	go func() {
		s, err := e.Open(ctx, a)
		if err == nil {
			_ = s.Close()
		}
		failed <- err
	}()
	await(t, h, "Stats to tell what Open waits for", func() bool {
		s, ok := e.Stats(a)
		return ok && s.Waiting != ""
	})
	cancel()
	if err := receive(t, h, failed); fault.KindOf(err) != fault.Unreachable {
		t.Errorf("Open: %v (%s); want an error of kind %s", err, fault.KindOf(err), fault.Unreachable)
	}
	await(t, h, "Stats to forget it", func() bool {
		s, ok := e.Stats(a)
		return !ok || s.Waiting == ""
	})
}

// readWaits takes the file away from under the publisher: the reader knows the
// site and waits for bytes that nobody has.
func readWaits(t *testing.T, h Harness) {
	s := h.serve(t, Large())
	if err := os.Remove(filepath.Join(s.folder, filepath.FromSlash(BigName))); err != nil {
		t.Fatal(err)
	}
	site := h.open(t, h.reader(t, s.by), s.address)
	cause := errors.New("the person went away")
	ctx, cancel := context.WithCancelCause(h.ctx(t))
	failed := make(chan error, 1)
	go func() {
		f, err := site.FS(ctx).Open(BigName)
		if err == nil {
			_, err = io.Copy(io.Discard, f)
			_ = f.Close()
		}
		failed <- err
	}()
	select {
	case err := <-failed:
		t.Fatalf("the read ended by itself: %v", err)
	case <-time.After(100 * time.Millisecond): // not to wait for something, but to see that nothing comes
	}
	cancel(cause)
	if err := receive(t, h, failed); !errors.Is(err, cause) {
		t.Errorf("the read ended with %v; want the cause of its context", err)
	}
	// The site still works for others.
	if _, err := fs.ReadFile(site.FS(h.ctx(t)), "index.html"); err != nil {
		t.Errorf("after a cancelled read: %v", err)
	}
}

func unknownName(t *testing.T, h Harness) {
	n, ok := h.New(t).(engine.Namer)
	if !ok {
		t.Skip("the engine does not implement engine.Namer")
	}
	other := h.namer(t)
	a, err := other.PublishName(h.ctx(t), ed25519.NewKeyFromSeed(Bytes(9, ed25519.SeedSize)), publishOne(t, other, "one"))
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(h.ctx(t), 200*time.Millisecond)
	defer cancel()
	if target, _, err := n.ResolveName(ctx, a); fault.KindOf(err) != fault.Unreachable {
		t.Errorf("ResolveName = %v, %v; want an error of kind %s", target, err, fault.Unreachable)
	}
}

// await polls until ok, for what an engine tells nobody about.
func await(t *testing.T, h Harness, what string, ok func() bool) {
	t.Helper()
	ctx := h.ctx(t)
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// receive returns what comes from c.
func receive(t *testing.T, h Harness, c <-chan error) error {
	t.Helper()
	select {
	case err := <-c:
		return err
	case <-h.ctx(t).Done():
		t.Fatal("the call did not return")
		return nil
	}
}

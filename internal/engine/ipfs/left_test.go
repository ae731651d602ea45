package ipfs_test

import (
	"testing"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/enginetest"
)

// TestWhoServedIsKnownAfterTheyLeft: what came from a peer is still told when it
// is no longer connected.
func TestWhoServedIsKnownAfterTheyLeft(t *testing.T) {
	from, to := isolated(t), isolated(t)
	folder := t.TempDir()
	enginetest.Write(t, folder, enginetest.Tree())
	a, _ := enginetest.Publish(t, from, folder, engine.DraftOptions{})
	site, err := from.Open(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = site.Close() })
	connect(t, from, to)
	s, err := to.Open(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Complete(t.Context()); err != nil {
		t.Fatal(err)
	}
	before, _ := to.Stats(a)
	if len(before.Peers) != 1 || len(before.Left) != 0 {
		t.Fatalf("connected: %+v", before)
	}
	if err := from.Close(); err != nil {
		t.Fatal(err)
	}
	for t.Context().Err() == nil {
		after, _ := to.Stats(a)
		if len(after.Peers) == 1 {
			continue
		}
		if len(after.Left) != 1 || after.Left[0].ID != before.Peers[0].ID || after.Left[0].Downloaded != before.Peers[0].Downloaded {
			t.Errorf("%+v, before %+v", after.Left, before.Peers)
		}
		return
	}
}

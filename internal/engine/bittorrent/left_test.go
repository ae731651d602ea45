package bittorrent_test

import (
	"testing"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/enginetest"
)

// TestWhoServedIsKnownAfterTheyLeft: two that have all of a site hang up, and it
// is still told what came from whom.
func TestWhoServedIsKnownAfterTheyLeft(t *testing.T) {
	from, to := start(t, loopback(t)), start(t, loopback(t))
	files := enginetest.Tree()
	a, _, _ := publish(t, from, files, engine.DraftOptions{})
	a.Hints = hints(t, from.Engine)
	s := reads(t, to, a, files)
	if err := s.Complete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := from.Close(); err != nil {
		t.Fatal(err)
	}
	id := from.Status().PeerID
	waitFor(t, "the peer among those that left", func() bool {
		st, _ := to.Stats(a)
		return len(st.Peers) == 0 && len(st.Left) == 1
	})
	st, _ := to.Stats(a)
	if p := st.Left[0]; p.ID != id || p.Downloaded < st.Total || p.Downloaded > st.Downloaded || p.Kind != "tcp" {
		t.Errorf("of %d bytes: %+v", st.Total, p)
	}
}

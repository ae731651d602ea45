package bittorrent_test

import (
	"testing"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/enginetest"
)

// waiting opens a site that cannot be opened yet, for as long as the test runs.
func waiting(t *testing.T, n *node, a address.Address) <-chan error {
	t.Helper()
	done := make(chan error, 1)
	ctx := within(t, 60*time.Second)
	go func() {
		s, err := n.Open(ctx, a)
		if err == nil {
			t.Cleanup(func() { _ = s.Close() })
		}
		done <- err
	}()
	return done
}

// connected waits until the node has peers at a site.
func connected(t *testing.T, n *node, a address.Address, peers int) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		if st, _ := n.Stats(a); len(st.Peers) >= peers {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("no %d peers at %v", peers, a)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// elsewhere is the address of files as an engine gives it that nobody knows.
func elsewhere(t *testing.T, files map[string][]byte, o engine.DraftOptions) address.Address {
	t.Helper()
	q := start(t, loopback(t))
	a, _, _ := publish(t, q, files, o)
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	return a.Root()
}

// Two nodes meet before either knows more than the address. What one then gets,
// by whatever way, the other gets from it by the connection they have.
func TestMetBeforeAnyHadIt(t *testing.T) {
	files, o := enginetest.Large(), engine.DraftOptions{Hybrid: true} // a dictionary of some parts
	for name, first := range map[string]bool{"reader dials": false, "holder dials": true} {
		t.Run(name, func(t *testing.T) {
			a := elsewhere(t, files, o)
			p, r := start(t, loopback(t)), start(t, loopback(t))
			atP, atR := a, a
			if first {
				atP.Hints = hints(t, r.Engine)
			} else {
				atR.Hints = hints(t, p.Engine)
			}
			opened := waiting(t, r, atR)
			waiting(t, p, atP)
			connected(t, r, a, 1)
			connected(t, p, a, 1)
			if got, _, _ := publish(t, p, files, o); got.Key() != a.Key() {
				t.Fatalf("the same content has the address %v, then %v", a, got)
			}
			if err := <-opened; err != nil {
				t.Fatal(err)
			}
			reads(t, r, a, files)
		})
	}
}

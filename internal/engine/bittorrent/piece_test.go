package bittorrent_test

import (
	"testing"
	"time"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/enginetest"
)

// TestPiecesOfAHybrid takes the pieces of a hybrid torrent (BEP 52), whose files
// are padded to whole pieces (BEP 47): they verify with their padding.
func TestPiecesOfAHybrid(t *testing.T) {
	p := start(t, loopback(t))
	files := enginetest.Large()
	a, own, _ := publish(t, p, files, engine.DraftOptions{Hybrid: true})
	enginetest.CheckPieces(t, t.Context(), own.(engine.Piecer), files)
	r := start(t, loopback(t))
	a = a.Root()
	a.Hints = hints(t, p)
	s, err := r.Open(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // test
	enginetest.CheckPieces(t, within(t, 30*time.Second), s.(engine.Piecer), files)
}

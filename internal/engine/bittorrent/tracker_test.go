package bittorrent_test

import (
	"testing"
	"time"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/bittorrent"
	"github.com/kith-web/kith/internal/engine/enginetest"
)

// Trackers that an address names in an unusual form, which the wire library
// panics at, harm nobody; the same torrent is read with an honest one beside them.
func TestUnusualURLsOfTrackers(t *testing.T) {
	tracker := httpTracker(t)
	o := loopback(t)
	o.Trackers = []string{tracker}
	a, _, _ := publish(t, start(t, o), enginetest.Tree(), engine.DraftOptions{})
	a = a.Root()
	a.Hints.Trackers = []string{
		"http://user:password@127.0.0.1:9/announce", "udp://user@127.0.0.1:9", "http://127.0.0.1:9/#", "http://127.0.0.1:9/a b",
		"http://127.0.0.1:9/a#b", "http://127.0.0.1:9?", "http://127.0.0.1:9/%7e", "udp://127.0.0.1:9/#", "http://127.0.0.1:9/ä", "http://[::1%25lo]:9/",
		"udp://127.0.0.1", "udp://127.0.0.1:99999", tracker + "#fragment",
	}
	o = loopback(t)
	o.AllowLocal = true
	n := start(t, o)
	reads(t, n, a, enginetest.Tree())
	for _, u := range a.Hints.Trackers {
		alone := a
		alone.Hints.Trackers = []string{u}
		if _, err := n.Open(within(t, time.Minute), alone); err != nil {
			t.Errorf("%s: %v", u, err)
		}
	}
}

// FuzzTrackerURL: what is handed to the wire library is in its one form.
func FuzzTrackerURL(f *testing.F) {
	for _, u := range []string{"http://h/a", "HTTP://h", "http://u:p@h/", "http://h/#", "udp://h:1/a b", "http://h/%zz", "http://h?", "http:h", "//h", "http://[::1%25lo]/"} {
		f.Add(u)
	}
	f.Fuzz(bittorrent.CheckTrackerURL)
}

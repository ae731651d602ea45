package site_test

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/site"
)

func TestTheLeastRecentlyUsedAreRemoved(t *testing.T) {
	bubble(t, site.Options{CacheSize: 3000}, func(t *testing.T, w *world) {
		var list []address.Address
		for i := range 5 {
			a := w.publish(strings.Repeat(string(rune('a'+i)), 600)) // 600 + 1200, and the manifest
			list = append(list, a)
			w.reads(a, strings.Repeat(string(rune('a'+i)), 600))
			time.Sleep(time.Second)
		}
		if _, err := w.m.Pin(list[0], true); err != nil {
			t.Fatal(err)
		}
		using := w.open(list[1])
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		var kept []bool
		for _, a := range list {
			kept = append(kept, w.stored(a))
		}
		if want := []bool{true, true, false, false, false}; !slices.Equal(kept, want) {
			t.Errorf("on disk are %v, want the pinned and the used: %v", kept, want)
		}
		if n := len(w.m.Sites()); n != 2 {
			t.Errorf("%d are known", n)
		}
		using.Close()
	})
}

func TestSitesAreNotKnownWithoutNumber(t *testing.T) {
	bubble(t, site.Options{MaxSites: 2, CacheSize: -1}, func(t *testing.T, w *world) {
		var list []address.Address
		for i := range 4 {
			a := w.publish(string(rune('a' + i)))
			list = append(list, a)
			w.reads(a, string(rune('a'+i)))
			time.Sleep(time.Second)
		}
		w.reads(list[0], "a")
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		var kept []bool
		for _, a := range list {
			kept = append(kept, w.stored(a))
		}
		if want := []bool{true, false, false, true}; !slices.Equal(kept, want) {
			t.Errorf("kept are %v, want those used last: %v", kept, want)
		}
	})
}

func TestSitesThatShareContent(t *testing.T) {
	bubble(t, site.Options{}, func(t *testing.T, w *world) {
		a := w.publish("one")
		n := name(t, "example.com")
		w.names.set(n, time.Hour, a)
		w.reads(n, "one")
		w.reads(a, "one")
		if err := w.m.Remove(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		w.network.Hold()
		w.reads(a, "one")
		if err := w.m.Remove(t.Context(), a); err != nil || w.stored(a) || w.serves(a) {
			t.Errorf("stored %v, served %v, %v", w.stored(a), w.serves(a), err)
		}
		if err := w.m.Remove(t.Context(), a); fault.KindOf(err) != fault.NotFound {
			t.Errorf("removed twice: %v", err)
		}
	})
}

func TestRemovingWhatIsInUseOrLookedFor(t *testing.T) {
	bubble(t, site.Options{}, func(t *testing.T, w *world) {
		a := w.publish("one")
		h := w.open(a)
		if err := w.m.Remove(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		if _, err := fs.ReadFile(h.FS(t.Context()), "index.html"); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("read after removal: %v", err)
		}
		h.Close()
		w.network.Hold()
		result := make(chan error, 1)
		go func() {
			_, err := w.m.Open(t.Context(), a)
			result <- err
		}()
		synctest.Wait()
		if err := w.m.Remove(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		if err := <-result; fault.KindOf(err) != fault.Canceled && fault.KindOf(err) != fault.Unreachable {
			t.Errorf("%v", err)
		}
		w.network.Release()
		w.reads(a, "one")
	})
}

func TestModes(t *testing.T) {
	bubble(t, site.Options{}, func(t *testing.T, w *world) {
		a := w.publish("one")
		if _, err := w.m.SetMode(a, site.ModeApp, nil); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a site nobody knows: %v", err)
		}
		h := w.open(a)
		defer h.Close()
		if mode, _ := h.Mode(); mode != site.ModeSite || h.ClearOnNext() {
			t.Errorf("at first it is a %s", mode)
		}
		s, err := w.m.SetMode(a, site.ModeApp, []string{"https://API.example.org", "wss://b.example:8443/", "https://api.example.org"})
		if want := []string{"https://api.example.org", "wss://b.example:8443"}; err != nil || s.Mode != site.ModeApp || !slices.Equal(s.Allow, want) {
			t.Fatalf("%+v, %v", s, err)
		}
		if mode, allow := h.Mode(); mode != site.ModeApp || len(allow) != 2 {
			t.Errorf("the handle says %s, %v", mode, allow)
		}
		if !h.ClearOnNext() || h.ClearOnNext() {
			t.Error("storage is not cleared exactly once")
		}
		if _, err := w.m.SetMode(a, site.ModeApp, nil); err != nil || h.ClearOnNext() {
			t.Errorf("the mode did not change, but storage is cleared; %v", err)
		}
		for _, bad := range []string{
			"", "*", "https://", "https://*.example.org", "https://a b", "https://a/path", "https://a;script-src", "https://a?q", "https://a#",
			"data:x", "https://user@a", "'self'", "https://a, https://b", "https://a:", "javascript:alert(1)", "a.example.org",
		} {
			if _, err := w.m.SetMode(a, site.ModeApp, []string{bad}); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%q is allowed: %v", bad, err)
			}
		}
		if _, err := w.m.SetMode(a, "page", nil); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%v", err)
		}
	})
}

// TestAnAppsStorageDoesNotOutliveIt: whoever removes an app and opens it as a
// page must not hand the page what the app knew.
func TestAnAppsStorageDoesNotOutliveIt(t *testing.T) {
	bubble(t, site.Options{CacheSize: 1}, func(t *testing.T, w *world) {
		a := w.publish("one")
		w.reads(a, "one")
		if _, err := w.m.SetMode(a, site.ModeApp, nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if w.stored(a) || len(w.m.Sites()) != 0 {
			t.Fatal("not removed to make room")
		}
		h := w.open(a)
		if mode, _ := h.Mode(); mode != site.ModeApp || !h.ClearOnNext() {
			t.Errorf("removed to make room, it became a %s", mode)
		}
		h.Close()
		if _, err := w.m.Pin(a, true); err != nil {
			t.Fatal(err)
		}
		if err := w.m.Remove(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		w.kill()
		w.start(site.Options{})
		time.Sleep(time.Hour)
		synctest.Wait()
		if w.serves(a) || len(w.m.Sites()) != 0 {
			t.Error("a removed site came back by itself")
		}
		h = w.open(a)
		defer h.Close()
		if mode, _ := h.Mode(); mode != site.ModeSite || !h.ClearOnNext() {
			t.Errorf("removed by the person, it is a %s whose storage stays", mode)
		}
	})
}

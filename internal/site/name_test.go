package site_test

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/memory"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/site"
)

func TestANameIsOpenedFromTheNetworkThatAnswers(t *testing.T) {
	home := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		torrents := memory.NewNetwork()
		w := &world{t: t, network: memory.NewNetwork(), disk: memory.NewDisk(), home: home, names: &names{at: map[string]site.Resolved{}}}
		w.origin = w.newEngine(memory.Options{ID: "origin"})
		other, err := memory.New(memory.Options{Network: torrents, As: address.NetworkBitTorrent, ID: "seeder"})
		if err != nil {
			t.Fatal(err)
		}
		a, b := w.publish("from ipfs"), w.publishAt(other, "from bittorrent")
		own, err := memory.New(memory.Options{Network: torrents, As: address.NetworkBitTorrent, ID: "node"})
		if err != nil {
			t.Fatal(err)
		}
		ipfs := w.newEngine(memory.Options{ID: "node", Disk: w.disk})
		w.start(site.Options{Engines: []engine.Engine{ipfs, own}, HeadStart: 300 * time.Millisecond})
		for i, c := range []struct {
			held *memory.Network
			want string
			took time.Duration
		}{
			{nil, "from ipfs", 0},
			{w.network, "from bittorrent", 300 * time.Millisecond},
		} {
			n := name(t, string(rune('a'+i))+".example.com")
			w.names.set(n, time.Hour, a, b)
			if c.held != nil {
				if err := w.m.Remove(t.Context(), name(t, "a.example.com")); err != nil {
					t.Fatal(err)
				}
				c.held.Hold()
			}
			start := time.Now()
			w.reads(n, c.want)
			if took := time.Since(start); took != c.took {
				t.Errorf("%s after %s, want %s", c.want, took, c.took)
			}
		}
		// The one that came too late is not left open.
		w.network.Release()
		synctest.Wait()
		if s, _ := w.origin.Stats(a); len(s.Peers) != 0 {
			t.Errorf("the loser is open: %+v", s.Peers)
		}
		if s := w.state(name(t, "b.example.com")); s.Network != address.NetworkBitTorrent {
			t.Errorf("%+v", s)
		}
		w.stop()
		_, _, _ = ipfs.Close(), own.Close(), other.Close()
	})
}

// stubborn is an engine that opens a site late, even for one who left.
type stubborn struct {
	*memory.Engine
	late time.Duration
}

func (s stubborn) Open(_ context.Context, a address.Address) (engine.Site, error) {
	time.Sleep(s.late)
	return s.Engine.Open(context.Background(), a)
}

func TestWhoComesTooLateIsTurnedAway(t *testing.T) {
	home := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		torrents, err := memory.New(memory.Options{As: address.NetworkBitTorrent})
		if err != nil {
			t.Fatal(err)
		}
		w := &world{t: t, network: memory.NewNetwork(), disk: memory.NewDisk(), home: home, names: &names{at: map[string]site.Resolved{}}}
		w.origin = w.newEngine(memory.Options{ID: "origin"})
		a, b := w.publish("late"), w.publishAt(torrents, "in time")
		late := w.newEngine(memory.Options{ID: "node", Disk: w.disk})
		w.start(site.Options{Engines: []engine.Engine{stubborn{late, time.Minute}, torrents}})
		n := name(t, "example.com")
		w.names.set(n, time.Hour, a, b)
		w.reads(n, "in time")
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if w.serves(a) {
			t.Error("what came too late stays open")
		}
		w.stop()
		_, _, _ = late.Close(), torrents.Close(), w.origin.Close()
	})
}

func TestANetworkThatFailsLetsTheNextGoAtOnce(t *testing.T) {
	bubble(t, site.Options{HeadStart: time.Hour}, func(t *testing.T, w *world) {
		a := w.publish("one")
		n := name(t, "example.com")
		w.names.set(n, time.Hour, name(t, "wtp://c12fe1c06bba254a9dc9f519b335aa7c1367a88a"), a)
		start := time.Now()
		w.reads(n, "one")
		if time.Since(start) != 0 {
			t.Errorf("waited %s for an engine that is off", time.Since(start))
		}
		if _, err := w.m.Open(t.Context(), name(t, "wtp://c12fe1c06bba254a9dc9f519b335aa7c1367a88a")); fault.KindOf(err) != fault.Unsupported {
			t.Errorf("%v", err)
		}
	})
}

func TestANameThatMovesIsFollowed(t *testing.T) {
	bubble(t, site.Options{}, func(t *testing.T, w *world) {
		a, b := w.publish("one"), w.publish("two")
		n := name(t, "example.com")
		w.names.set(n, 10*time.Minute, a)
		w.reads(n, "one")
		h := w.open(n)
		asked := w.names.asked
		w.names.set(n, 10*time.Minute, b)
		time.Sleep(9 * time.Minute)
		w.reads(n, "one")
		if w.names.asked != asked {
			t.Error("asked before the answer expired")
		}
		time.Sleep(2 * time.Minute)
		w.reads(n, "one") // and looks for the next one in the background
		synctest.Wait()
		w.reads(n, "two")
		if got, err := fs.ReadFile(h.FS(t.Context()), "index.html"); err != nil || string(got) != "one" {
			t.Errorf("a page being read changed to %q, %v", got, err)
		}
		if !w.serves(a) {
			t.Error("closed while somebody reads it")
		}
		h.Close()
		time.Sleep(time.Minute)
		synctest.Wait()
		if w.serves(a) || w.stored(a) || !w.serves(b) {
			t.Errorf("old: served %v, stored %v; new: served %v", w.serves(a), w.stored(a), w.serves(b))
		}
	})
}

func TestAPinnedNameFollowsUnused(t *testing.T) {
	bubble(t, site.Options{}, func(t *testing.T, w *world) {
		a, b := w.publish("one"), w.publish("two")
		n := name(t, "example.com")
		w.names.set(n, 10*time.Minute, a)
		if _, err := w.m.Pin(n, true); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		w.names.set(n, time.Hour, b)
		w.network.Hold()
		time.Sleep(11 * time.Minute)
		if !w.serves(a) {
			t.Error("the old one is gone before the new one is there")
		}
		w.network.Pass(1) // enough to open it, not to complete it
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		if s := w.state(n); s.Target.Key() != b.Key() || !w.stored(a) {
			t.Errorf("the old one is gone (%v) before the new one is complete: %+v", !w.stored(a), s)
		}
		w.network.Release()
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		if s := w.state(n); s.Target.Key() != b.Key() || s.Stats.Have != s.Stats.Pieces || w.stored(a) {
			t.Errorf("old stored %v, now %+v", w.stored(a), s)
		}
	})
}

func TestANameThatCannotBeLookedUpIsReadFromWhereItWas(t *testing.T) {
	bubble(t, site.Options{SeedFor: time.Minute}, func(t *testing.T, w *world) {
		a := w.publish("one")
		n := name(t, "example.com")
		w.names.set(n, time.Minute, a)
		w.reads(n, "one")
		w.names.fail(fault.New(fault.Unreachable, "offline"))
		w.network.Hold()
		time.Sleep(time.Hour)
		w.reads(n, "one")
		if s := w.state(n); !s.Stale {
			t.Errorf("%+v", s)
		}
		time.Sleep(time.Hour)
		w.names.fail(nil)
		if _, err := w.m.Open(t.Context(), n); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a name that is gone: %v", err)
		}
		if s := w.state(n); s.Error == "" || s.State != site.StateClosed {
			t.Errorf("%+v", s)
		}
	})
}

func TestAFolderOfASite(t *testing.T) {
	bubble(t, site.Options{}, func(t *testing.T, w *world) {
		target := w.publish("x")
		target.Path = "/a"
		n := name(t, "example.com")
		w.names.set(n, time.Hour, target)
		h := w.open(n)
		defer h.Close()
		files := h.FS(t.Context())
		if got, err := fs.ReadFile(files, "b.txt"); err != nil || string(got) != "xx" {
			t.Errorf("%q, %v", got, err)
		}
		if list, err := fs.ReadDir(files, "."); err != nil || len(list) != 1 || list[0].Name() != "b.txt" {
			t.Errorf("%v, %v", list, err)
		}
		if info, err := fs.Stat(files, "b.txt"); err != nil || info.Size() != 2 {
			t.Errorf("%v, %v", info, err)
		}
		for _, climb := range []string{"../index.html", "/b.txt", "index.html"} {
			if _, err := files.Open(climb); err == nil {
				t.Errorf("%s was opened", climb)
			}
		}
	})
}

func TestANameOfWhatWasPublishedAgainMovesAtOnce(t *testing.T) {
	bubble(t, site.Options{}, func(t *testing.T, w *world) {
		a, b := w.publishAt(w.engine, "one"), w.publishAt(w.engine, "two")
		n, pinned := name(t, "example.com"), name(t, "pinned.example.com")
		for _, x := range []address.Address{n, pinned} {
			w.names.set(x, time.Hour, a)
			w.reads(x, "one")
		}
		if _, err := w.m.Pin(pinned, true); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.m.Keep(t.Context(), a, "x"), w.m.Keep(t.Context(), b, "x")); err != nil {
			t.Fatal(err)
		}
		w.names.set(n, time.Hour, b)
		w.names.set(pinned, time.Hour, b)
		if err := w.m.Release(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if s := w.state(pinned); s.State != site.StateOpen || s.Target.Key() != b.Key() {
			t.Errorf("%+v", s)
		}
		w.reads(n, "two")
		slices.Sort(w.names.forgotten)
		if !slices.Equal(w.names.forgotten, []string{"example.com", "pinned.example.com"}) {
			t.Errorf("forgotten are %v", w.names.forgotten)
		}
	})
}

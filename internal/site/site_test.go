package site_test

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/memory"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/site"
)

func TestASiteIsServedForAWhileAfterItsLastUse(t *testing.T) {
	bubble(t, site.Options{SeedFor: 30 * time.Minute}, func(t *testing.T, w *world) {
		a := w.publish("one")
		w.reads(a, "one")
		if s := w.state(a); s.State != site.StateOpen || time.Until(s.SeededUntil) != 30*time.Minute || s.Label == "" || s.Target.Key() != a.Key() {
			t.Errorf("%+v", s)
		}
		time.Sleep(29 * time.Minute)
		w.reads(a, "one")
		time.Sleep(29 * time.Minute)
		if !w.serves(a) {
			t.Error("not served any more although it was used again")
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if s := w.state(a); w.serves(a) || s.State != site.StateClosed || !s.SeededUntil.IsZero() {
			t.Errorf("still served: %+v", s)
		}
		w.network.Hold()
		w.reads(a, "one")
		if !w.serves(a) {
			t.Error("not served although it was opened, from the disk alone")
		}
	})
}

func TestASiteInUseStaysOpen(t *testing.T) {
	bubble(t, site.Options{SeedFor: time.Minute}, func(t *testing.T, w *world) {
		a := w.publish("one")
		h := w.open(a)
		time.Sleep(time.Hour)
		if s := w.state(a); !w.serves(a) || !s.SeededUntil.IsZero() {
			t.Errorf("%+v", s)
		}
		h.Close()
		h.Close()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if w.serves(a) {
			t.Error("served without end")
		}
	})
}

func TestSitesSurviveARestart(t *testing.T) {
	bubble(t, site.Options{SeedFor: 30 * time.Minute}, func(t *testing.T, w *world) {
		old, recent, pinned := w.publish("old"), w.publish("recent"), w.publish("pinned")
		w.reads(old, "old")
		w.reads(pinned, "pinned")
		if _, err := w.m.Pin(pinned, true); err != nil {
			t.Fatal(err)
		}
		time.Sleep(29 * time.Minute)
		w.reads(recent, "recent")
		time.Sleep(50 * time.Minute)
		w.reads(recent, "recent")
		w.stop()
		time.Sleep(10 * time.Minute)
		w.network.Hold()
		w.start(site.Options{SeedFor: 30 * time.Minute})
		synctest.Wait()
		if w.serves(old) || !w.serves(recent) || !w.serves(pinned) {
			t.Errorf("served: old %v, recent %v, pinned %v", w.serves(old), w.serves(recent), w.serves(pinned))
		}
		if s := w.state(recent); time.Until(s.SeededUntil) != 20*time.Minute {
			t.Errorf("recent is served for %s more", time.Until(s.SeededUntil))
		}
		if list := w.m.Sites(); len(list) != 3 || list[0].Address.Key() != recent.Key() {
			t.Errorf("%+v", list)
		}
		w.reads(old, "old")
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if !w.serves(pinned) || w.serves(recent) {
			t.Error("after a day, not just the pinned one is served")
		}
	})
}

func TestAKilledNodeForgetsNothingPinned(t *testing.T) {
	bubble(t, site.Options{}, func(t *testing.T, w *world) {
		a, b := w.publish("one"), w.publish("two")
		w.reads(b, "two")
		if _, err := w.m.Pin(a, true); err != nil { // not open yet
			t.Fatal(err)
		}
		w.kill()
		w.start(site.Options{})
		synctest.Wait()
		if s := w.state(a); !s.Pinned || s.State != site.StateOpen || s.Stats.Have != s.Stats.Pieces {
			t.Errorf("%+v", s)
		}
		if s := w.state(b); s.State != site.StateOpen {
			t.Errorf("%+v", s)
		}
	})
}

func TestPinCompletesOnceThereArePeers(t *testing.T) {
	bubble(t, site.Options{}, func(t *testing.T, w *world) {
		a := w.publish("one")
		w.network.Hold()
		s, err := w.m.Pin(a, true)
		if err != nil || s.State != site.StateOpening || !s.Pinned {
			t.Fatalf("%+v, %v", s, err)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if s := w.state(a); s.State == site.StateOpen || !strings.Contains(s.Error, "not found in") && s.State == site.StateClosed {
			t.Errorf("%+v", s)
		}
		w.network.Release()
		time.Sleep(time.Hour)
		synctest.Wait()
		if s := w.state(a); s.State != site.StateOpen || s.Stats.Have != s.Stats.Pieces || s.Error != "" || !s.Retry.IsZero() {
			t.Errorf("%+v", s)
		}
		if s, err := w.m.Pin(a, false); err != nil || s.Pinned {
			t.Errorf("%+v, %v", s, err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if w.serves(a) {
			t.Error("served although it is not pinned any more")
		}
	})
}

func TestLookingForASiteOutlivesWhoAskedFirst(t *testing.T) {
	bubble(t, site.Options{OpenTimeout: 2 * time.Minute}, func(t *testing.T, w *world) {
		a := w.publish("one")
		w.network.Hold()
		var group sync.WaitGroup
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		group.Go(func() {
			if _, err := w.m.Open(ctx, a); fault.KindOf(err) != fault.Unreachable || !strings.Contains(err.Error(), "looking for peers") {
				t.Errorf("the first: %v", err)
			}
		})
		group.Go(func() { w.reads(a, "one") })
		time.Sleep(10 * time.Minute) // longer than OpenTimeout: somebody waits
		if s := w.state(a); s.State != site.StateOpening || s.Stats.Waiting != "looking for peers" {
			t.Errorf("%+v", s)
		}
		w.network.Release()
		group.Wait()
	})
}

func TestLookingForASiteEndsAWhileAfterTheLastLeft(t *testing.T) {
	bubble(t, site.Options{OpenTimeout: 2 * time.Minute, SeedFor: 30 * time.Minute}, func(t *testing.T, w *world) {
		a := w.publish("one")
		w.network.Hold()
		for range 2 {
			ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
			if _, err := w.m.Open(ctx, a); fault.KindOf(err) != fault.Unreachable {
				t.Error(err)
			}
			cancel()
		}
		time.Sleep(119 * time.Second)
		if s := w.state(a); s.State != site.StateOpening {
			t.Errorf("given up too early: %+v", s)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if s := w.state(a); s.State != site.StateClosed || !strings.Contains(s.Error, "not found in 2m0s") {
			t.Errorf("%+v", s)
		}
		// What nobody ever saw is forgotten.
		time.Sleep(31 * time.Minute)
		synctest.Wait()
		if list := w.m.Sites(); len(list) != 0 {
			t.Errorf("%+v", list)
		}
	})
}

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

func TestARowThatCannotBeReadIsLeftAlone(t *testing.T) {
	bubble(t, site.Options{}, func(t *testing.T, w *world) {
		a := w.publish("one")
		if _, err := w.m.Pin(a, true); err != nil {
			t.Fatal(err)
		}
		bucket, err := w.store.Bucket("site")
		if err != nil {
			t.Fatal(err)
		}
		rows := map[string][]byte{
			"site/example.com": []byte("{"), "site/a.example.com": []byte(`{"address":"b.example.com"}`), "site/": nil,
			"site/c.example.com": []byte(`{"address":"c.example.com","mode":"other","target":"d.example.com","lastUsed":"9999-01-01T00:00:00Z"}`),
		}
		if err := bucket.Apply(rows, nil); err != nil {
			t.Fatal(err)
		}
		w.stop()
		w.start(site.Options{})
		synctest.Wait()
		if s := w.state(a); s.State != site.StateOpen {
			t.Errorf("%+v", s)
		}
		if s := w.state(name(t, "c.example.com")); s.Mode != site.ModeSite || s.Target.Valid() || s.LastUsed.After(time.Now()) {
			t.Errorf("%+v", s)
		}
		if bucket, err = w.store.Bucket("site"); err != nil {
			t.Fatal(err)
		}
		if got, err := bucket.Get("site/example.com"); err != nil || string(got) != "{" {
			t.Errorf("%q, %v", got, err)
		}
	})
}

func TestASiteThatWasLongLookedForIsThereForWhoWaits(t *testing.T) {
	bubble(t, site.Options{SeedFor: time.Minute}, func(t *testing.T, w *world) {
		a := w.publish("one")
		w.network.Hold()
		time.AfterFunc(time.Hour, w.network.Release)
		w.reads(a, "one")
		if s := w.state(a); s.State != site.StateOpen || time.Until(s.SeededUntil) != time.Minute {
			t.Errorf("%+v", s)
		}
	})
}

func TestNotSeedingAtAll(t *testing.T) {
	bubble(t, site.Options{SeedFor: -1}, func(t *testing.T, w *world) {
		a := w.publish("one")
		h := w.open(a)
		time.Sleep(time.Minute)
		if !w.serves(a) {
			t.Error("closed while in use")
		}
		h.Close()
		time.Sleep(time.Minute)
		synctest.Wait()
		if w.serves(a) {
			t.Error("served after its use")
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

func TestPublishedSites(t *testing.T) {
	bubble(t, site.Options{SeedFor: time.Minute, CacheSize: 1}, func(t *testing.T, w *world) {
		a := w.publishAt(w.engine, "mine")
		if err := w.m.Keep(t.Context(), a, "My site"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		s := w.state(a)
		if !s.Published || !s.Pinned || s.Name != "My site" || s.State != site.StateOpen || s.Stats.Folder == "" {
			t.Errorf("%+v", s)
		}
		for _, err := range []error{
			w.m.Remove(t.Context(), a),
			func() error { _, err := w.m.Pin(a, false); return err }(),
		} {
			if fault.KindOf(err) != fault.Conflict {
				t.Errorf("%v", err)
			}
		}
		w.kill()
		w.start(site.Options{SeedFor: time.Minute})
		synctest.Wait()
		if s := w.state(a); !s.Published || s.State != site.StateOpen {
			t.Errorf("after a restart: %+v", s)
		}
		if err := w.m.Release(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		if _, known := w.m.Progress(a); known || w.stored(a) {
			t.Errorf("released: known %v, stored %v", known, w.stored(a))
		}
		if err := w.m.Release(t.Context(), a); err != nil {
			t.Errorf("released twice: %v", err)
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

func TestSubscribersHearOfChanges(t *testing.T) {
	bubble(t, site.Options{}, func(t *testing.T, w *world) {
		a := w.publish("one")
		changed, cancel := w.m.Subscribe()
		w.reads(a, "one")
		if _, err := w.m.Pin(a, true); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(changed) != 1 {
			t.Errorf("%d events for many changes", len(changed))
		}
		<-changed
		for range 10 {
			w.reads(a, "one")
		}
		if len(changed) != 0 {
			t.Error("reading is no change")
		}
		cancel()
		_, _ = w.m.Pin(a, false)
		if len(changed) != 0 {
			t.Error("told after cancel")
		}
	})
}

func TestWhatCannotBeOpened(t *testing.T) {
	bubble(t, site.Options{MaxOpening: 2}, func(t *testing.T, w *world) {
		for in, want := range map[string]fault.Kind{"x.torrent": fault.Invalid, "nearby:7abc": fault.Unsupported, "example.com": fault.NotFound} {
			if _, err := w.m.Open(t.Context(), name(t, in)); fault.KindOf(err) != want {
				t.Errorf("%s: %v, want %s", in, err, want)
			}
		}
		if _, err := w.m.Open(t.Context(), address.Address{}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%v", err)
		}
		a, b, c := w.publish("one"), w.publish("two"), w.publish("three")
		w.network.Hold()
		for _, x := range []address.Address{a, b, a} {
			if s, err := w.m.Begin(x); err != nil || s.State != site.StateOpening {
				t.Errorf("%+v, %v", s, err)
			}
		}
		// Whom nobody waits for gives way; who is waited for does not.
		go func() { _, _ = w.m.Open(t.Context(), b) }()
		synctest.Wait()
		time.Sleep(time.Second)
		go func() { _, _ = w.m.Open(t.Context(), c) }()
		synctest.Wait()
		for _, x := range []address.Address{a, b, c} {
			if s, want := w.state(x), x.ID() != a.ID(); (s.State == site.StateOpening) != want || (s.Error == "") != want {
				t.Errorf("%+v", s)
			}
		}
		if _, err := w.m.Begin(a); fault.KindOf(err) != fault.RateLimited {
			t.Errorf("one more: %v", err)
		}
	})
}

func TestManyAtOnce(t *testing.T) {
	bubble(t, site.Options{SeedFor: time.Second, Flush: 50 * time.Millisecond, Grace: 1, CacheSize: 100}, func(t *testing.T, w *world) {
		var list []address.Address
		for i := range 8 {
			list = append(list, w.publish(string(rune('a'+i))))
		}
		n := name(t, "example.com")
		w.names.set(n, 10*time.Millisecond, list[0])
		var group sync.WaitGroup
		for i := range 16 {
			group.Go(func() {
				for j := range 60 {
					k := (i*7 + j*3) % len(list)
					a := list[k]
					if j%10 == 0 {
						a = n
						w.names.set(n, 10*time.Millisecond, list[k])
					}
					h, err := w.m.Open(t.Context(), a)
					if err != nil {
						if j%5 != 0 && fault.KindOf(err) != fault.Canceled && !errors.Is(err, fs.ErrClosed) {
							t.Errorf("%v", err)
						}
						continue
					}
					_, _ = fs.ReadFile(h.FS(t.Context()), "index.html")
					time.Sleep(time.Duration(i*j) * time.Millisecond)
					h.Close()
					if j%17 == 0 {
						_ = w.m.Remove(t.Context(), a)
					}
					if j%13 == 0 {
						_, _ = w.m.Pin(a, j%2 == 0)
					}
					w.m.Sites()
				}
			})
		}
		group.Wait()
		for _, s := range w.m.Sites() {
			_, _ = w.m.Pin(s.Address, false)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		for _, a := range list {
			if w.serves(a) {
				t.Errorf("%s is served still", a)
			}
		}
	})
}

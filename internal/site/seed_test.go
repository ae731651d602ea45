package site_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

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

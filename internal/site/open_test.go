package site_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/site"
)

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

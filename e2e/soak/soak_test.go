package soak

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
)

// envWhole asks for all of it, which takes minutes.
const envWhole = "KITH_SOAK"

// Somebody busy does something every five seconds, for eight hours.
const (
	wholeActions = 8 * 60 * 60 / 5
	shortActions = 150
	samples      = 24 // taken at equal distances
	hands        = 4  // that act at the same time
)

// bounds are how much more the last quarter may have than the second; the first is
// to warm up.
type bounds struct {
	// goroutines and fds are what may be under way or idle when a sample is taken: a
	// connection each to a peer, a relay or a client that was just closed.
	goroutines, fds float64
	// heap and rss are shares. The heap after a collection holds caches of fixed size
	// and what has to be remembered of each message for weeks, some hundred octets.
	// What is resident is what the allocator took from the system at the busiest
	// moment, too.
	heap, rss float64
	// spare is the same in octets, for a heap that is small.
	spare float64
}

var (
	whole = func() bounds { return bounds{goroutines: 12, fds: 8, heap: 0.10, rss: 0.20, spare: 1 << 20} }
	// short has hardly warmed up: what is opened first is still being kept.
	short = func() bounds { return bounds{goroutines: 24, fds: 16, heap: 0.25, rss: 0.35, spare: 4 << 20} }
)

func TestEightHours(t *testing.T) {
	if runtime.GOOS != "linux" {
		harness.Skip(t, "what a process holds is read from /proc")
	}
	n, limits := shortActions, short()
	if os.Getenv(envWhole) != "" {
		n, limits = wholeActions, whole()
	}
	w := newWorld(t)
	taken := map[string][]sample{}
	began := time.Now()
	var next atomic.Int64
	for part := range samples {
		until := int64(n * (part + 1) / samples)
		var all sync.WaitGroup
		for h := range w.hands {
			all.Go(func() {
				for next.Add(1) <= until {
					w.hands[h].act()
				}
			})
		}
		all.Wait()
		next.Store(until)
		if part%6 == 3 {
			w.restartRelay()
		}
		for name, p := range w.watched() {
			taken[name] = append(taken[name], p.sample(t))
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d actions in %s: %v", n, time.Since(began).Round(time.Second), w.counts())
	w.logSites()
	for _, name := range []string{"the node", "its friend's", "the relay"} {
		t.Log(table(name, taken[name]))
		for _, wrong := range limits.judge(taken[name]) {
			t.Errorf("%s: %s", name, wrong)
		}
	}
}

// judge compares the second quarter with the last by their medians, and says what
// grew.
func (b bounds) judge(all []sample) (wrong []string) {
	q := len(all) / 4
	early, late := all[q:2*q], all[3*q:]
	grew := func(what string, of func(sample) float64, share, more float64) {
		from, to := median(early, of), median(late, of)
		if to > from*(1+share)+more {
			wrong = append(wrong, fmt.Sprintf("%s: %.0f in the second quarter, %.0f in the last", what, from, to))
		}
	}
	grew("goroutines", func(s sample) float64 { return s.goroutines }, 0, b.goroutines)
	grew("file descriptors", func(s sample) float64 { return s.fds }, 0, b.fds)
	grew("heap", func(s sample) float64 { return s.heap }, b.heap, b.spare)
	grew("resident memory", func(s sample) float64 { return s.rss }, b.rss, b.spare)
	return wrong
}

func median(all []sample, of func(sample) float64) float64 {
	var v []float64
	for _, s := range all {
		v = append(v, of(s))
	}
	slices.Sort(v)
	return v[len(v)/2]
}

// TestALeakIsFound: the soak can fail.
func TestALeakIsFound(t *testing.T) {
	flat, leaky := make([]sample, samples), make([]sample, samples)
	for i := range samples {
		flat[i] = sample{goroutines: float64(100 + i%7), fds: float64(40 + i%5), heap: 30e6 + float64(i%3)*1e6, rss: 90e6}
		leaky[i] = flat[i]
		leaky[i].goroutines += float64(2 * i)
		leaky[i].fds += float64(i)
		leaky[i].heap += 0.5e6 * float64(i)
		leaky[i].rss += 2e6 * float64(i)
	}
	if wrong := whole().judge(flat); len(wrong) != 0 {
		t.Errorf("what is flat was refused: %v", wrong)
	}
	if wrong := whole().judge(leaky); len(wrong) != 4 {
		t.Errorf("of four leaks were found: %v", wrong)
	}
}

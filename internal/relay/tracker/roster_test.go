package tracker

import (
	"math/rand/v2"
	"testing"
)

// TestARosterIsAMap plays random operations on a roster and on a map.
func TestARosterIsAMap(t *testing.T) {
	var r roster[int, int]
	model := map[int]struct {
		val  int
		seed bool
	}{}
	rng := rand.New(rand.NewPCG(1, 2))
	for step := range 20_000 {
		span := 10 + step%200 // grows past the index and shrinks again
		k, seed := rng.IntN(span), rng.IntN(3) == 0
		switch i := r.find(k); {
		case i < 0:
			if _, known := model[k]; known {
				t.Fatalf("step %d: %d is lost", step, k)
			}
			r.add(k, step, seed)
			model[k] = struct {
				val  int
				seed bool
			}{step, seed}
		case rng.IntN(2) == 0:
			r.remove(i)
			delete(model, k)
		default:
			r.mark(i, seed)
			m := model[k]
			m.seed = seed
			model[k] = m
		}
		if step%500 == 0 {
			r.shrink()
		}
		if len(r.items) != len(model) {
			t.Fatalf("step %d: %d peers, want %d", step, len(r.items), len(model))
		}
	}
	for k, want := range model {
		i := r.find(k)
		if i < 0 || r.items[i].val != want.val || (i < r.seeds) != want.seed {
			t.Errorf("peer %d: at %d of %d seeds, want %+v", k, i, r.seeds, want)
		}
	}
	for k := range model {
		r.remove(r.find(k))
	}
	if r.shrink(); r.items != nil || r.index != nil || r.seeds != 0 {
		t.Errorf("an empty roster holds memory: %+v", r)
	}
}

func TestASampleIsFairAndWithoutRepeats(t *testing.T) {
	var r roster[int, int]
	const peers, seeds, rounds = 100, 30, 20_000
	for k := range peers {
		r.add(k, 0, k < seeds)
	}
	times := map[int32]int{}
	for range rounds {
		seen := map[int32]bool{}
		for _, i := range r.sample(nil, 10, false) {
			if seen[i] {
				t.Fatalf("peer %d twice in one sample", i)
			}
			seen[i] = true
			times[i]++
		}
		if len(seen) != 10 {
			t.Fatalf("%d peers, want 10", len(seen))
		}
	}
	for i := range int32(peers) { // 2000 expected each, standard deviation 42
		if n := times[i]; n < 1700 || n > 2300 {
			t.Errorf("peer %d was picked %d times of about 2000", i, n)
		}
	}
	for _, i := range r.sample(nil, 50, true) {
		if int(i) < r.seeds {
			t.Error("a seed among leechers")
		}
	}
	if n := len(r.sample(nil, 200, true)); n != peers-seeds {
		t.Errorf("%d leechers, want all %d", n, peers-seeds)
	}
	if n := len((&roster[int, int]{}).sample(nil, 5, false)); n != 0 {
		t.Errorf("%d peers out of none", n)
	}
}

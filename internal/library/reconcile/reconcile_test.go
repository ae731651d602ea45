package reconcile_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/kith-web/kith/internal/library/reconcile"
)

func element(r *rand.Rand) (e reconcile.Element) {
	for i := range e {
		e[i] = byte(r.Uint32())
	}
	return e
}

// meet has two sets talk until both are equal, and returns what was said.
func meet(t testing.TB, r *rand.Rand, a, b *reconcile.Set, l reconcile.Limits) (octets, messages int) {
	t.Helper()
	for round := range 500 {
		salt := []byte(fmt.Sprint("round ", round))
		sets := [2]*reconcile.Set{a, b}
		message, to := a.Open(), 1
		for len(message) > 0 {
			octets, messages = octets+len(message), messages+1
			reply, err := sets[to].Answer(salt, message, l)
			if err != nil {
				t.Fatal(err)
			}
			if reply.Equal {
				return octets, messages
			}
			for _, e := range reply.Send {
				sets[1-to].Add(e)
				octets += len(e)
			}
			message, to = reply.Message, 1-to
			if r != nil && r.IntN(20) == 0 {
				break // lost
			}
		}
	}
	t.Fatal("they do not come to an end")
	return 0, 0
}

func sets(r *rand.Rand, common, onlyA, onlyB int) (a, b *reconcile.Set) {
	a, b = reconcile.New(), reconcile.New()
	for range common {
		e := element(r)
		a.Add(e)
		b.Add(e)
	}
	for range onlyA {
		a.Add(element(r))
	}
	for range onlyB {
		b.Add(element(r))
	}
	return a, b
}

// TestSetsBecomeTheirUnion is the property: whatever two sets hold, and whichever
// messages are lost, both hold the union in the end.
func TestSetsBecomeTheirUnion(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range [][3]int{
		{0, 0, 0},
		{0, 1, 0},
		{0, 0, 1},
		{0, 700, 0},
		{0, 0, 700},
		{1, 1, 1},
		{100, 3, 4},
		{5000, 0, 1},
		{5000, 400, 0},
		{2000, 1500, 1500},
		{20_000, 5, 5},
		{0, 3000, 3000},
	} {
		for _, l := range []reconcile.Limits{{}, {Octets: 600, Elements: 50}} {
			a, b := sets(r, n[0], n[1], n[2])
			meet(t, r, a, b, l)
			if want := n[0] + n[1] + n[2]; a.Len() != want || b.Len() != want || !bytes.Equal(a.Open(), b.Open()) {
				t.Errorf("%v: %d and %d elements, want %d", n, a.Len(), b.Len(), want)
			}
		}
	}
}

// TestTheCostGrowsWithTheDifference: not with the sets.
func TestTheCostGrowsWithTheDifference(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, c := range []struct{ common, differ, most int }{
		{100_000, 0, 1100}, {100_000, 10, 10_000}, {100_000, 100, 60_000}, {1000, 10, 10_000},
	} {
		a, b := sets(r, c.common, c.differ/2, c.differ/2)
		octets, messages := meet(t, nil, a, b, reconcile.Limits{})
		t.Logf("%d of %d: %d octets in %d messages", c.differ, c.common, octets, messages)
		if octets > c.most {
			t.Errorf("%d differences in %d cost %d octets, more than %d", c.differ, c.common, octets, c.most)
		}
	}
}

func TestElementsLeaveNoTraceInFingerprints(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	a, b := sets(r, 1000, 0, 0)
	e := element(r)
	if !a.Add(e) || a.Add(e) || !a.Remove(e) || a.Remove(e) {
		t.Error("an element is there once")
	}
	if !bytes.Equal(a.Open(), b.Open()) {
		t.Error("what was added and removed is seen")
	}
}

func FuzzAnswer(f *testing.F) {
	r := rand.New(rand.NewPCG(7, 8))
	a, b := sets(r, 3000, 20, 20)
	message := a.Open()
	for s := []*reconcile.Set{b, a}; len(message) > 0; s[0], s[1] = s[1], s[0] {
		f.Add(message)
		reply, err := s[0].Answer([]byte("x"), message, reconcile.Limits{})
		if err != nil {
			f.Fatal(err)
		}
		message = reply.Message
	}
	f.Add([]byte{1, 0, 8})
	f.Add([]byte{2, 128, 0, 0})
	f.Fuzz(func(t *testing.T, message []byte) {
		reply, err := a.Answer([]byte("x"), message, reconcile.Limits{})
		if err != nil {
			return
		}
		if len(reply.Message) > 32<<10+1<<16 || len(reply.Send) > 4096 {
			t.Errorf("%d octets are answered by %d and %d elements", len(message), len(reply.Message), len(reply.Send))
		}
		if _, err := a.Answer([]byte("x"), reply.Message, reconcile.Limits{}); err != nil {
			t.Errorf("the answer is not understood: %v", err)
		}
	})
}

func BenchmarkAnswer(b *testing.B) {
	r := rand.New(rand.NewPCG(9, 9))
	x, y := sets(r, 100_000, 5, 5)
	message := x.Open()
	for b.Loop() {
		if _, err := y.Answer([]byte("x"), message, reconcile.Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

package library_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/figure"
	"github.com/kith-web/kith/internal/library"
	"github.com/kith-web/kith/internal/seal"
)

// The figures: 250 friends and 100,000 documents.
const (
	manyFriends   = 250
	manyDocuments = 100_000
)

// crowd is a library of many documents; every friend may see 1 in 25 by name,
// and 1 in 5 as everybody.
func crowd(b *testing.B) (*library.Library, string) {
	b.Helper()
	dir := b.TempDir()
	l := open(b, dir, newClock(), 1, quick)
	l.SetPeople(crowdPeople())
	fill(b, l, manyDocuments, func(i int) *library.Audience {
		if i%5 == 0 {
			return to(library.All)
		}
		a := to(library.Some)
		for k := range 10 {
			a.Friends = append(a.Friends, crowdID((i+k*25)%manyFriends))
		}
		return a
	})
	return l, dir
}

func crowdID(i int) seal.RelationID { return seal.RelationID{1, byte(i), byte(i >> 8)} }

func crowdPeople() library.People {
	p := library.People{Devices: []library.Device{{Relation: id(200), ID: deviceID(200)}, {Relation: id(201), ID: deviceID(201)}}}
	for i := range manyFriends {
		p.Friends = append(p.Friends, library.Friend{Relation: crowdID(i), All: true})
	}
	return p
}

func BenchmarkListing(b *testing.B) {
	l, _ := crowd(b)
	ask := func(path string) time.Duration {
		began := time.Now()
		reply, err := l.Answer(context.Background(), crowdID(7), seal.Friend, seal.Request{Method: "GET", Path: path})
		if err != nil || reply.Status != 200 {
			b.Fatal(reply, err)
		}
		b.ReportMetric(float64(reply.Size), "octets")
		return time.Since(began)
	}
	f := figure.Figure{
		Group: "friends", Title: "What one of 250 friends may see of 100,000 documents, listed", Unit: "milliseconds",
		Goal: figure.Reach("at most 50 ms", 50), Note: "The friend may see 24,000 of them.",
	}
	for _, what := range []struct{ name, path string }{{"all", "/"}, {"folder", "/docs/7/"}} {
		c := figure.Contestant{Name: "Kith, " + what.name}
		b.Run(what.name, func(b *testing.B) {
			for b.Loop() {
				c.Samples = append(c.Samples, milliseconds(ask(what.path)))
			}
		})
		f.Contestants = append(f.Contestants, c)
	}
	if len(f.Contestants[0].Samples) > 0 {
		figure.Save(b, f)
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }

func BenchmarkChange(b *testing.B) {
	l, _ := crowd(b)
	c := figure.Contestant{Name: "Kith"}
	for i := 0; b.Loop(); i++ {
		began := time.Now()
		_, out := put(b, l, fmt.Sprintf("docs/1/new %d", i), []byte("x"), library.PutOptions{Audience: to(library.All)})
		c.Samples = append(c.Samples, milliseconds(time.Since(began)))
		b.ReportMetric(float64(len(out)), "messages")
	}
	figure.Save(b, figure.Figure{
		Group: "friends", Title: "A change in 100,000 documents, with all that 250 friends are told", Unit: "milliseconds", Contestants: []figure.Contestant{c},
	})
}

func BenchmarkAsk(b *testing.B) {
	l, _ := crowd(b)
	for b.Loop() {
		reply, err := l.Answer(context.Background(), crowdID(7), seal.Friend, seal.Request{Method: "GET", Path: "/docs/0/file%200.txt"})
		if err != nil || reply.Status != 200 {
			b.Fatal(reply, err)
		}
	}
}

// BenchmarkOpen measures the start, and the memory that a library takes.
func BenchmarkOpen(b *testing.B) {
	l, dir := crowd(b)
	_ = l.Close()
	l = nil
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		o, err := library.Open(library.Options{Dir: dir, Key: bytes.Repeat([]byte{1}, 32), Device: deviceID(1)})
		if err != nil {
			b.Fatal(err)
		}
		o.SetPeople(crowdPeople())
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB")
		b.ReportMetric(float64(o.Stats().Documents), "documents")
		_ = o.Close()
	}
}

func BenchmarkBody(b *testing.B) {
	l := open(b, b.TempDir(), newClock(), 1)
	content := noise(64<<20, 1)
	b.Run("put", func(b *testing.B) {
		b.SetBytes(int64(len(content)))
		for b.Loop() {
			put(b, l, "big", content, library.PutOptions{})
		}
	})
	b.Run("get", func(b *testing.B) {
		b.SetBytes(int64(len(content)))
		for b.Loop() {
			if got := read(b, l, "big"); len(got) != len(content) {
				b.Fatal(len(got))
			}
		}
	})
}

func BenchmarkRemove(b *testing.B) {
	dir := b.TempDir()
	l := open(b, dir, newClock(), 1)
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		put(b, l, "x", noise(100_000, 1), library.PutOptions{})
		b.StartTimer()
		if _, _, err := l.Remove("", "x", false); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := os.Stat(dir); err != nil {
		b.Fatal(err)
	}
}

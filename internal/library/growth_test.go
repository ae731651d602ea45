package library_test

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/figure"
	"github.com/kith-web/kith/internal/library"
)

// TestGrowthOfDocuments measures what a library costs by how many documents it has,
// when KITH_BENCH_GROWTH asks for it: it takes minutes.
func TestGrowthOfDocuments(t *testing.T) {
	if os.Getenv("KITH_BENCH_GROWTH") == "" {
		t.Skip("measured when KITH_BENCH_GROWTH is set")
	}
	amounts := []int{100, 1000, 10_000, 100_000}
	if os.Getenv("KITH_BENCH_SMALL") != "" {
		amounts = []int{100, 1000}
	}
	start, memory, whole, page, write := curve("opening"), curve("a library's memory"), curve("all of them"), curve("a page of 100"), curve("writing one")
	octets, took := curve("octets in envelopes"), curve("both devices' work")
	for _, n := range amounts {
		x, dir := float64(n), t.TempDir()
		l := open(t, dir, newClock(), 1, quick)
		fill(t, l, n, nil)
		for range 5 {
			at := time.Now()
			listed(t, l, library.ListOptions{}, n)
			whole.At(x, milliseconds(time.Since(at)))
			at = time.Now()
			listed(t, l, library.ListOptions{After: "docs/5", Most: 100}, -1)
			page.At(x, milliseconds(time.Since(at)))
		}
		for i := range 20 {
			at := time.Now()
			put(t, l, fmt.Sprintf("docs/1/new %d", i), []byte("x"), library.PutOptions{})
			write.At(x, milliseconds(time.Since(at)))
		}
		must0(t, l.Close())
		for range 3 {
			before := heap()
			at := time.Now()
			l := open(t, dir, newClock(), 1, quick)
			start.At(x, milliseconds(time.Since(at)))
			memory.At(x, max(heap()-before, 0.01))
			must0(t, l.Close())
		}
		_, wire, d := tenDifferences(t, n)
		octets.At(x, float64(wire))
		took.At(x, milliseconds(d))
	}
	const group, axis = "growth-documents", "documents"
	figure.Save(t, figure.Grows(group, 1, "Opening a library, by its documents", "milliseconds", axis, "linear: all are read", 1.1, start))
	figure.Save(t, figure.Grows(group, 2, "Memory of a library, by its documents", "MiB", axis, "linear", 1.1, memory))
	figure.Save(t, figure.Grows(group, 3, "Listing all documents", "milliseconds", axis, "linear: that is how long the list is", 1.2, whole))
	figure.Save(t, figure.Grows(group, 4, "Listing a page of 100 documents", "milliseconds", axis, "flat", 0.25, page))
	figure.Save(t, figure.Grows(group, 5, "Writing a document, by how many there are", "milliseconds", axis, "flat", 0.25, write))
	figure.Save(t, figure.Grows(group, 6, "Ten differences between two devices, by their documents", "octets in envelopes", axis, "logarithmic", 0.3, octets))
	figure.Save(t, figure.Grows(group, 7, "Time for ten differences between two devices", "milliseconds", axis, "logarithmic", 0.3, took))
}

func curve(name string) figure.Contestant { return figure.Contestant{Name: "Kith, " + name} }

// listed lists documents, as many as wanted unless want is negative.
func listed(t *testing.T, l *library.Library, o library.ListOptions, want int) {
	t.Helper()
	items, err := l.List(o)
	if err != nil || len(items) == 0 || want >= 0 && len(items) != want {
		t.Fatalf("%d documents are listed, %d wanted: %v", len(items), want, err)
	}
}

func must0(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// heap is how many MiB of memory are in use.
func heap() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}

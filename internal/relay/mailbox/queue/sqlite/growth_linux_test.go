package sqlite_test

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/figure"
	"github.com/kith-web/kith/internal/relay/mailbox/queue"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/queuetest"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/sqlite"
)

// TestGrowthOfQueues measures what a store costs by how many queues it has, when
// KITH_BENCH_GROWTH asks for it.
func TestGrowthOfQueues(t *testing.T) {
	if os.Getenv("KITH_BENCH_GROWTH") == "" {
		t.Skip("measured when KITH_BENCH_GROWTH is set")
	}
	amounts := []uint64{1000, 10_000, 100_000, million}
	if os.Getenv("KITH_BENCH_SMALL") != "" {
		amounts = []uint64{1000, 10_000}
	}
	opening, memory, disk := figure.Contestant{Name: "Kith, opening"}, figure.Contestant{Name: "Kith, memory"}, figure.Contestant{Name: "Kith, disk"}
	put, get := figure.Contestant{Name: "Kith, put"}, figure.Contestant{Name: "Kith, fetch and acknowledge"}
	for _, n := range amounts {
		path := filepath.Join(t.TempDir(), "mailbox.db")
		must(t, fillFile(path, n))
		info, err := os.Stat(path)
		must(t, err)
		disk.At(float64(n), float64(info.Size())/(1<<20))
		for range 3 {
			debug.FreeOSMemory()
			before := resident(t)
			began := time.Now()
			s, err := sqlite.Open(path, sqlite.Options{DiskShare: 1})
			must(t, err)
			opening.At(float64(n), float64(time.Since(began).Microseconds())/1000)
			for q := uint64(0); q < n; q += max(1, n/10_000) {
				if _, err := s.BySender(t.Context(), queuetest.Queue(q).Sender); err != nil {
					t.Fatal(err)
				}
			}
			memory.At(float64(n), max(float64(resident(t)-before)/1024, 0.01))
			for i := range uint64(50) {
				p, g := passOne(t, s, queuetest.Queue(i*7919%n), i)
				put.At(float64(n), p)
				get.At(float64(n), g)
			}
			must(t, s.Close())
		}
	}
	const group, axis = "growth-queues", "queues"
	figure.Save(t, figure.Grows(group, 1, "Opening a relay's store, by its queues", "milliseconds", axis, "flat", 0.25, opening))
	figure.Save(t, figure.Grows(group, 2, "Memory of a relay's store, by its queues", "MiB", axis, "less than linear, bounded by the cache", 0.9, memory))
	figure.Save(t, figure.Grows(group, 3, "Disk of a relay's store, by its queues", "MiB", axis, "linear", 1.1, disk))
	figure.Save(t, figure.Grows(group, 4, "A message of 4 KiB in a relay's store, by its queues", "milliseconds, durable", axis, "flat", 0.25, put, get))
}

// passOne brings a message through a queue and says how many milliseconds it took to
// put, and to fetch and acknowledge.
func passOne(t *testing.T, s queue.Store, q queue.Queue, n uint64) (put, get float64) {
	t.Helper()
	p := queuetest.Message(q, n, 4096)
	began := time.Now()
	taken, err := s.Put(t.Context(), []queue.Put{p})
	must(t, err)
	must(t, taken[0].Err)
	put = float64(time.Since(began).Microseconds()) / 1000
	began = time.Now()
	got, err := s.Fetch(t.Context(), q.Recipient, taken[0].Number-1, 1)
	must(t, err)
	if len(got) != 1 || got[0].ID != p.ID {
		t.Fatalf("message %d is not there", n)
	}
	must(t, s.Ack(t.Context(), []queue.Ack{{Recipient: q.Recipient, Numbers: []uint64{got[0].Number}}}))
	return put, float64(time.Since(began).Microseconds()) / 1000
}

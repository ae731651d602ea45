package postgres_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/kith-web/kith/internal/relay/mailbox/queue"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/postgres"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/queuetest"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/sqlite"
)

// BenchmarkPass holds the engines beside each other: a message is put, fetched
// and acknowledged, durably.
func BenchmarkPass(b *testing.B) {
	srv := server(b, "shared_buffers=512MB", "max_wal_size=4GB")
	made := 0
	for _, e := range []struct {
		name string
		open func(b *testing.B) queue.Store
	}{
		{"sqlite", func(b *testing.B) queue.Store {
			s, err := sqlite.Open(filepath.Join(b.TempDir(), "mailbox.db"), sqlite.Options{DiskShare: 1})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = s.Close() })
			return s
		}},
		{"postgres", func(b *testing.B) queue.Store {
			made++
			return open(b, database(b, srv, fmt.Sprintf("bench%d", made)), postgres.Options{})
		}},
	} {
		for _, octets := range []int{4096, 16384} {
			b.Run(fmt.Sprintf("%s/%dKiB", e.name, octets/1024), func(b *testing.B) {
				queuetest.Bench(b, e.open(b), octets)
			})
		}
	}
}

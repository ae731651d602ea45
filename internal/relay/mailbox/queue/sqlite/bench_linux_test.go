package sqlite_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/relay/mailbox/queue/queuetest"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/sqlite"
	files "github.com/kith-web/kith/internal/sqlite"
)

// BenchmarkMillionQueues opens a file with a million queues in which nothing
// waits, and uses ten thousand of them. Memory is what the process has more than
// before it opened the file.
func BenchmarkMillionQueues(b *testing.B) {
	path := filepath.Join(b.TempDir(), "mailbox.db")
	must(b, fillFile(path, million))
	b.ResetTimer()
	for b.Loop() {
		debug.FreeOSMemory()
		before := resident(b)
		start := time.Now()
		s, err := sqlite.Open(path, sqlite.Options{DiskShare: 1})
		if err != nil {
			b.Fatal(err)
		}
		took := time.Since(start)
		for n := uint64(0); n < million; n += 100 {
			if _, err := s.BySender(b.Context(), queuetest.Queue(n).Sender); err != nil {
				b.Fatal(err)
			}
		}
		if n, err := s.Expire(b.Context(), time.Now(), 1000); err != nil || n != 0 {
			b.Fatal(n, err)
		}
		b.ReportMetric(float64(took.Microseconds())/1000, "open-ms")
		b.ReportMetric(float64(resident(b)-before)/1024, "MiB")
		info, err := os.Stat(path)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(info.Size())/million, "octets/queue")
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

const million = 1_000_000

// fillFile makes a file with so many queues in one transaction, where the
// store would take thousands.
func fillFile(path string, queues uint64) error {
	s, err := sqlite.Open(path, sqlite.Options{DiskShare: 1})
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		return err
	}
	c, err := files.OpenConn(path, files.Options{Synchronous: "OFF", CacheKiB: 1 << 20})
	if err != nil {
		return err
	}
	insert, err := c.Prepare(`INSERT INTO queue (recipient, sender, recipient_key, sender_key, days, seen)
		VALUES (?, ?, ?, ?, ?, ?)`, 6)
	if err = errors.Join(err, c.Exec("BEGIN")); err != nil {
		return errors.Join(err, c.Close())
	}
	for n := range queues {
		q := queuetest.Queue(n)
		_, err := insert.Exec(q.Recipient[:], q.Sender[:], q.RecipientKey[:], q.SenderKey[:], int64(q.Days), q.Seen.Unix())
		if err != nil {
			return errors.Join(err, c.Close())
		}
	}
	return errors.Join(c.Exec("COMMIT"), c.Exec("PRAGMA wal_checkpoint(TRUNCATE)"), c.Close())
}

// resident is how many KiB of memory this process has.
func resident(b testing.TB) int {
	b.Helper()
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	_, after, _ := bytes.Cut(data, []byte("VmRSS:"))
	kib, err := strconv.Atoi(string(bytes.Fields(after)[0]))
	if err != nil {
		b.Fatal(err)
	}
	return kib
}

// BenchmarkDisk fills a file with ten thousand messages of 4 KiB and tells what
// is left of it when all are acknowledged and there is nothing to do.
func BenchmarkDisk(b *testing.B) {
	for b.Loop() {
		path := filepath.Join(b.TempDir(), "mailbox.db")
		s, err := sqlite.Open(path, sqlite.Options{DiskShare: 1})
		if err != nil {
			b.Fatal(err)
		}
		acks, err := fill(b, s, 10_000)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(size(b, path))/(1<<20), "full-MiB")
		if err := s.Ack(b.Context(), acks); err != nil {
			b.Fatal(err)
		}
		start := time.Now()
		for size(b, path) > 128<<10 && time.Since(start) < time.Minute {
			time.Sleep(10 * time.Millisecond)
		}
		b.ReportMetric(float64(size(b, path))/(1<<20), "left-MiB")
		b.ReportMetric(float64(time.Since(start).Milliseconds()), "until-ms")
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

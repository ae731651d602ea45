package sqlite_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/relay/mailbox/queue"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/queuetest"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/sqlite"
	files "github.com/kith-web/kith/internal/sqlite"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fill puts messages into queues, up to twenty at once, until the store takes no
// more or n are there.
func fill(t testing.TB, s queue.Store, n uint64) (acks []queue.Ack, end error) {
	t.Helper()
	for at := uint64(0); at < n; at += 20 {
		q := queuetest.Queue(at / 100)
		if at%100 == 0 {
			if err := s.Create(t.Context(), q); err != nil {
				return acks, err
			}
		}
		var puts []queue.Put
		for i := at; i < min(at+20, n); i++ {
			puts = append(puts, queuetest.Message(q, i, 4096))
		}
		taken, err := s.Put(t.Context(), puts)
		if err != nil {
			return acks, err
		}
		for _, k := range taken {
			must(t, k.Err)
			acks = append(acks, queue.Ack{Recipient: q.Recipient, Numbers: []uint64{k.Number}})
		}
	}
	return acks, nil
}

func TestDamagedAndNewerFilesAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mailbox.db")
	s, err := sqlite.Open(path, sqlite.Options{DiskUsed: some})
	must(t, err)
	_, err = fill(t, s, 10)
	must(t, errors.Join(err, s.Close()))

	c, err := files.OpenConn(path, files.Options{})
	must(t, err)
	must(t, errors.Join(c.Exec("PRAGMA user_version = 999"), c.Close()))
	if _, err := sqlite.Open(path, sqlite.Options{}); fault.KindOf(err) != fault.Unsupported || !strings.Contains(err.Error(), "999") {
		t.Errorf("a newer file: %v (%s)", err, fault.KindOf(err))
	}

	data, err := os.ReadFile(path)
	must(t, err)
	for name, damage := range map[string]func([]byte){
		"not a database":  func(b []byte) { copy(b, "something else") },
		"no schema in it": func(b []byte) { clear(b[100:4096]) },
	} {
		bad := append([]byte(nil), data...)
		damage(bad)
		must(t, os.WriteFile(path, bad, 0o600))
		_, err := sqlite.Open(path, sqlite.Options{})
		if fault.KindOf(err) != fault.Corrupt || fault.Hint(err) == "" || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v (%s)", name, err, fault.KindOf(err))
		}
		if after, err := os.ReadFile(path); err != nil || len(after) != len(bad) {
			t.Errorf("%s: the file has %d octets now, had %d: %v", name, len(after), len(bad), err)
		}
	}
}

func TestDamageInUse(t *testing.T) {
	for name, damage := range map[string]func(path string) (file string, from int){
		"rows":   func(path string) (string, int) { return path, 4096 }, // all pages but the first
		"bodies": func(path string) (string, int) { return bodies(t, path)[0], 100 },
	} {
		path := filepath.Join(t.TempDir(), "mailbox.db")
		s, err := sqlite.Open(path, sqlite.Options{DiskUsed: some})
		must(t, err)
		acks, err := fill(t, s, 200)
		must(t, errors.Join(err, s.Close()))
		file, from := damage(path)
		data, err := os.ReadFile(file)
		must(t, err)
		for i := from; i < len(data); i++ {
			data[i] = 0xaa
		}
		must(t, os.WriteFile(file, data, 0o600))
		if err := use(t, path, acks); fault.KindOf(err) != fault.Corrupt {
			t.Errorf("damaged %s are used: %v (%s)", name, err, fault.KindOf(err))
		}
	}
}

// use opens a store and fetches messages until something fails.
func use(t *testing.T, path string, acks []queue.Ack) error {
	s, err := sqlite.Open(path, sqlite.Options{DiskUsed: some})
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	for _, a := range acks {
		if _, err := s.Fetch(t.Context(), a.Recipient, a.Numbers[0]-1, 1); err != nil {
			return err
		}
	}
	return nil
}

// TestFull goes on until the file is as large as it may be. What was taken is
// there, can be acknowledged, and then there is room again.
func TestFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mailbox.db")
	s := open(t, path, sqlite.Options{MaxOctets: 1 << 20, DiskUsed: some})
	acks, err := fill(t, s, 10000)
	if !errors.Is(err, queue.ErrDisk) || fault.KindOf(err) != fault.NoSpace || fault.Hint(err) == "" {
		t.Fatalf("a full file: %v (%s)", err, fault.KindOf(err))
	}
	if len(acks) < 100 {
		t.Errorf("full after %d messages", len(acks))
	}
	for i, a := range acks {
		list, err := s.Fetch(t.Context(), a.Recipient, a.Numbers[0]-1, 1)
		must(t, err)
		if len(list) != 1 || list[0].Number != a.Numbers[0] {
			t.Fatalf("message %d of %d is lost", i, len(acks))
		}
	}
	must(t, s.Ack(t.Context(), acks))
	if again, err := fill(t, s, uint64(len(acks))/2); err != nil {
		t.Errorf("full again after %d of %d messages: %v", len(again), len(acks), err)
	}
}

func TestRefusesAtNinetyPercent(t *testing.T) {
	var now, used atomic.Int64
	used.Store(50)
	start := time.Now()
	s := open(t, filepath.Join(t.TempDir(), "mailbox.db"), sqlite.Options{
		DiskUsed: func(string) (float64, error) { return float64(used.Load()) / 100, nil },
		Now:      func() time.Time { return start.Add(time.Duration(now.Load()) * time.Second) },
	})
	acks, err := fill(t, s, 10)
	must(t, err)
	q := queuetest.Queue(0)
	for _, c := range []struct {
		used    int64
		refused bool
	}{{89, false}, {90, true}, {99, true}, {89, false}} {
		used.Store(c.used)
		now.Add(2)
		_, put := s.Put(t.Context(), []queue.Put{queuetest.Message(q, uint64(now.Load()), 1536)})
		create := s.Create(t.Context(), queuetest.Queue(uint64(now.Load())))
		for _, err := range []error{put, create} {
			if errors.Is(err, queue.ErrDisk) != c.refused || c.refused && fault.KindOf(err) != fault.NoSpace {
				t.Errorf("at %d %%: %v", c.used, err)
			}
		}
		must(t, s.Ack(t.Context(), acks[:1]))
		acks = acks[1:]
	}
}

// size is what a store takes of the disk.
func size(t testing.TB, path string) (total int64) {
	t.Helper()
	for _, name := range append(bodies(t, path), path, path+"-wal") {
		info, err := os.Stat(name)
		if !errors.Is(err, fs.ErrNotExist) { // it has just gone
			must(t, err)
			total += info.Size()
		}
	}
	return total
}

// bodies are the files with bodies of a store.
func bodies(t testing.TB, path string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(path+"-bodies", "*.segment"))
	must(t, err)
	return list
}

func TestDiskIsGivenBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mailbox.db")
	s := open(t, path, sqlite.Options{DiskUsed: some})
	acks, err := fill(t, s, 3000)
	must(t, err)
	if full := size(t, path); full < 12<<20 {
		t.Fatalf("3000 messages of 4 KiB are in %d octets", full)
	}
	must(t, s.Ack(t.Context(), acks))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for size(t, path) > 128<<10 {
		select {
		case <-ctx.Done():
			t.Fatalf("%d octets are still in use", size(t, path))
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func TestUsedAfterClose(t *testing.T) {
	s, err := sqlite.Open(filepath.Join(t.TempDir(), "mailbox.db"), sqlite.Options{DiskUsed: some})
	must(t, err)
	acks, err := fill(t, s, 1)
	must(t, errors.Join(err, s.Close(), s.Close()))
	if _, err := fill(t, s, 1); err == nil {
		t.Error("a closed store takes messages")
	}
	if _, err := s.Fetch(t.Context(), acks[0].Recipient, 0, 1); err == nil {
		t.Error("a closed store is read")
	}
}

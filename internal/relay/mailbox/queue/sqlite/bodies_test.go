package sqlite_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/relay/mailbox/queue"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/queuetest"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/segment"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/sqlite"
	files "github.com/kith-web/kith/internal/sqlite"
)

// copyFile copies a file, if it is there.
func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	must(t, errors.Join(err, os.WriteFile(to, data, 0o600)))
}

// whole checks that these messages are in a queue, and no others.
func whole(t *testing.T, s queue.Store, q queue.Queue, want ...uint64) {
	t.Helper()
	list, err := s.Fetch(t.Context(), q.Recipient, 0, 1000)
	must(t, err)
	if len(list) != len(want) {
		t.Fatalf("%d messages, not %d", len(list), len(want))
	}
	for i, n := range want {
		p := queuetest.Message(q, n, 4096)
		if list[i].ID != p.ID || !bytes.Equal(list[i].Body, p.Body) {
			t.Errorf("message %d is not what was put", n)
		}
	}
}

func put(t *testing.T, s queue.Store, q queue.Queue, n uint64) uint64 {
	t.Helper()
	taken, err := s.Put(t.Context(), []queue.Put{queuetest.Message(q, n, 4096)})
	must(t, err)
	must(t, taken[0].Err)
	return taken[0].Number
}

// TestReplay takes from SQLite all that it need not have flushed: a start does it
// again from the log, but not what was cut off at its end.
func TestReplay(t *testing.T) {
	dir := t.TempDir()
	path, cut := filepath.Join(dir, "mailbox.db"), filepath.Join(dir, "cut.db")
	s := open(t, path, sqlite.Options{DiskUsed: some})
	q, other := queuetest.Queue(1), queuetest.Queue(2)
	must(t, errors.Join(s.Create(t.Context(), q), s.Create(t.Context(), other)))
	first := put(t, s, q, 1)
	copyFile(t, path, cut)
	copyFile(t, path+"-wal", cut+"-wal")
	put(t, s, q, 2)
	third := put(t, s, q, 3)
	put(t, s, other, 4)
	must(t, s.Ack(t.Context(), []queue.Ack{{Recipient: q.Recipient, Numbers: []uint64{first, third}}}))
	last := put(t, s, q, 5)

	must(t, os.Mkdir(cut+"-bodies", 0o700))
	for _, name := range bodies(t, path) {
		copyFile(t, name, filepath.Join(cut+"-bodies", filepath.Base(name)))
	}
	torn := bodies(t, cut)[0]
	info, err := os.Stat(torn)
	must(t, err)
	f, err := os.OpenFile(torn, os.O_WRONLY|os.O_APPEND, 0o600)
	must(t, err)
	data, err := os.ReadFile(torn)
	must(t, err)
	_, err = f.Write(data[:5000]) // an older record, as a file that is written over has, and a part of one
	must(t, errors.Join(err, f.Close()))

	again, err := sqlite.Open(cut, sqlite.Options{DiskUsed: some})
	must(t, err)
	whole(t, again, q, 2, 5)
	whole(t, again, other, 4)
	if n := put(t, again, q, 6); n <= last {
		t.Errorf("number %d after %d", n, last)
	}
	must(t, again.Close())
	whole(t, open(t, cut, sqlite.Options{DiskUsed: some}), q, 2, 5, 6)
	if now, err := os.Stat(torn); err != nil || now.Size() != info.Size()+5000 {
		t.Errorf("a file was appended to after a start: %v", err)
	}
}

// TestMovedTogether has most messages of many files acknowledged: the others move
// together, unhurt, and the disk is given back.
func TestMovedTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mailbox.db")
	o := sqlite.Options{
		DiskUsed: some, Tend: 10 * time.Millisecond,
		Bodies: segment.Options{Octets: 256 << 10, Rest: 10 * time.Millisecond},
	}
	s, err := sqlite.Open(path, o)
	must(t, err)
	acks, err := fill(t, s, 600)
	must(t, err)
	var keep []uint64
	var gone []queue.Ack
	for i, a := range acks {
		if i%20 == 7 {
			keep = append(keep, uint64(i))
		} else {
			gone = append(gone, a)
		}
	}
	full := size(t, path)
	must(t, s.Ack(t.Context(), gone))
	until(t, "disk to be given back", func() bool { return size(t, path) <= full/4 })
	for range 2 {
		for n := range uint64(6) {
			whole(t, s, queuetest.Queue(n), keep[5*n:5*n+5]...)
		}
		must(t, s.Close())
		s = open(t, path, o)
	}
}

// TestVersion1 opens a file of the first version, with bodies in a table.
func TestVersion1(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mailbox.db")
	must(t, version1(path, queuetest.Queue(1), 20))
	s := open(t, path, sqlite.Options{DiskUsed: some})
	var want []uint64
	for n := range uint64(20) {
		want = append(want, n)
	}
	whole(t, s, queuetest.Queue(1), want...)
	if n := put(t, s, queuetest.Queue(1), 20); n != 21 {
		t.Errorf("number %d after 20", n)
	}
	whole(t, s, queuetest.Queue(1), append(want, 20)...)
}

func version1(path string, q queue.Queue, messages uint64) error {
	c, err := files.OpenConn(path, files.Options{Pragmas: []string{"auto_vacuum(INCREMENTAL)"}})
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	err = c.Exec(`CREATE TABLE queue (id INTEGER PRIMARY KEY, recipient BLOB NOT NULL UNIQUE, sender BLOB NOT NULL UNIQUE,
			recipient_key BLOB NOT NULL, sender_key BLOB NOT NULL, days INTEGER NOT NULL, seen INTEGER NOT NULL, push BLOB);
		CREATE TABLE waiting (queue INTEGER NOT NULL, number INTEGER NOT NULL, id BLOB NOT NULL, octets INTEGER NOT NULL,
			expires INTEGER NOT NULL, PRIMARY KEY (queue, number)) WITHOUT ROWID;
		CREATE TABLE body (id INTEGER PRIMARY KEY, piece BLOB NOT NULL);
		CREATE TABLE state (number INTEGER NOT NULL); INSERT INTO state VALUES (20); PRAGMA user_version = 1`)
	if err != nil {
		return err
	}
	queues, err1 := c.Prepare(`INSERT INTO queue VALUES (7, ?, ?, ?, ?, ?, ?, NULL)`, 6)
	rows, err2 := c.Prepare(`INSERT INTO waiting VALUES (7, ?, ?, ?, ?)`, 4)
	parts, err3 := c.Prepare(`INSERT INTO body VALUES (?, ?)`, 2)
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	_, err = queues.Exec(q.Recipient[:], q.Sender[:], q.RecipientKey[:], q.SenderKey[:], int64(q.Days), q.Seen.Unix())
	for n := range messages {
		p, number := queuetest.Message(q, n, 4096), int64(n)+1
		_, err1 := rows.Exec(number, p.ID[:], int64(len(p.Body)), p.Expires.Unix())
		_, err2 := parts.Exec(number*1024, p.Body[:3000])
		_, err3 := parts.Exec(number*1024+1, p.Body[3000:])
		err = errors.Join(err, err1, err2, err3)
	}
	return err
}

// TestMissingBodies finds out at the start.
func TestMissingBodies(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mailbox.db")
	s, err := sqlite.Open(path, sqlite.Options{DiskUsed: some})
	must(t, err)
	_, err = fill(t, s, 10)
	must(t, errors.Join(err, s.Close()))
	must(t, os.Truncate(bodies(t, path)[0], 10*4096))
	for range 2 {
		if err := use(t, path, nil); fault.KindOf(err) != fault.Corrupt {
			t.Errorf("bodies are missing: %v", err)
		}
		must(t, os.RemoveAll(path+"-bodies"))
	}
}

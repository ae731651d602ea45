package mailbox_test

import (
	"bytes"
	"crypto/rand"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	wire "github.com/kith-web/kith/internal/mailbox"
	"github.com/kith-web/kith/internal/mailbox/client"
	"github.com/kith-web/kith/internal/relay/guard"
	"github.com/kith-web/kith/internal/relay/mailbox"
)

func chunkID() (id wire.ID) {
	rand.Read(id[:])
	return id
}

// TestChunks are put once, got in parts, and erased by who has the key.
func TestChunks(t *testing.T) {
	dir := t.TempDir()
	o := open(dir)
	o.ChunkOctets = 5 << 20
	r := run(t, dir, "127.0.0.1:0", o)
	s := r.dial(t)
	q := newQueue(t, s)
	c, err := client.NewChunks(r.url, client.Options{})
	must(t, err)
	t.Cleanup(c.Close)
	tickets, err := s.Tickets(within(t), q.sender, 4, 3)
	must(t, err)
	id, key, content := chunkID(), [32]byte{1, 2, 3}, body(4<<20)
	must(t, c.Upload(within(t), tickets[0], id, key, content))
	must(t, c.Upload(within(t), tickets[0], id, key, content)) // the answer was lost
	if err := c.Upload(within(t), tickets[1], id, [32]byte{9}, content); err == nil {
		t.Error("a chunk is replaced by another")
	}
	is(t, c.Upload(within(t), tickets[0], chunkID(), key, content), client.ErrNo) // used
	waits(t, c.Upload(within(t), tickets[1], chunkID(), key, content))            // no room
	small, err := s.TicketsOf(within(t), q.recipient, 1, 1)
	must(t, err)
	if err := c.Upload(within(t), small[0], chunkID(), key, content); err == nil {
		t.Error("a chunk of another size than the ticket's is taken")
	}
	second := chunkID()
	must(t, c.Upload(within(t), small[0], second, key, body(65536))) // it is still good
	forged := bytes.Clone(tickets[2])
	forged[20] ^= 1
	is(t, c.Upload(within(t), forged, chunkID(), key, content), client.ErrNo)

	var got bytes.Buffer
	_, err = c.Download(within(t), id, 0, &cut{w: &got, left: 1_000_000})
	if err == nil || got.Len() != 1_000_000 {
		t.Fatalf("%d octets came of a download that is cut, %v", got.Len(), err)
	}
	n, err := c.Download(within(t), id, int64(got.Len()), &got)
	must(t, err)
	if n != 4<<20-1_000_000 || !bytes.Equal(got.Bytes(), content) {
		t.Errorf("%d octets came, %d in all, which are not what was put", n, got.Len())
	}
	r.stop()
	r = run(t, dir, "127.0.0.1:0", o) // it is kept over an end
	c, err = client.NewChunks(r.url, client.Options{})
	must(t, err)
	t.Cleanup(c.Close)
	if held := r.Count().ChunkOctets; held != 4<<20+65536+2*32 {
		t.Errorf("%d octets of chunks are counted", held)
	}
	is(t, c.Erase(within(t), id, [32]byte{9}), client.ErrAbsent)
	must(t, c.Erase(within(t), id, key))
	is(t, c.Erase(within(t), id, key), client.ErrAbsent)
	_, err = c.Download(within(t), id, 0, io.Discard)
	is(t, err, client.ErrAbsent)
	must(t, c.Erase(within(t), second, key))
	if held := r.Count().ChunkOctets; held != 0 {
		t.Errorf("%d octets of chunks are counted after all were erased", held)
	}
	must(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Base(filepath.Dir(filepath.Dir(path))) == "chunks" {
			t.Errorf("%s is left", path)
		}
		return err
	}))
}

// cut takes so much and no more.
type cut struct {
	w    io.Writer
	left int
}

func (c *cut) Write(b []byte) (int, error) {
	if len(b) > c.left {
		b = b[:c.left]
	}
	n, err := c.w.Write(b)
	if c.left -= n; c.left == 0 && err == nil {
		err = io.ErrShortWrite
	}
	return n, err
}

// TestChunksExpire after their time, and pages of any origin may ask for them.
func TestChunksExpire(t *testing.T) {
	dir := t.TempDir()
	o := open(dir)
	r := run(t, dir, "127.0.0.1:0", o)
	s := r.dial(t)
	q := newQueue(t, s)
	tickets, err := s.Tickets(within(t), q.sender, 1, 1)
	must(t, err)
	c, err := client.NewChunks(r.url, client.Options{})
	must(t, err)
	t.Cleanup(c.Close)
	id := chunkID()
	must(t, c.Upload(within(t), tickets[0], id, [32]byte{}, body(65536)))
	ask, err := http.NewRequestWithContext(within(t), http.MethodOptions, r.web()+wire.ChunkPath+id.String(), nil)
	must(t, err)
	if got := status(t, ask); got != http.StatusNoContent {
		t.Errorf("a preflight is answered %d", got)
	}
	r.stop()
	files, err := filepath.Glob(filepath.Join(dir, "chunks", "*", "*"))
	must(t, err)
	if len(files) != 1 {
		t.Fatalf("%d chunks are kept, want 1", len(files))
	}
	old := time.Now().Add(-49 * time.Hour)
	must(t, os.Chtimes(files[0], old, old))
	r = run(t, dir, "127.0.0.1:0", o)
	until(t, "the chunk to be erased", func() bool {
		_, err := os.Stat(files[0])
		return os.IsNotExist(err) && r.Count().ChunkOctets == 0
	})
}

// TestTicketsAreLimited by queue.
func TestTicketsAreLimited(t *testing.T) {
	r := start(t, func(o *mailbox.Options) { o.Tickets = guard.Limit{PerSecond: 0.001, Burst: 5} })
	s := r.dial(t)
	q := newQueue(t, s)
	list, err := s.Tickets(within(t), q.sender, 1, 64)
	must(t, err)
	if len(list) != 5 {
		t.Errorf("%d tickets were given, want 5", len(list))
	}
	_, err = s.Tickets(within(t), q.sender, 1, 1)
	waits(t, err)
}

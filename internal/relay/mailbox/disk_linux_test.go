package mailbox_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/kith-web/kith/e2e/loud"
	wire "github.com/kith-web/kith/internal/mailbox"
	"github.com/kith-web/kith/internal/mailbox/client"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/sqlite"
)

// TestDiskFull is a relay on a small disk: it asks senders to wait, loses
// nothing, lets messages be taken, and goes on when there is room again.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=48m"); err != nil {
		loud.Skip(t, "mounting a small disk needs root; the full disk is not tried: %v", err)
	}
	t.Cleanup(func() { must(t, unix.Unmount(dir, unix.MNT_DETACH)) })
	o := open(dir)
	o.MaxDisk, o.ChunkOctets = 0.6, 1<<30
	store, err := sqlite.Open(filepath.Join(dir, "queues.db"), sqlite.Options{DiskShare: o.MaxDisk, LogOctets: 2 << 20})
	must(t, err)
	o.Store = store
	r := run(t, dir, "127.0.0.1:0", o)
	t.Cleanup(r.stop) // before the disk goes
	s := r.dial(t)
	var queues []pair
	put := map[wire.MessageID]bool{}
	fill := func() (refused bool) {
		q := newPair(t)
		if err := s.NewQueue(within(t), q.recipient, wire.PublicKey(q.sender.Key), 7); err != nil {
			waits(t, err)
			return true
		}
		queues = append(queues, q)
		for range 30 {
			id := messageID()
			if err := s.Put(within(t), q.sender, id, 0, body(65536)); err != nil {
				waits(t, err)
				return true
			}
			put[id] = true
		}
		return false
	}
	for range 40 {
		if fill() {
			break
		}
	}
	if len(put) < 20 || len(put) > 768 {
		t.Fatalf("%d messages of 64 KiB went on a disk of 48 MiB", len(put))
	}
	waits(t, s.Put(within(t), queues[0].sender, messageID(), 0, body(65536)))
	_, err = s.Tickets(within(t), queues[0].sender, 4, 1)
	waits(t, err)
	// Something else takes the rest: nothing can be written at all.
	ballast := filepath.Join(dir, "ballast")
	f, err := os.Create(ballast)
	must(t, err)
	for chunk := make([]byte, 4096); err == nil; {
		_, err = f.Write(chunk)
	}
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("filling the disk: %v", err)
	}
	must(t, f.Close())
	waits(t, s.Put(within(t), queues[0].sender, messageID(), 0, body(65536)))
	must(t, os.Remove(ballast))

	for _, q := range queues {
		ch := make(chan client.Delivery, 64)
		must(t, s.Subscribe(within(t), q.recipient, 16, func(d client.Delivery) { ch <- d }))
		for range min(30, len(put)) {
			d := next(t, ch)
			if !put[d.ID] {
				t.Error("a message came that was not accepted")
			}
			delete(put, d.ID)
			until(t, "an acknowledgement to be taken", func() bool { return d.Ack(within(t)) == nil })
		}
	}
	if len(put) != 0 {
		t.Errorf("%d messages that were accepted did not come", len(put))
	}
	until(t, "messages to be taken again", func() bool {
		return s.Put(within(t), queues[0].sender, messageID(), 0, body(65536)) == nil
	})
}

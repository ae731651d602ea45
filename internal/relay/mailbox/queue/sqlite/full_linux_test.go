package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/kith-web/kith/e2e/loud"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/relay/mailbox/queue"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/queuetest"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/sqlite"
)

// TestFullDisk fills a real disk, beyond the share that is kept free, and then the
// last octet of it, as another program may: what is there can be had and erased all
// the same.
func TestFullDisk(t *testing.T) {
	loud.NeedRoot(t)
	loud.Need(t, "mkfs.ext4")
	disk := queuetest.NewDisk(t, 24)
	ballast := filepath.Join(disk.Dir, "ballast")
	must(t, os.WriteFile(ballast, make([]byte, 8<<20), 0o600))
	s := open(t, filepath.Join(disk.Dir, "mailbox.db"), sqlite.Options{DiskUsed: some, LogOctets: 1 << 20})
	acks, err := fill(t, s, 100000)
	if !errors.Is(err, queue.ErrDisk) || fault.KindOf(err) != fault.NoSpace {
		t.Fatalf("a full disk: %v (%s)", err, fault.KindOf(err))
	}
	_ = os.WriteFile(filepath.Join(disk.Dir, "more"), make([]byte, 24<<20), 0o600) // as much as there is room for
	for i, a := range acks {
		list, err := s.Fetch(t.Context(), a.Recipient, a.Numbers[0]-1, 1)
		must(t, err)
		if len(list) != 1 || list[0].Number != a.Numbers[0] {
			t.Fatalf("message %d of %d is lost", i, len(acks))
		}
	}
	must(t, s.Ack(t.Context(), acks))
	must(t, os.Remove(ballast))
	_, err = fill(t, s, 200)
	must(t, err)
}

package sqlite_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/kith-web/kith/e2e/loud"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/queuetest"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/sqlite"
)

func TestPowerCut(t *testing.T) {
	loud.NeedRoot(t)
	for _, program := range []string{"mkfs.ext4", "mount", "losetup"} {
		loud.Need(t, program)
	}
	disk := queuetest.NewDisk(t, 192)
	c, report, ended := load(t, filepath.Join(disk.Dir, "mailbox.db"), 1500)
	if err := os.WriteFile(filepath.Join(disk.Dir, "unsynced"), []byte("in memory"), 0o600); err != nil {
		t.Fatal(err)
	}
	promised := report.Lines()
	if err := queuetest.Freeze(c.Process.Pid); err != nil {
		t.Fatal(err)
	}
	after := disk.Cut(t)
	kill(t, c, ended)
	s := open(t, filepath.Join(after.Dir, "mailbox.db"), sqlite.Options{DiskUsed: some})
	if n := queuetest.Check(t, s, promised, report.Lines()); n < 100 {
		t.Errorf("only %d messages were there to be lost", n)
	}
	// What nobody flushed is lost, or this test would prove nothing.
	data, err := os.ReadFile(filepath.Join(after.Dir, "unsynced"))
	if len(data) > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the copy has what was in memory only: %q, %v", data, err)
	}
}

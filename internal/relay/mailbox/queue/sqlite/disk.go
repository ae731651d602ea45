package sqlite

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

// diskGuard refuses what needs disk when there is little left. The system is
// asked once a second at most.
type diskGuard struct {
	dir   string
	share float64
	used  func(string) (float64, error)
	now   func() time.Time

	mu    sync.Mutex
	asked time.Time
	err   error
}

func (g *diskGuard) check() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	if since := now.Sub(g.asked); since >= 0 && since < time.Second {
		return g.err
	}
	g.asked, g.err = now, nil
	used, err := g.used(g.dir)
	switch {
	case err != nil:
		g.err = fmt.Errorf("ask how full the disk of %s is: %w", g.dir, err)
	case used >= g.share:
		g.err = fault.New(fault.NoSpace, "the disk of %s is %.0f %% full: %w", g.dir, 100*used, queue.ErrDisk).
			WithHint("free some disk space; messages are taken again below %.0f %%", 100*g.share)
	}
	return g.err
}

// flushLog makes the write-ahead log durable. SQLite has its locks on other files,
// so that closing this one releases none.
func (s *Store) flushLog() error {
	f, err := os.OpenFile(s.path+"-wal", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(queue.SyncData(f), f.Close())
}

// logSize is how long the write-ahead log is.
func (s *Store) logSize() (int64, error) {
	info, err := os.Stat(s.path + "-wal")
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

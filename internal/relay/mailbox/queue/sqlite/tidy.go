package sqlite

import (
	"fmt"
	"log/slog"

	"github.com/kith-web/kith/internal/sqlite"
)

const (
	// pageOctets is SQLite's page.
	pageOctets = 4096
	// step is how many pages are given back to the system in one transaction.
	step = 512
	// often is after how many transactions a busy writer looks at its file.
	often = 32
)

// tidier keeps the file and its log small. It belongs to the writer's goroutine.
type tidier struct {
	w       *writer
	c       *sqlite.Conn
	log     *slog.Logger
	written int  // transactions since the last look
	dirty   bool // something was written since the log was emptied

	aside *sqlite.Conn // writes the log back beside the writer
	going chan error   // tells that it has
	busy  bool         // until it has

	flushed  chan error // tells that the log was flushed beside the writer
	flushing bool       // until it was
}

// openAside opens the connection that writes the log back.
func (s *Store) openAside() (*sqlite.Conn, error) {
	return sqlite.OpenConn(s.path, sqlite.Options{CacheKiB: 256, Pragmas: []string{"wal_autocheckpoint(0)"}})
}

func newTidier(w *writer, aside *sqlite.Conn) *tidier {
	return &tidier{w: w, c: w.c, log: w.s.o.Log, dirty: true, aside: aside, going: make(chan error, 1), flushed: make(chan error, 1)}
}

// afterBatch looks at the file now and then while there is no rest: the log is
// written back when it has grown to its limit, and a file that is mostly free
// pages shrinks.
func (t *tidier) afterBatch() {
	t.dirty = true
	t.finish()
	if t.written++; t.written < often {
		return
	}
	t.written = 0
	t.flush()
	if size, err := t.w.s.logSize(); err == nil && size > t.w.s.o.LogOctets {
		t.writeBack(size)
	}
	free, err := t.c.Int("PRAGMA freelist_count")
	if err != nil {
		t.try("count free pages", err)
		return
	}
	pages, err := t.c.Int("PRAGMA page_count")
	if err == nil && free > 4*step && free > pages/2 {
		err = t.shrink()
	}
	t.try("give disk back", err)
}

// idle does one step and reports whether there is another to do.
func (t *tidier) idle() bool {
	if !t.dirty {
		return false
	}
	free, err := t.c.Int("PRAGMA freelist_count")
	if err == nil && free > 0 {
		err = t.shrink()
		t.try("give disk back", err)
		return err == nil
	}
	t.try("count free pages", err)
	if t.finish(); t.busy {
		return true
	}
	done, err := checkpoint(t.c, "TRUNCATE")
	t.try("empty the log", err)
	if t.dirty = !done; done {
		t.w.refill()
	}
	return t.dirty && err == nil
}

func (t *tidier) shrink() error { return t.c.Exec(fmt.Sprintf("PRAGMA incremental_vacuum(%d)", step)) }

// writeBack begins to write the log back beside the writer, which goes on; what
// it adds meanwhile is written back by finish. A log that keeps growing is worth
// waiting for.
func (t *tidier) writeBack(size int64) {
	if size > 4*t.w.s.o.LogOctets {
		_, err := checkpoint(t.c, "RESTART")
		t.try("write the log back", err)
		return
	}
	if !t.busy {
		t.busy = true
		go func() {
			_, err := checkpoint(t.aside, "PASSIVE")
			t.going <- err
		}()
	}
}

// flush has the system write what the log has got since the last time, so that it
// does not do all of it when the log is written back, while others wait for the
// disk.
func (t *tidier) flush() {
	if t.flushing {
		select {
		case err := <-t.flushed:
			t.try("flush the log", err)
		default:
			return
		}
	}
	t.flushing = true
	go func() { t.flushed <- t.w.s.flushLog() }()
}

// finish writes the rest of the log back when most of it has been, so that the
// next transaction begins the log anew.
func (t *tidier) finish() {
	select {
	case err := <-t.going:
		t.busy = false
		t.try("write the log back", err)
		_, err = checkpoint(t.c, "PASSIVE")
		t.try("write the log back", err)
	default:
	}
}

// close waits for what is done aside.
func (t *tidier) close() error {
	if t.busy {
		t.try("write the log back", <-t.going)
	}
	if t.flushing {
		t.try("flush the log", <-t.flushed)
	}
	return t.aside.Close()
}

// checkpoint writes the log back and reports whether all of it: a reader may be
// in the way.
func checkpoint(c *sqlite.Conn, how string) (bool, error) {
	busy, err := c.Int("PRAGMA wal_checkpoint(" + how + ")")
	return err == nil && busy == 0, err
}

func (t *tidier) try(what string, err error) {
	if err != nil {
		t.log.Warn("mailboxes: "+what, "error", err)
	}
}

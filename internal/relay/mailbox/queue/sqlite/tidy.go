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
}

func newTidier(w *writer) *tidier {
	return &tidier{w: w, c: w.c, log: w.s.o.Log, dirty: true}
}

// afterBatch looks at the file now and then while there is no rest: the log is
// written back before it grows beyond its limit, and a file that is mostly free
// pages shrinks.
func (t *tidier) afterBatch() {
	t.dirty = true
	if t.written++; t.written < often {
		return
	}
	t.written = 0
	if size, err := t.w.s.logSize(); err == nil && size > t.w.s.o.LogOctets {
		_, err := t.checkpoint("RESTART")
		t.try("write the log back", err)
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
	done, err := t.checkpoint("TRUNCATE")
	t.try("empty the log", err)
	t.dirty = !done
	return t.dirty && err == nil
}

func (t *tidier) shrink() error { return t.c.Exec(fmt.Sprintf("PRAGMA incremental_vacuum(%d)", step)) }

// checkpoint writes the log back and reports whether all of it: a reader may be
// in the way.
func (t *tidier) checkpoint(how string) (bool, error) {
	busy, err := t.c.Int("PRAGMA wal_checkpoint(" + how + ")")
	return err == nil && busy == 0, err
}

func (t *tidier) try(what string, err error) {
	if err != nil {
		t.log.Warn("mailboxes: "+what, "error", err)
	}
}

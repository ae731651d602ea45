package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/kith-web/kith/internal/relay/mailbox/queue"
	"github.com/kith-web/kith/internal/sqlite"
)

// call is something to write, and who waits for it.
type call struct {
	kind
	apply func(w *writer) error
	taken atomic.Bool
	err   error
	done  chan struct{}
}

// kind is what the writer has to know of a call.
type kind struct {
	grows   bool // needs disk; the others may well free some
	adds    bool // adds to the log
	logged  bool // all it does is in the log, so that SQLite need not flush
	retires bool // ends the current file of the log, before anything is done
}

// write hands apply to the writer and waits until it is durable. A caller that
// gives up before its turn leaves nothing behind; afterwards it has to wait, as
// its arguments are in use.
//
// apply may run more than once. What it reports with settled stays with its
// caller; any other error undoes the transaction.
func (s *Store) write(ctx context.Context, k kind, apply func(*writer) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c := &call{kind: k, apply: apply, done: make(chan struct{})}
	select {
	case s.calls <- c:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closing:
		return errClosed
	}
	select {
	case <-c.done:
		return c.err
	case <-s.closed:
	case <-ctx.Done():
	}
	if c.taken.CompareAndSwap(false, true) {
		return errors.Join(ctx.Err(), s.ended())
	}
	<-c.done
	return c.err
}

// ended is errClosed once the writer has ended.
func (s *Store) ended() error {
	select {
	case <-s.closed:
		return errClosed
	default:
		return nil
	}
}

// writer is the one connection that writes, with its statements.
type writer struct {
	c       *sqlite.Conn
	s       *Store
	reserve *reserve
	flushes bool // with each commit
	sole    bool // no other process has the file

	begin, commit, last, note, noteNumber       *sqlite.Stmt
	byRecipient, bySender, create1, renew, lock *sqlite.Stmt
	push, seen, tally, insert, move             *sqlite.Stmt
	at, drop, atAll, dropAll, removeQueue       *sqlite.Stmt
	gone, unnamed, more, counts                 *sqlite.Stmt

	// Of a transaction: its time in seconds, the last number that was given, and by
	// how much bodies are named more or less.
	now    int64
	number int64
	change map[int64]int64
}

func (s *Store) openWriter() (*writer, error) {
	pragmas := []string{
		"auto_vacuum(INCREMENTAL)",
		"wal_autocheckpoint(0)", // tidy.go does it
		fmt.Sprintf("journal_size_limit(%d)", s.o.LogOctets),
	}
	if s.o.MaxOctets > 0 {
		pragmas = append(pragmas, fmt.Sprintf("max_page_count(%d)", max(s.o.MaxOctets/pageOctets, 1)))
	}
	c, err := sqlite.OpenConn(s.path, sqlite.Options{CacheKiB: s.o.CacheKiB, Erase: "FAST", Pragmas: pragmas})
	if err != nil {
		return nil, err
	}
	w := &writer{c: c, s: s, flushes: true, reserve: s.openReserve(), change: map[int64]int64{}}
	if err := w.openBodies(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return w, nil
}

func (w *writer) prepare() error {
	for _, p := range []struct {
		s    **sqlite.Stmt
		n    int
		text string
	}{
		{&w.begin, 0, `BEGIN IMMEDIATE`},
		{&w.commit, 0, `COMMIT`},
		{&w.last, 0, `SELECT number, segment, at, sequence, epoch FROM state`},
		{&w.note, 4, `UPDATE state SET number = ?, segment = ?, at = ?, sequence = ?`},
		{&w.noteNumber, 1, `UPDATE state SET number = ?`},
		{&w.byRecipient, 1, `SELECT id, sender, recipient_key FROM queue WHERE recipient = ?`},
		{&w.bySender, 1, `SELECT id, recipient FROM queue WHERE sender = ?`},
		{&w.create1, 7, `INSERT INTO queue (recipient, sender, recipient_key, sender_key, days, seen, push)
			VALUES (?, ?, ?, ?, ?, ?, ?)`},
		{&w.renew, 3, `UPDATE queue SET days = ?, seen = max(seen, ?) WHERE id = ?`},
		{&w.lock, 3, `UPDATE queue SET sender_key = ? WHERE sender = ? AND sender_key = ?`},
		{&w.push, 2, `UPDATE queue SET push = ? WHERE recipient = ?`},
		{&w.seen, 3, `UPDATE queue SET seen = ? WHERE recipient = ? AND seen < ?`},
		{&w.tally, 3, `SELECT count(*), total(octets), max(CASE WHEN id = ? THEN number END)
			FROM waiting WHERE queue = ? AND expires > ?`},
		{&w.insert, 7, `INSERT INTO waiting (queue, number, id, octets, expires, segment, at) VALUES (?, ?, ?, ?, ?, ?, ?)`},
		{&w.move, 6, `UPDATE waiting SET segment = ?, at = ? WHERE queue = ? AND number = ? AND segment = ? AND at = ?`},
		{&w.at, 2, `SELECT segment, octets FROM waiting WHERE queue = ? AND number = ?`},
		{&w.drop, 2, `DELETE FROM waiting WHERE queue = ? AND number = ?`},
		{&w.atAll, 1, `SELECT segment, octets FROM waiting WHERE queue = ?`},
		{&w.more, 2, `INSERT INTO segment (id, live) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET live = live + excluded.live`},
		{&w.counts, 0, `SELECT id, live FROM segment`},
		{&w.unnamed, 1, `DELETE FROM segment WHERE id = ? AND live <= 0`},
		{&w.dropAll, 1, `DELETE FROM waiting WHERE queue = ?`},
		{&w.gone, 2, `SELECT 1 FROM queue WHERE id = ? AND seen <= ?`},
		{&w.removeQueue, 1, `DELETE FROM queue WHERE id = ?`},
	} {
		var err error
		if *p.s, err = w.c.Prepare(p.text, p.n); err != nil {
			return err
		}
	}
	return nil
}

// run takes calls until the store is closed.
func (s *Store) run(w *writer, t *tidier) {
	defer close(s.closed)
	quiet := time.NewTimer(s.o.Quiet)
	defer quiet.Stop()
	for {
		select {
		case c := <-s.calls:
			w.batch(s.gather(c))
			t.afterBatch()
			quiet.Reset(s.o.Quiet)
		case <-quiet.C:
			if t.idle() {
				quiet.Reset(s.o.Quiet / 10)
			}
		case <-s.closing:
			s.tended.Wait()
			err := s.explain("write", w.transaction([]*call{{kind: kind{retires: true}, apply: nothing}}))
			s.end = errors.Join(err, s.drainReaders(), t.close(), w.close())
			return
		}
	}
}

// gather adds to c what else waits, as far as one transaction goes.
func (s *Store) gather(c *call) []*call {
	batch := make([]*call, 0, 16)
	for {
		if c.taken.CompareAndSwap(false, true) {
			batch = append(batch, c)
		}
		if len(batch) == s.o.Batch {
			return batch
		}
		select {
		case c = <-s.calls:
		default:
			return batch
		}
	}
}

// batch writes calls in one transaction and tells them. When that fails, those
// that need no disk are tried again one by one, with the reserve if need be: a full
// disk must not keep anybody from emptying it, nor one bad call spoil the others.
func (w *writer) batch(calls []*call) {
	if len(calls) == 0 {
		return
	}
	err := w.transaction(calls)
	full := w.isFull(err)
	for _, c := range calls {
		switch {
		case err == nil:
		case full && c.grows, len(calls) == 1 && !full:
			c.err = w.s.explain("write", err)
		default:
			c.err = w.s.explain("write", w.alone(c))
		}
		close(c.done)
	}
}

func (w *writer) isFull(err error) bool { return errors.Is(w.s.explain("write", err), queue.ErrDisk) }

// alone writes one call, into the reserve when there is no other room.
func (w *writer) alone(c *call) error {
	err := w.transaction([]*call{c})
	if w.isFull(err) && !c.grows && w.reserve.give() {
		err = w.transaction([]*call{c})
	}
	return err
}

// settled is an answer to a caller that leaves the transaction standing.
func settled(err error) bool {
	return errors.Is(err, queue.ErrAbsent) || errors.Is(err, queue.ErrTaken)
}

func (w *writer) transaction(calls []*call) error {
	flush, adds := !w.sole, false
	for _, c := range calls {
		flush, adds = flush || !c.logged, adds || c.adds
		if c.retires {
			w.s.bodies.Retire()
		}
	}
	if adds {
		anew, err := w.s.bodies.Ready()
		if err != nil {
			return err
		}
		flush = flush || anew
	}
	if err := w.flushing(flush); err != nil {
		return err
	}
	if _, err := w.begin.Exec(); err != nil {
		return err
	}
	err := w.apply(calls, flush)
	if err == nil {
		_, err = w.commit.Exec()
	}
	if err != nil {
		w.s.bodies.Undo()
		return rollback(w.c, err)
	}
	w.s.bodies.Settle(w.change, flush)
	return nil
}

// flushing sets whether a commit is flushed by SQLite.
func (w *writer) flushing(on bool) error {
	if on == w.flushes {
		return nil
	}
	how := "NORMAL"
	if on {
		how = "FULL"
	}
	if err := w.c.Exec("PRAGMA synchronous=" + how); err != nil {
		return err
	}
	w.flushes = on
	return nil
}

// apply does calls, and writes the log. Where the log ends is noted when
// something is in it, and when that is going to be durable here.
func (w *writer) apply(calls []*call, flush bool) error {
	w.now = w.s.o.Now().Unix()
	clear(w.change)
	err := w.last.Query(func(row []driver.Value) error {
		w.number = integer(row[0])
		return nil
	})
	if err != nil {
		return err
	}
	for _, c := range calls {
		c.err = nil
		if err := c.apply(w); settled(err) {
			c.err = err
		} else if err != nil {
			return err
		}
	}
	wrote, err := w.s.bodies.Flush()
	if err != nil {
		return err
	}
	if wrote || flush {
		if err := w.noteEnd(); err != nil {
			return err
		}
	}
	return w.count()
}

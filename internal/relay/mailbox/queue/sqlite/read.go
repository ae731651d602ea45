package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/relay/mailbox/queue"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/segment"
	"github.com/kith-web/kith/internal/sqlite"
)

// reader is a connection that reads, with its statements.
type reader struct {
	c                                 *sqlite.Conn
	byRecipient, bySender, list       *sqlite.Stmt
	fetch, names                      *sqlite.Stmt
	stats, sweepMessages, sweepQueues *sqlite.Stmt
}

const queueColumns = `SELECT recipient, sender, recipient_key, sender_key, days, seen, push, id FROM queue `

func (s *Store) openReader() (*reader, error) {
	c, err := sqlite.OpenConn(s.path, sqlite.Options{
		CacheKiB: max(s.o.CacheKiB/4, 256),
		Pragmas:  []string{"query_only(ON)", "wal_autocheckpoint(0)"},
	})
	if err != nil {
		return nil, err
	}
	r := &reader{c: c}
	for _, p := range []struct {
		s    **sqlite.Stmt
		n    int
		text string
	}{
		{&r.byRecipient, 1, queueColumns + `WHERE recipient = ?`},
		{&r.bySender, 1, queueColumns + `WHERE sender = ?`},
		{&r.list, 2, queueColumns + `WHERE recipient > ? ORDER BY recipient LIMIT ? + 0`},
		// The limits are sums, as SQLite would prepare a statement anew for each value
		// of a plain parameter there.
		{&r.fetch, 4, `SELECT number, id, expires, octets, segment, at FROM waiting
			WHERE queue = (SELECT id FROM queue WHERE recipient = ?) AND number > ? AND expires > ?
			ORDER BY number LIMIT ? + 0`},
		{&r.names, 4, `SELECT 1 FROM waiting
			WHERE queue = ? AND number = ? AND segment = ? AND at = ?`},
		{&r.stats, 0, `SELECT (SELECT count(*) FROM queue), count(*), coalesce(sum(octets), 0) FROM waiting`},
		{&r.sweepMessages, 3, `SELECT queue, number, expires FROM waiting WHERE (queue, number) > (?, ?)
			ORDER BY queue, number LIMIT ? + 0`},
		{&r.sweepQueues, 2, `SELECT id, seen FROM queue WHERE id > ? ORDER BY id LIMIT ? + 0`},
	} {
		if *p.s, err = c.Prepare(p.text, p.n); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// read lends a reader to do.
func (s *Store) read(ctx context.Context, do func(*reader) error) error {
	select {
	case r := <-s.readers:
		defer func() { s.readers <- r }()
		return s.explain("read", do(r))
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closing:
		return errClosed
	}
}

// drainReaders waits for every reader and closes it.
func (s *Store) drainReaders() error {
	var first error
	for range s.o.Readers {
		if err := (<-s.readers).c.Close(); first == nil {
			first = err
		}
	}
	return first
}

// ByRecipient looks a queue up by its recipient's side.
func (s *Store) ByRecipient(ctx context.Context, id queue.ID) (queue.Queue, error) {
	return s.one(ctx, func(r *reader) *sqlite.Stmt { return r.byRecipient }, id)
}

// BySender looks a queue up by its sender's side.
func (s *Store) BySender(ctx context.Context, id queue.ID) (queue.Queue, error) {
	return s.one(ctx, func(r *reader) *sqlite.Stmt { return r.bySender }, id)
}

func (s *Store) one(ctx context.Context, by func(*reader) *sqlite.Stmt, id queue.ID) (q queue.Queue, err error) {
	ok := false
	err = s.read(ctx, func(r *reader) error {
		return by(r).Query(func(row []driver.Value) error {
			q, ok = scan(row), true
			return nil
		}, id[:])
	})
	if err == nil && !ok {
		err = queue.ErrAbsent
	}
	return q, err
}

func scan(row []driver.Value) (q queue.Queue) {
	copy(q.Recipient[:], octets(row[0]))
	copy(q.Sender[:], octets(row[1]))
	copy(q.RecipientKey[:], octets(row[2]))
	copy(q.SenderKey[:], octets(row[3]))
	q.Days = uint8(integer(row[4]))
	q.Seen = time.Unix(integer(row[5]), 0).UTC()
	q.Push = octets(row[6])
	return q
}

// Queues lists queues by their recipient's id, beyond after.
func (s *Store) Queues(ctx context.Context, after queue.ID, n int) (list []queue.Queue, err error) {
	err = s.read(ctx, func(r *reader) error {
		return r.list.Query(func(row []driver.Value) error {
			list = append(list, scan(row))
			return nil
		}, after[:], int64(n))
	})
	return list, err
}

// Fetch returns messages of a queue, in order.
func (s *Store) Fetch(ctx context.Context, recipient queue.ID, after uint64, n int) ([]queue.Message, error) {
	list, err := s.fetch(ctx, recipient, after, n)
	if fault.KindOf(err) == fault.Corrupt { // or another process moved it while it was read
		list, err = s.fetch(ctx, recipient, after, n)
	}
	return list, err
}

func (s *Store) fetch(ctx context.Context, recipient queue.ID, after uint64, n int) (list []queue.Message, err error) {
	absent := false
	bodies := s.bodies.Reader()
	defer func() { err = errors.Join(err, bodies.Close()) }()
	err = s.read(ctx, func(r *reader) error {
		err := r.fetch.Query(func(row []driver.Value) error {
			m := queue.Message{Number: uint64(integer(row[0])), Expires: time.Unix(integer(row[2]), 0).UTC()}
			copy(m.ID[:], octets(row[1]))
			var err error
			m.Body, err = bodies.Body(segment.Place{Segment: integer(row[4]), At: integer(row[5])}, m.ID, int(integer(row[3])))
			list = append(list, m)
			return err
		}, recipient[:], int64(after), s.o.Now().Unix(), int64(n))
		if err != nil || len(list) > 0 {
			return err
		}
		absent = true
		return r.byRecipient.Query(func([]driver.Value) error {
			absent = false
			return nil
		}, recipient[:])
	})
	if err == nil && absent {
		err = queue.ErrAbsent
	}
	return list, err
}

// Stats counts, by reading every row about a message.
func (s *Store) Stats(ctx context.Context) (st queue.Stats, err error) {
	err = s.read(ctx, func(r *reader) error {
		return r.stats.Query(func(row []driver.Value) error {
			st = queue.Stats{Queues: integer(row[0]), Messages: integer(row[1]), Octets: integer(row[2])}
			return nil
		})
	})
	return st, err
}

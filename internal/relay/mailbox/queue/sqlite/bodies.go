package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"os"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/relay/mailbox/queue"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/segment"
)

// bodiesSuffix follows the name of the store's file: the folder of bodies.
const bodiesSuffix = "-bodies"

// openBodies brings the file to the newest version, opens the log, and does again
// what is in it and not in the file.
func (w *writer) openBodies() (err error) {
	s := w.s
	if s.bodies, err = segment.Open(s.path+bodiesSuffix, s.o.Bodies); err != nil {
		return err
	}
	if err := migrate(w.c, s.path, s.bodies); err != nil {
		return err
	}
	if err := w.prepare(); err != nil {
		return err
	}
	w.sole = s.o.Alone()
	if _, err := w.begin.Exec(); err != nil {
		return err
	}
	if err = w.begun(); err == nil {
		_, err = w.commit.Exec()
	}
	if err != nil {
		return rollback(w.c, err)
	}
	if w.sole {
		return w.adopt()
	}
	return nil
}

// begun begins an epoch, and replays, in a transaction.
func (w *writer) begun() error {
	if err := w.c.Exec("UPDATE state SET epoch = epoch + 1"); err != nil {
		return err
	}
	var sequence int64
	var from segment.Place
	err := w.last.Query(func(row []driver.Value) error {
		w.number, sequence = integer(row[0]), integer(row[3])
		from = segment.Place{Segment: integer(row[1]), At: integer(row[2])}
		w.s.bodies.Begin(integer(row[4]))
		return nil
	})
	if err != nil || !w.sole {
		return err
	}
	err = w.s.bodies.Replay(from, sequence, func(r segment.Record, at segment.Place) error {
		switch r.Kind {
		case segment.Came:
			w.number = max(w.number, r.Number)
			return w.row(r, at)
		case segment.Went:
			_, err := w.erase(r.Queue, r.Number)
			return err
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := w.count(); err != nil {
		return err
	}
	return w.noteEnd()
}

// adopt takes over all files of bodies, when no other process has them.
func (w *writer) adopt() error {
	live := map[int64]int64{}
	err := w.counts.Query(func(row []driver.Value) error {
		live[integer(row[0])] = integer(row[1])
		return nil
	})
	if err != nil {
		return err
	}
	return w.s.bodies.Adopt(live)
}

// noteEnd notes up to where the log is in the file. While another process has it
// that is the other's to note: each of our transactions is flushed.
func (w *writer) noteEnd() error {
	if !w.sole {
		_, err := w.noteNumber.Exec(w.number)
		return err
	}
	at, sequence := w.s.bodies.Position()
	_, err := w.note.Exec(w.number, at.Segment, at.At, sequence)
	return err
}

// keep logs a message that came, and adds its row.
func (w *writer) keep(r segment.Record) error {
	at, err := w.s.bodies.Add(r)
	if err != nil {
		return err
	}
	return w.row(r, at)
}

func (w *writer) row(r segment.Record, at segment.Place) error {
	w.change[at.Segment] += segment.Head + int64(len(r.Body))
	_, err := w.insert.Exec(r.Queue, r.Number, r.ID[:], int64(len(r.Body)), r.Expires, at.Segment, at.At)
	return err
}

// giveUp notes that a row, of a segment and the length of a body, goes.
func (w *writer) giveUp(row []driver.Value) error {
	w.change[integer(row[0])] -= segment.Head + integer(row[1])
	return nil
}

// count writes down by how much bodies are named more or less. Others may count,
// too.
func (w *writer) count() error {
	for id, n := range w.change {
		if _, err := w.more.Exec(id, n); err != nil {
			return err
		}
		if w.s.bodies.Live(id)+n > 0 {
			continue
		}
		if _, err := w.unnamed.Exec(id); err != nil {
			return err
		}
	}
	return nil
}

// roomFor makes sure that so many octets of bodies may be added.
func (s *Store) roomFor(ctx context.Context, octets int64) error {
	if s.o.MaxOctets <= 0 {
		return nil
	}
	info, err := os.Stat(s.path)
	if err != nil {
		return s.explain("measure", err)
	}
	octets += info.Size()
	if s.bodies.Size()+octets <= s.o.MaxOctets {
		return nil
	}
	if s.bodies.Idle(0) {
		if err := s.retire(ctx); err != nil {
			return err
		}
	}
	if err := s.bodies.Sweep(0); err != nil || s.bodies.Size()+octets <= s.o.MaxOctets {
		return s.explain("make room for", err)
	}
	return fault.New(fault.NoSpace, "the mailboxes in %s are as large as they may be: %w", s.path, queue.ErrDisk).
		WithHint("raise the limit of the mailboxes")
}

// close ends the writer.
func (w *writer) close() error { return errors.Join(w.c.Close(), w.s.bodies.Close()) }

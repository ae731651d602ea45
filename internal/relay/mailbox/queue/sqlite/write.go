package sqlite

import (
	"context"
	"database/sql/driver"
	"time"

	"github.com/kith-web/kith/internal/relay/mailbox/queue"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/segment"
)

// grain is how exactly it is noted when a recipient was there: more often than
// this would be a write for nothing.
const grain = time.Hour

// create makes or renews a queue, in a transaction.
func (w *writer) create(q queue.Queue) error {
	mine, err := w.recipient(q.Recipient)
	if err != nil {
		return err
	}
	if mine.ok {
		if mine.other != q.Sender || mine.key != q.RecipientKey {
			return queue.ErrTaken
		}
		_, err := w.renew.Exec(int64(q.Days), q.Seen.Unix(), mine.number)
		return err
	}
	theirs, err := w.sender(q.Sender)
	if err != nil {
		return err
	}
	if theirs.ok {
		return queue.ErrTaken
	}
	_, err = w.create1.Exec(q.Recipient[:], q.Sender[:], q.RecipientKey[:], q.SenderKey[:],
		int64(q.Days), q.Seen.Unix(), blob(q.Push))
	return err
}

func (w *writer) recipient(id queue.ID) (f found, err error) {
	err = w.byRecipient.Query(func(row []driver.Value) error {
		f.ok, f.number = true, integer(row[0])
		copy(f.other[:], octets(row[1]))
		copy(f.key[:], octets(row[2]))
		return nil
	}, id[:])
	return f, err
}

func (w *writer) sender(id queue.ID) (f found, err error) {
	err = w.bySender.Query(func(row []driver.Value) error {
		f.ok, f.number = true, integer(row[0])
		copy(f.other[:], octets(row[1]))
		return nil
	}, id[:])
	return f, err
}

// Put adds messages in one transaction.
func (s *Store) Put(ctx context.Context, puts []queue.Put) ([]queue.Taken, error) {
	if err := s.guard.check(); err != nil {
		return nil, err
	}
	octets := int64(0)
	for _, p := range puts {
		octets += segment.Head + int64(len(p.Body))
	}
	if err := s.roomFor(ctx, octets); err != nil {
		return nil, err
	}
	taken := make([]queue.Taken, len(puts))
	err := s.write(ctx, kind{grows: true, adds: true, logged: true}, func(w *writer) (err error) {
		for i := range puts {
			if taken[i], err = w.put(&puts[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i := range puts {
		s.sweep.due(puts[i].Expires.Unix())
	}
	return taken, nil
}

func (w *writer) put(p *queue.Put) (queue.Taken, error) {
	q, err := w.sender(p.Sender)
	if err != nil {
		return queue.Taken{}, err
	}
	if !q.ok {
		return queue.Taken{Err: queue.ErrAbsent}, nil
	}
	t := queue.Taken{Recipient: q.other}
	var messages, held, same int64
	err = w.tally.Query(func(row []driver.Value) error {
		total, _ := row[1].(float64)
		messages, held, same = integer(row[0]), int64(total), integer(row[2])
		return nil
	}, p.ID[:], q.number, w.now)
	if err != nil {
		return t, err
	}
	l := w.s.o.Limits
	switch {
	case same != 0:
		t.Number = uint64(same)
		return t, nil
	case messages >= int64(l.Messages) || held+int64(len(p.Body)) > l.Octets:
		t.Err = queue.ErrFull
		return t, nil
	}
	w.number++
	t.Number = uint64(w.number)
	return t, w.keep(segment.Record{
		Kind: segment.Came, Queue: q.number, Number: w.number, Expires: p.Expires.Unix(), ID: p.ID, Body: p.Body,
	})
}

// Ack erases messages.
func (s *Store) Ack(ctx context.Context, acks []queue.Ack) error {
	return s.write(ctx, kind{adds: true, logged: true}, func(w *writer) error {
		for _, a := range acks {
			q, err := w.recipient(a.Recipient)
			if err != nil {
				return err
			}
			if !q.ok {
				continue
			}
			for _, n := range a.Numbers {
				if err := w.acknowledge(q.number, int64(n)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// acknowledge removes a message if it is there, and logs that.
func (w *writer) acknowledge(q, number int64) error {
	gone, err := w.erase(q, number)
	if err == nil && gone {
		_, err = w.s.bodies.Add(segment.Record{Kind: segment.Went, Queue: q, Number: number})
	}
	return err
}

// erase removes a message, and reports whether it was there.
func (w *writer) erase(q, number int64) (bool, error) {
	if err := w.at.Query(w.giveUp, q, number); err != nil {
		return false, err
	}
	n, err := w.drop.Exec(q, number)
	return n > 0, err
}

// Delete removes a queue and what is in it.
func (s *Store) Delete(ctx context.Context, recipient queue.ID) error {
	return s.write(ctx, kind{}, func(w *writer) error {
		q, err := w.recipient(recipient)
		if err != nil {
			return err
		}
		if !q.ok {
			return queue.ErrAbsent
		}
		return w.remove(q.number)
	})
}

// remove removes a queue by its number, its messages first.
func (w *writer) remove(q int64) error {
	if err := w.atAll.Query(w.giveUp, q); err != nil {
		return err
	}
	if _, err := w.dropAll.Exec(q); err != nil {
		return err
	}
	_, err := w.removeQueue.Exec(q)
	return err
}

// Present notes that recipients were here, to the hour.
func (s *Store) Present(ctx context.Context, recipients []queue.ID, at time.Time) error {
	return s.write(ctx, kind{}, func(w *writer) error {
		for _, id := range recipients {
			if _, err := w.seen.Exec(at.Unix(), id[:], at.Add(-grain).Unix()); err != nil {
				return err
			}
		}
		return nil
	})
}

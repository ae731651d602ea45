package sqlite

import (
	"context"
	"database/sql/driver"
	"time"

	"github.com/kith-web/kith/internal/relay/mailbox/queue"
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
	taken, octets := make([]queue.Taken, len(puts)), 0
	for _, p := range puts {
		octets += len(p.Body)
	}
	err := s.write(ctx, octets, true, func(w *writer) (err error) {
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
	w.number, w.given = w.number+1, true
	t.Number = uint64(w.number)
	if _, err := w.insert.Exec(q.number, w.number, p.ID[:], int64(len(p.Body)), p.Expires.Unix()); err != nil {
		return t, err
	}
	return t, w.insertParts(w.number, p.Body)
}

// Ack erases messages.
func (s *Store) Ack(ctx context.Context, acks []queue.Ack) error {
	return s.write(ctx, 0, false, func(w *writer) error {
		for _, a := range acks {
			q, err := w.recipient(a.Recipient)
			if err != nil {
				return err
			}
			if !q.ok {
				continue
			}
			for _, n := range a.Numbers {
				if err := w.erase(q.number, int64(n)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// erase removes a message if it is there.
func (w *writer) erase(q, number int64) error {
	n, err := w.drop.Exec(q, number)
	if err == nil && n > 0 {
		err = w.dropParts(number)
	}
	return err
}

// Delete removes a queue and what is in it.
func (s *Store) Delete(ctx context.Context, recipient queue.ID) error {
	return s.write(ctx, 0, false, func(w *writer) error {
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
	var numbers []int64
	err := w.numbers.Query(func(row []driver.Value) error {
		numbers = append(numbers, integer(row[0]))
		return nil
	}, q)
	if err != nil {
		return err
	}
	for _, n := range numbers {
		if err := w.dropParts(n); err != nil {
			return err
		}
	}
	if _, err := w.dropAll.Exec(q); err != nil {
		return err
	}
	_, err = w.removeQueue.Exec(q)
	return err
}

// Present notes that recipients were here, to the hour.
func (s *Store) Present(ctx context.Context, recipients []queue.ID, at time.Time) error {
	return s.write(ctx, 0, false, func(w *writer) error {
		for _, id := range recipients {
			if _, err := w.seen.Exec(at.Unix(), id[:], at.Add(-grain).Unix()); err != nil {
				return err
			}
		}
		return nil
	})
}

package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"math"
	"sync"
	"time"
)

const (
	// stride is how many rows of a sweep are read at once.
	stride = 4096
	// bite is how many rows of a sweep are erased in one call to the writer.
	bite = 64
)

// sweep is where Expire is in its round over all rows, and what it knows. It
// matters for cost alone: a new process begins a new round.
type sweep struct {
	round sync.Mutex // held by who makes the round
	going bool
	inTwo bool // the messages are done, the queues are next
	at    row  // the last row that was looked at

	mu   sync.Mutex
	soon int64 // nothing is due before; 0 until a round was made
}

// row is one about a message, or, with number 0, a queue.
type row struct{ queue, number int64 }

// due notes something new that will be due.
func (s *sweep) due(at int64) {
	s.mu.Lock()
	s.soon = min(s.soon, at)
	s.mu.Unlock()
}

// begin begins a round unless nothing can be due by now.
func (s *sweep) begin(now int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.going {
		if now < s.soon {
			return false
		}
		s.going, s.inTwo, s.at, s.soon = true, false, row{math.MinInt64, 0}, math.MaxInt64
	}
	return true
}

// Expire erases messages that expired by now and queues whose recipient has not
// been there for long, up to n. It goes over all rows, a stride at a time, from
// where it stopped; when the last round has told that nothing can be due yet, it
// does nothing.
func (s *Store) Expire(ctx context.Context, now time.Time, n int) (int, error) {
	s.sweep.round.Lock()
	defer s.sweep.round.Unlock()
	if n <= 0 || !s.sweep.begin(now.Unix()) {
		return 0, nil
	}
	erased := 0
	for s.sweep.going && erased < n {
		old, err := s.look(ctx, now, min(n-erased, stride))
		for len(old) > 0 && err == nil {
			some := old[:min(len(old), bite)]
			old = old[len(some):]
			err = s.write(ctx, kind{}, func(w *writer) error { return w.expire(some, s.absent(now)) })
			erased += len(some)
		}
		if err != nil {
			s.sweep.going = false
			s.sweep.due(0)
			return erased, err
		}
	}
	return erased, nil
}

// absent is when a recipient was last seen whose queue is forgotten now.
func (s *Store) absent(now time.Time) int64 { return now.Add(-s.o.Limits.Idle).Unix() }

// errEnough ends a query.
var errEnough = errors.New("enough")

// look reads the next stride and returns at most n rows of it that are due.
func (s *Store) look(ctx context.Context, now time.Time, n int) (old []row, err error) {
	w, read := &s.sweep, 0
	err = s.read(ctx, func(r *reader) error {
		each := func(at row, due int64) error {
			w.at = at
			read++
			if due > now.Unix() {
				w.due(due)
			} else if old = append(old, at); len(old) == n {
				return errEnough
			}
			return nil
		}
		if w.inTwo {
			return r.sweepQueues.Query(func(v []driver.Value) error {
				return each(row{queue: integer(v[0])}, integer(v[1])+int64(s.o.Limits.Idle/time.Second))
			}, w.at.queue, int64(stride))
		}
		return r.sweepMessages.Query(func(v []driver.Value) error {
			return each(row{integer(v[0]), integer(v[1])}, integer(v[2]))
		}, w.at.queue, w.at.number, int64(stride))
	})
	switch {
	case errors.Is(err, errEnough):
		return old, nil
	case err == nil && read < stride && w.inTwo:
		w.going = false
	case err == nil && read < stride:
		w.inTwo, w.at = true, row{queue: math.MinInt64}
	}
	return old, err
}

// expire erases rows that were due; a recipient that came back meanwhile keeps
// the queue.
func (w *writer) expire(old []row, absent int64) error {
	for _, r := range old {
		if r.number != 0 {
			if _, err := w.erase(r.queue, r.number); err != nil {
				return err
			}
			continue
		}
		still := false
		err := w.gone.Query(func([]driver.Value) error {
			still = true
			return nil
		}, r.queue, absent)
		if err == nil && still {
			err = w.remove(r.queue)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

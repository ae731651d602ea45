package sqlite

import (
	"context"
	"database/sql/driver"
	"time"

	"github.com/kith-web/kith/internal/relay/mailbox/queue/segment"
)

// tend gives back the disk of bodies that nobody names, until the store closes, and
// takes over the files of another process once there is none.
func (s *Store) tend(alone bool) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	tick := time.NewTicker(s.o.Tend)
	defer tick.Stop()
	for {
		select {
		case <-s.closing:
			return
		case <-tick.C:
		}
		if !alone && s.o.Alone() {
			alone = true
			s.follow(ctx)
		}
		if err := s.giveBack(ctx); err != nil && s.ended() == nil {
			s.o.Log.Warn("mailboxes: give disk back", "error", err)
		}
	}
}

// follow takes over what another process left. Where that fails its files stay as
// they are until the next start.
func (s *Store) follow(ctx context.Context) {
	err := s.write(ctx, kind{retires: true}, func(w *writer) error {
		err := w.adopt()
		w.sole = err == nil
		return err
	})
	if err != nil {
		s.o.Log.Warn("mailboxes: take over what another relay left", "error", err)
	}
}

// giveBack writes crowded files anew and removes those in which nothing is named.
func (s *Store) giveBack(ctx context.Context) error {
	for {
		select {
		case <-s.closing:
			return nil
		default:
		}
		id, current, ok := s.bodies.Crowded()
		if !ok {
			break
		}
		if current {
			if err := s.retire(ctx); err != nil {
				return err
			}
		}
		err := s.bodies.Each(id, func(list []segment.Record, from []segment.Place) error {
			return s.moveAll(ctx, list, from)
		})
		if stays := s.bodies.Anew(id); err != nil || stays {
			s.o.Log.Warn("mailboxes: a file of bodies cannot be written anew", "file", id, "error", err)
		}
	}
	if s.bodies.Idle(s.o.Tend) {
		if err := s.retire(ctx); err != nil {
			return err
		}
	}
	return s.bodies.Sweep(s.o.Tend)
}

// retire ends the file that is appended to.
func (s *Store) retire(ctx context.Context) error {
	return s.write(ctx, kind{retires: true}, nothing)
}

func nothing(*writer) error { return nil }

// moveAll moves those of the records that rows name to the end of the log.
func (s *Store) moveAll(ctx context.Context, list []segment.Record, from []segment.Place) error {
	var named []int
	err := s.read(ctx, func(r *reader) error {
		for i, b := range list {
			err := r.names.Query(func([]driver.Value) error {
				named = append(named, i)
				return nil
			}, b.Queue, b.Number, from[i].Segment, from[i].At)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || len(named) == 0 {
		return err
	}
	return s.write(ctx, kind{grows: true, adds: true}, func(w *writer) error {
		for _, i := range named {
			if err := w.moveOne(list[i], from[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// moveOne names a body where it is moved to, unless it was acknowledged meanwhile.
func (w *writer) moveOne(r segment.Record, from segment.Place) error {
	r.Kind = segment.Moved
	to, err := w.s.bodies.Add(r)
	if err != nil {
		return err
	}
	n, err := w.move.Exec(to.Segment, to.At, r.Queue, r.Number, from.Segment, from.At)
	if err != nil || n == 0 {
		return err
	}
	octets := segment.Head + int64(len(r.Body))
	w.change[from.Segment] -= octets
	w.change[to.Segment] += octets
	return nil
}

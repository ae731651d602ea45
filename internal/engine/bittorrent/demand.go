package bittorrent

import (
	"context"
	"io/fs"
	"sync"
	"time"

	"github.com/anacrolix/torrent"
)

// firstAhead is how far ahead of a new reader pieces are asked for.
const firstAhead = 4 << 20

// linger is how long pieces stay wanted after their reader went: the next file
// of the page is often right behind.
const linger = 3 * time.Second

// window is what one reader wants: the piece it waits for or reads, and those
// behind it.
type window struct{ first, end int }

// demand is what all readers of a site want, and so the priority of each piece.
type demand struct {
	mu      sync.Mutex
	windows map[*window]struct{}
	all     int // callers of Complete
	prio    []torrent.PiecePriority
	sweep   *time.Timer
	closed  bool
}

func (d *demand) init(pieces int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.windows = map[*window]struct{}{}
	d.prio = make([]torrent.PiecePriority, pieces)
}

func (d *demand) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	if d.sweep != nil {
		d.sweep.Stop()
	}
}

// want moves the window of a reader.
func (s *site) want(w *window, first, end int) {
	d := &s.demand
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, known := d.windows[w]; known && w.first == first && w.end >= end {
		return
	}
	old := *w
	w.first, w.end = first, end
	d.windows[w] = struct{}{}
	s.rank(first, end)
	if old.end > old.first {
		s.rank(old.first, min(old.end, first))
		s.rank(max(old.first, end), old.end)
	}
}

// done drops the window of a reader that went.
func (s *site) done(w *window) {
	d := &s.demand
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.windows[w]; !ok {
		return
	}
	delete(d.windows, w)
	if d.sweep == nil && !d.closed {
		d.sweep = time.AfterFunc(linger, func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.sweep = nil
			s.rank(0, len(d.prio))
		})
	}
}

// rank gives the pieces from first to end the priority they are due; the lock is
// held.
func (s *site) rank(first, end int) {
	d := &s.demand
	c := s.content.Load()
	for i := first; i < end && !d.closed; i++ {
		p := torrent.PiecePriorityNone
		if d.all > 0 {
			p = torrent.PiecePriorityNormal
		}
		for w := range d.windows {
			if i == w.first {
				p = torrent.PiecePriorityNow
			} else if i > w.first && i < w.end {
				p.Raise(torrent.PiecePriorityReadahead)
			}
		}
		if p == d.prio[i] || (c.vault.Has(i) && p > d.prio[i]) {
			continue
		}
		d.prio[i] = p
		s.t.Piece(i).SetPriority(p)
		s.stirred.Store(true)
	}
}

// await returns when the octet at off is there.
func (s *site) await(ctx context.Context, w *window, off, ahead int64) error {
	if s.content.Load().vault.Missing(off, off+1) < 0 {
		return nil
	}
	if s.waiting.Add(1) == 1 {
		s.hurry()
	}
	defer s.waiting.Add(-1)
	for {
		c := s.content.Load()
		changed := c.vault.Changed()
		i := c.vault.Missing(off, off+1)
		if i < 0 {
			return nil
		}
		s.want(w, i, s.pieceEnd(off+ahead))
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.gone:
			return fs.ErrClosed
		}
	}
}

// pieceEnd is the piece behind the octet at off, or the last one.
func (s *site) pieceEnd(off int64) int {
	m := s.content.Load().meta
	return int((min(off, m.Span) + m.PieceLength - 1) / m.PieceLength)
}

// complete fetches everything.
func (s *site) complete(ctx context.Context) error {
	s.wantAll(+1)
	defer s.wantAll(-1)
	for {
		c := s.content.Load()
		changed := c.vault.Changed()
		if c.vault.Count() == c.meta.Pieces {
			return nil
		}
		s.waiting.Add(1)
		var err error
		select {
		case <-changed:
		case <-ctx.Done():
			err = context.Cause(ctx)
		case <-s.gone:
			err = fs.ErrClosed
		}
		s.waiting.Add(-1)
		if err != nil {
			return err
		}
	}
}

func (s *site) wantAll(n int) {
	d := &s.demand
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all += n
	if d.all == 0 || (d.all == 1 && n > 0) {
		s.rank(0, len(d.prio))
	}
}

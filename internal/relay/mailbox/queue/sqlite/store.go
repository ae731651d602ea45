package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/relay/mailbox/queue"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/segment"
	"github.com/kith-web/kith/internal/sqlite"
)

// Store is an open file of mailboxes.
type Store struct {
	path string
	o    Options

	bodies  *segment.Log
	calls   chan *call
	readers chan *reader
	guard   diskGuard
	sweep   sweep

	// closing ends the writer and tend; closed is closed when they have ended.
	once    sync.Once
	closing chan struct{}
	tended  sync.WaitGroup
	closed  chan struct{}
	end     error
}

var _ queue.Store = (*Store)(nil)

// errClosed is what calls after Close get.
var errClosed = errors.New("the mailboxes are closed")

// Open opens the file at path, with the folder of bodies beside it, and creates
// or migrates them as needed. The error is
// fault.Corrupt for a damaged file, fault.Unsupported for one that a newer
// version wrote and fault.NoSpace when the disk is full.
func Open(path string, o Options) (*Store, error) {
	o = o.withDefaults()
	s := &Store{
		path: path, o: o,
		calls:   make(chan *call, o.Batch),
		readers: make(chan *reader, o.Readers),
		guard:   diskGuard{dir: folder(path), share: o.DiskShare, used: o.DiskUsed, now: o.Now},
		closing: make(chan struct{}),
		closed:  make(chan struct{}),
	}
	w, err := s.openWriter()
	if err != nil {
		return nil, s.explain("open", err)
	}
	for range o.Readers {
		r, err := s.openReader()
		if err != nil {
			return nil, s.explain("open", errors.Join(err, s.closeReaders(), w.close()))
		}
		s.readers <- r
	}
	aside, err := s.openAside()
	if err != nil {
		return nil, s.explain("open", errors.Join(err, s.closeReaders(), w.close()))
	}
	alone := w.sole
	s.tended.Go(func() { s.tend(alone) })
	go s.run(w, newTidier(w, aside))
	return s, nil
}

// Close waits for what was begun, writes the log back and closes the file.
func (s *Store) Close() error {
	s.once.Do(func() { close(s.closing) })
	<-s.closed
	return s.end
}

func (s *Store) closeReaders() error {
	var errs []error
	for range len(s.readers) {
		r := <-s.readers
		errs = append(errs, r.c.Close())
	}
	return errors.Join(errs...)
}

// explain gives an error of the driver the kind that it has for a person.
func (s *Store) explain(doing string, err error) error {
	if err == nil {
		return nil
	}
	var known *fault.Error
	code, ok := sqlite.CodeOf(err)
	if errors.As(err, &known) {
		return err
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		code, ok = sqlite.Full, true
	}
	if !ok {
		return fmt.Errorf("%s the mailboxes: %w", doing, err)
	}
	switch code {
	case sqlite.Corrupt, sqlite.NotADB:
		return fault.New(fault.Corrupt, "the mailboxes in %s are damaged: %w", s.path, err).
			WithHint("put a backup of the file there, or move it away and start empty: senders use a second relay meanwhile")
	case sqlite.Full:
		return fault.New(fault.NoSpace, "no space left for the mailboxes in %s: %w", s.path, queue.ErrDisk).
			WithHint("free some disk space, or raise the limit of the mailboxes")
	case sqlite.Busy:
		return fault.New(fault.InUse, "the mailboxes in %s are locked by another program: %w", s.path, err).
			WithHint("close the program that has the file open and try again")
	}
	return fmt.Errorf("%s the mailboxes: %w", doing, err)
}

// Create makes a queue, or renews an equal one.
func (s *Store) Create(ctx context.Context, q queue.Queue) error {
	if err := s.guard.check(); err != nil {
		return err
	}
	if err := s.write(ctx, kind{grows: true}, func(w *writer) error { return w.create(q) }); err != nil {
		return err
	}
	s.sweep.due(q.Seen.Add(s.o.Limits.Idle).Unix())
	return nil
}

// Lock replaces the key of a queue's sender, if it is still old.
func (s *Store) Lock(ctx context.Context, sender queue.ID, old, key queue.Key) error {
	return s.write(ctx, kind{}, func(w *writer) error {
		return some(w.lock.Exec(key[:], sender[:], old[:]))
	})
}

// SetPush keeps or, empty, forgets a queue's subscription.
func (s *Store) SetPush(ctx context.Context, recipient queue.ID, subscription []byte) error {
	return s.write(ctx, kind{}, func(w *writer) error {
		return some(w.push.Exec(blob(subscription), recipient[:]))
	})
}

// some turns a statement that changed nothing into queue.ErrAbsent.
func some(n int64, err error) error {
	if err == nil && n == 0 {
		return queue.ErrAbsent
	}
	return err
}

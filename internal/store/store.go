package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/sqlite"
)

// FileName is the name of the database in the folder given to Open.
const FileName = "kith.db"

// readers is how many goroutines may read at the same moment.
const readers = 4

// Store is an open database. It is safe for concurrent use.
type Store struct {
	path string

	read *sql.DB // many connections
	// quick and durable each hold one connection that may write; they differ
	// in how far a commit goes before it returns. writing keeps it to one
	// writer at a time, so that neither ever finds the file busy.
	quick   *sql.DB
	durable *sql.DB
	writing sync.Mutex

	mu      sync.Mutex
	buckets map[string]*Bucket
}

// Open opens the database in dir, which exists, and creates or migrates it as
// needed. The error is fault.Corrupt for a damaged file and fault.Unsupported
// for one that a newer version wrote; both say what to do.
func Open(dir string) (*Store, error) {
	path, err := filepath.Abs(filepath.Join(dir, FileName))
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	s := &Store{path: path, buckets: map[string]*Bucket{}}
	if err := s.connect(); err != nil {
		return nil, errors.Join(s.explain("open", err), s.Close())
	}
	if err := s.migrate(context.Background(), migrations()); err != nil {
		return nil, errors.Join(s.explain("open", err), s.Close())
	}
	return s, nil
}

func (s *Store) connect() (err error) {
	if s.durable, err = sqlite.Open(s.path, sqlite.Options{}); err != nil {
		return err
	}
	if s.quick, err = sqlite.Open(s.path, sqlite.Options{Synchronous: "NORMAL"}); err != nil {
		return err
	}
	if s.read, err = sqlite.Open(s.path, sqlite.Options{Synchronous: "NORMAL", Conns: readers}); err != nil {
		return err
	}
	return s.durable.Ping()
}

// Close writes the log back into the file and closes it. Whatever is called
// afterwards fails.
func (s *Store) Close() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	var errs []error
	for _, db := range []*sql.DB{s.read, s.quick, s.durable} {
		if db != nil {
			errs = append(errs, db.Close())
		}
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
	if errors.As(err, &known) || !ok {
		return fmt.Errorf("%s the database: %w", doing, err)
	}
	switch code {
	case sqlite.Corrupt, sqlite.NotADB:
		return fault.New(fault.Corrupt, "the database %s is damaged: %w", s.path, err).
			WithHint("put a backup of %s there, or move it away and start again: "+
				"published folders and downloaded files stay on disk, but the lists of what is pinned and published "+
				"start empty", FileName)
	case sqlite.Full:
		return fault.New(fault.NoSpace, "no space left for the database %s: %w", s.path, err)
	case sqlite.Busy:
		return fault.New(fault.InUse, "the database %s is locked by another program: %w", s.path, err).
			WithHint("close the program that has %s open and try again", FileName)
	}
	return fmt.Errorf("%s the database: %w", doing, err)
}

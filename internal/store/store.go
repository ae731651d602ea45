package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"modernc.org/sqlite"

	"github.com/kith-web/kith/internal/fault"
)

// FileName is the name of the database in the folder given to Open.
const FileName = "kith.db"

const (
	// busyTimeout is how long a statement waits for another process (a person
	// with the sqlite3 shell, say) to release the file.
	busyTimeout = 5 * time.Second
	// readers is how many goroutines may read at the same moment.
	readers = 4
	// cacheKiB is the page cache of one connection.
	cacheKiB = 2048
)

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
	if err := touch(path); err != nil {
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

// touch makes sure that the file exists and that nobody else can read it.
// SQLite gives its log files the same mode.
func touch(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func (s *Store) connect() (err error) {
	if s.durable, err = sql.Open("sqlite", dsn(s.path, "FULL")); err != nil {
		return err
	}
	s.durable.SetMaxOpenConns(1)
	if s.quick, err = sql.Open("sqlite", dsn(s.path, "NORMAL")); err != nil {
		return err
	}
	s.quick.SetMaxOpenConns(1)
	if s.read, err = sql.Open("sqlite", dsn(s.path, "NORMAL")); err != nil {
		return err
	}
	s.read.SetMaxOpenConns(readers)
	s.read.SetMaxIdleConns(readers)
	return s.durable.Ping()
}

// dsn names the file, by its absolute path, with the settings every connection needs.
func dsn(path, synchronous string) string {
	pragmas := url.Values{"_txlock": {"immediate"}, "_pragma": {
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
		"journal_mode(WAL)",
		"synchronous(" + synchronous + ")",
		"secure_delete(ON)",
		fmt.Sprintf("cache_size(-%d)", cacheKiB),
		"temp_store(MEMORY)",
		"trusted_schema(OFF)",
	}}
	name := filepath.ToSlash(path)
	if filepath.VolumeName(path) != "" {
		name = "/" + name
	}
	return (&url.URL{Scheme: "file", Path: name, RawQuery: pragmas.Encode()}).String()
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

// Primary result codes of SQLite (sqlite.org/rescode.html); the low octet of
// an extended code.
const (
	codeBusy    = 5
	codeCorrupt = 11
	codeFull    = 13
	codeNotADB  = 26
)

// explain gives an error of the driver the kind that it has for a person.
func (s *Store) explain(doing string, err error) error {
	if err == nil {
		return nil
	}
	var known *fault.Error
	var e *sqlite.Error
	if errors.As(err, &known) || !errors.As(err, &e) {
		return fmt.Errorf("%s the database: %w", doing, err)
	}
	switch e.Code() & 0xff {
	case codeCorrupt, codeNotADB:
		return fault.New(fault.Corrupt, "the database %s is damaged: %w", s.path, err).
			WithHint("put a backup of %s there, or move it away and start again: "+
				"published folders and downloaded files stay on disk, but the lists of what is pinned and published "+
				"start empty", FileName)
	case codeFull:
		return fault.New(fault.NoSpace, "no space left for the database %s: %w", s.path, err)
	case codeBusy:
		return fault.New(fault.InUse, "the database %s is locked by another program: %w", s.path, err).
			WithHint("close the program that has %s open and try again", FileName)
	}
	return fmt.Errorf("%s the database: %w", doing, err)
}

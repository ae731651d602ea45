package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
)

// Options are the choices of Open. Zero values are replaced by the default each
// comment names.
type Options struct {
	// Synchronous is how far a commit goes before it returns (PRAGMA
	// synchronous): FULL, which a power cut does not undo.
	Synchronous string
	// Conns is how many connections are opened at most: 1.
	Conns int
	// CacheKiB is the page cache of one connection: 2048.
	CacheKiB int
	// Erase is how what is deleted is overwritten (PRAGMA secure_delete): ON. With
	// FAST pages that become free keep what was in them until they are used again
	// or given back to the system.
	Erase string
	// Busy is how long a statement waits for another process that has the file:
	// 5 seconds.
	Busy time.Duration
	// Pragmas are further settings of every connection, such as
	// "journal_size_limit(1048576)". The driver runs them in alphabetical order,
	// so that auto_vacuum, which has to be known before the first page is
	// written, comes before journal_mode.
	Pragmas []string
}

// Open opens the file at path and creates it when it is missing, readable to its
// owner alone; SQLite gives its log files the same mode. Transactions begin
// IMMEDIATE. Nothing is read yet: Ping finds a damaged file.
func Open(path string, o Options) (*sql.DB, error) {
	path, err := create(path)
	if err != nil {
		return nil, err
	}
	o = o.withDefaults()
	db, err := sql.Open("sqlite", dsn(path, o))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(o.Conns)
	db.SetMaxIdleConns(o.Conns)
	return db, nil
}

// create makes the file at path when it is missing, and returns its absolute path.
func create(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("open a database: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", fmt.Errorf("open a database: %w", err)
	}
	if err := f.Close(); err != nil {
		return "", fmt.Errorf("open a database: %w", err)
	}
	return path, nil
}

func (o Options) withDefaults() Options {
	if o.Synchronous == "" {
		o.Synchronous = "FULL"
	}
	if o.Erase == "" {
		o.Erase = "ON"
	}
	if o.Conns <= 0 {
		o.Conns = 1
	}
	if o.CacheKiB <= 0 {
		o.CacheKiB = 2048
	}
	if o.Busy <= 0 {
		o.Busy = 5 * time.Second
	}
	return o
}

// dsn names the file, by its absolute path, with the settings every connection needs.
func dsn(path string, o Options) string {
	pragmas := url.Values{"_txlock": {"immediate"}, "_pragma": append([]string{
		fmt.Sprintf("busy_timeout(%d)", o.Busy.Milliseconds()),
		"journal_mode(WAL)",
		"synchronous(" + o.Synchronous + ")",
		"secure_delete(" + o.Erase + ")",
		fmt.Sprintf("cache_size(-%d)", o.CacheKiB),
		"temp_store(MEMORY)",
		"trusted_schema(OFF)",
	}, o.Pragmas...)}
	name := filepath.ToSlash(path)
	if filepath.VolumeName(path) != "" {
		name = "/" + name
	}
	return (&url.URL{Scheme: "file", Path: name, RawQuery: pragmas.Encode()}).String()
}

// Code is a primary result code of SQLite (sqlite.org/rescode.html).
type Code int

// The codes that mean something to a person.
const (
	Busy    Code = 5
	IOError Code = 10
	Corrupt Code = 11
	Full    Code = 13
	NotADB  Code = 26
)

// CodeOf returns the primary result code in an error of the driver; false when
// there is none.
func CodeOf(err error) (Code, bool) {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0, false
	}
	return Code(e.Code() & 0xff), true
}

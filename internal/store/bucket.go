package store

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"github.com/kith-web/kith/internal/fault"
)

// Bucket is one named collection of keys and values. Keys are any octets;
// their order is that of the octets. It is safe for concurrent use.
type Bucket struct {
	store *Store
	name  string
	id    int64

	get *sql.Stmt // of store.read
	put *sql.Stmt // of store.quick
	del *sql.Stmt // of store.quick
}

const (
	selectSQL = `SELECT value FROM entry WHERE bucket = ? AND key = ?`
	upsertSQL = `INSERT INTO entry (bucket, key, value) VALUES (?, ?, ?)
		ON CONFLICT (bucket, key) DO UPDATE SET value = excluded.value`
	deleteSQL = `DELETE FROM entry WHERE bucket = ? AND key = ?`
)

// Bucket returns the bucket called name and creates it when it is new. Asking
// again returns the same one.
func (s *Store) Bucket(name string) (*Bucket, error) {
	if name == "" {
		return nil, fault.New(fault.Invalid, "a bucket needs a name")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if b, ok := s.buckets[name]; ok {
		return b, nil
	}
	b := &Bucket{store: s, name: name}
	if err := b.prepare(); err != nil {
		return nil, s.explain("prepare bucket "+name+" of", err)
	}
	s.buckets[name] = b
	return b, nil
}

func (b *Bucket) prepare() error {
	s := b.store
	s.writing.Lock()
	defer s.writing.Unlock()
	if _, err := s.durable.Exec(`INSERT INTO bucket (name) VALUES (?) ON CONFLICT DO NOTHING`, b.name); err != nil {
		return err
	}
	err := s.durable.QueryRow(`SELECT id FROM bucket WHERE name = ?`, b.name).Scan(&b.id)
	if err != nil {
		return err
	}
	if b.get, err = s.read.Prepare(selectSQL); err != nil {
		return err
	}
	if b.put, err = s.quick.Prepare(upsertSQL); err != nil {
		return err
	}
	b.del, err = s.quick.Prepare(deleteSQL)
	return err
}

// Get returns the value of key, which the caller owns. The error is
// fs.ErrNotExist, wrapped, when there is none.
func (b *Bucket) Get(key string) ([]byte, error) {
	var value []byte
	err := b.get.QueryRow(b.id, []byte(key)).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("%s: no entry %q: %w", b.name, key, fs.ErrNotExist)
	}
	return value, b.store.explain("read", err)
}

// Put sets the value of key. It survives a killed process at once, and a power
// cut after the next Apply or Close.
func (b *Bucket) Put(key string, value []byte) error {
	b.store.writing.Lock()
	defer b.store.writing.Unlock()
	_, err := b.put.Exec(b.id, []byte(key), notNil(value))
	return b.store.explain("write", err)
}

// Delete removes key. It is no error when there is none.
func (b *Bucket) Delete(key string) error {
	b.store.writing.Lock()
	defer b.store.writing.Unlock()
	_, err := b.del.Exec(b.id, []byte(key))
	return b.store.explain("write", err)
}

// Apply makes all the changes or none, deletes first, and returns when they and
// everything written before are safe from a power cut.
func (b *Bucket) Apply(puts map[string][]byte, deletes []string) error {
	b.store.writing.Lock()
	defer b.store.writing.Unlock()
	return b.store.explain("write", b.apply(puts, deletes))
}

func (b *Bucket) apply(puts map[string][]byte, deletes []string) error {
	tx, err := b.store.durable.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if len(deletes) > 0 {
		del, err := tx.Prepare(deleteSQL)
		if err != nil {
			return err
		}
		for _, key := range deletes {
			if _, err := del.Exec(b.id, []byte(key)); err != nil {
				return err
			}
		}
	}
	if len(puts) > 0 {
		put, err := tx.Prepare(upsertSQL)
		if err != nil {
			return err
		}
		for key, value := range puts {
			if _, err := put.Exec(b.id, []byte(key), notNil(value)); err != nil {
				return err
			}
		}
	}
	return tx.Commit()
}

// Each calls f with every entry whose key begins with prefix, in the order of
// the keys, as they were when Each was called. It stops at f's first error and
// returns it. f owns value, and may not write to the store.
func (b *Bucket) Each(prefix string, f func(key string, value []byte) error) error {
	query, args := `SELECT key, value FROM entry WHERE bucket = ? AND key >= ?`, []any{b.id, []byte(prefix)}
	if end := successor(prefix); end != nil {
		query, args = query+` AND key < ?`, append(args, end)
	}
	rows, err := b.store.read.Query(query+` ORDER BY key`, args...)
	if err != nil {
		return b.store.explain("read", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var key, value []byte
		if err := rows.Scan(&key, &value); err != nil {
			return b.store.explain("read", err)
		}
		if err := f(string(key), value); err != nil {
			return err
		}
	}
	return b.store.explain("read", rows.Err())
}

// successor returns the first string of octets behind all that begin with
// prefix; nil when there is none.
func successor(prefix string) []byte {
	end := []byte(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i] < 0xff {
			end[i]++
			return end[:i+1]
		}
	}
	return nil
}

// notNil keeps an empty value from becoming NULL.
func notNil(value []byte) []byte {
	if value == nil {
		return []byte{}
	}
	return value
}

package vault

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/sqlite"
)

// Options are what Open needs.
type Options struct {
	Dir  string // exists
	Name string // of the files: Name.db and Name.keys
	// Key is the master key, 32 octets. It is not kept on disk.
	Key []byte
	// Rand makes keys and nonces: crypto/rand.
	Rand io.Reader
	// Schema is run at every Open, for tables beside the rows.
	Schema string
	// Quick does not wait for the disk: what a power cut would take is lost. For
	// simulations.
	Quick bool
}

// Name is what a row is called, in the clear: random octets, or the hash of
// something.
type Name [16]byte

// Row is one sealed row, opened.
type Row struct {
	Slot int64
	Kind int
	Name Name
	Meta []byte // what every scan opens
	Note []byte // what may be set again without a new key
	// Used is a time in the clear.
	Used int64
}

// Vault is an open vault. Reading is safe beside reading, and nothing else.
type Vault struct {
	db    *sql.DB
	slots *slots
	state cipher.AEAD // of the values of Set
	rand  io.Reader
}

const schema = `
CREATE TABLE IF NOT EXISTS row (slot INTEGER PRIMARY KEY, kind INTEGER NOT NULL, name BLOB NOT NULL,
	used INTEGER NOT NULL DEFAULT 0, meta BLOB NOT NULL, note BLOB, extra BLOB);
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
`

// Open opens the vault and creates it when it is missing. The error is
// fault.Forbidden when the key is another one. Scan must be called once before
// anything is added.
func Open(o Options) (*Vault, error) {
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if len(o.Key) != keySize {
		return nil, fault.New(fault.Invalid, "a master key has 32 octets, not %d", len(o.Key))
	}
	slotKey, err := hkdf.Expand(sha256.New, o.Key, "kith slots 1 "+o.Name, keySize)
	if err != nil {
		return nil, err
	}
	stateKey, err := hkdf.Expand(sha256.New, o.Key, "kith state 1 "+o.Name, keySize)
	if err != nil {
		return nil, err
	}
	v := &Vault{rand: o.Rand}
	if v.state, err = newAEAD(stateKey); err != nil {
		return nil, err
	}
	path := filepath.Join(o.Dir, o.Name+".db")
	if v.db, err = sqlite.Open(path, sqlite.Options{CacheKiB: 8192, Synchronous: synchronous(o.Quick)}); err != nil {
		return nil, err
	}
	if _, err := v.db.Exec(schema + o.Schema); err != nil {
		return nil, errors.Join(explain(path, err), v.db.Close())
	}
	if v.slots, err = openSlots(filepath.Join(o.Dir, o.Name+".keys"), slotKey, o); err != nil {
		return nil, errors.Join(err, v.db.Close())
	}
	if err := v.checkKey(); err != nil {
		return nil, errors.Join(err, v.Close())
	}
	return v, nil
}

func synchronous(quick bool) string {
	if quick {
		return "OFF"
	}
	return "FULL"
}

// checkKey leaves a value that only the same master key opens.
func (v *Vault) checkKey() error {
	_, err := v.Get("key")
	switch fault.KindOf(err) {
	case fault.NotFound:
		b := v.Begin()
		b.Set("key", []byte{1})
		return b.Commit()
	case fault.Corrupt:
		return fault.New(fault.Forbidden, "the library does not open with this key").
			WithHint("unlock it with the passphrase or keyring it was made with")
	}
	return err
}

// Close closes the files.
func (v *Vault) Close() error {
	return errors.Join(v.db.Close(), v.slots.file.Close())
}

func explain(path string, err error) error {
	code, ok := sqlite.CodeOf(err)
	if !ok {
		return err
	}
	switch code {
	case sqlite.Corrupt, sqlite.NotADB:
		return fault.New(fault.Corrupt, "the database %s is damaged: %w", filepath.Base(path), err).
			WithHint("put a backup there")
	case sqlite.Full:
		return fault.New(fault.NoSpace, "no space left for %s: %w", filepath.Base(path), err)
	case sqlite.Busy:
		return fault.New(fault.InUse, "%s is locked by another program: %w", filepath.Base(path), err)
	}
	return err
}

// Broken is a row that cannot be opened.
type Broken struct {
	Slot int64
	Name Name
	Err  error
}

// Scan calls f for every row, and broken for those that do not open; then it
// overwrites the keys that no row has. It reads neither bodies nor keys of other
// rows into memory.
func (v *Vault) Scan(f func(Row) error, broken func(Broken)) error {
	rows, err := v.db.Query(`SELECT slot, kind, name, used, meta, note FROM row ORDER BY slot`)
	if err != nil {
		return err
	}
	defer rows.Close()
	used := map[int64]bool{}
	for rows.Next() {
		var r Row
		var name, meta, note []byte
		if err := rows.Scan(&r.Slot, &r.Kind, &name, &r.Used, &meta, &note); err != nil {
			return err
		}
		used[r.Slot] = true
		copy(r.Name[:], name)
		key, err := v.slots.get(r.Slot)
		if err == nil {
			err = r.open(key, meta, note)
		}
		if err != nil {
			broken(Broken{r.Slot, r.Name, err})
			continue
		}
		if err := f(r); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return v.slots.sweep(func(n int64) bool { return used[n] })
}

func (r *Row) open(key, meta, note []byte) (err error) {
	aead, err := newAEAD(key)
	if err != nil {
		return err
	}
	if r.Meta, err = unseal(aead, meta, "meta"); err != nil || note == nil {
		return err
	}
	r.Note, err = unseal(aead, note, "note")
	return err
}

// Row opens one row; fault.NotFound when there is none.
func (v *Vault) Row(slot int64) (Row, error) {
	r := Row{Slot: slot}
	var name, meta, note []byte
	err := v.db.QueryRow(`SELECT kind, name, used, meta, note FROM row WHERE slot = ?`, slot).
		Scan(&r.Kind, &name, &r.Used, &meta, &note)
	if errors.Is(err, sql.ErrNoRows) {
		return r, fault.New(fault.NotFound, "no row in slot %d", slot)
	}
	if err != nil {
		return r, err
	}
	copy(r.Name[:], name)
	key, err := v.slots.get(slot)
	if err != nil {
		return r, err
	}
	return r, r.open(key, meta, note)
}

// Extra opens what a row has beside its meta; nil when it has nothing.
func (v *Vault) Extra(slot int64) ([]byte, error) {
	var extra []byte
	err := v.db.QueryRow(`SELECT extra FROM row WHERE slot = ?`, slot).Scan(&extra)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "no row in slot %d", slot)
	}
	if err != nil || extra == nil {
		return nil, err
	}
	key, err := v.slots.get(slot)
	if err != nil {
		return nil, err
	}
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	return unseal(aead, extra, "extra")
}

// Get returns the value that was Set; fault.NotFound when there is none.
func (v *Vault) Get(name string) ([]byte, error) {
	var value []byte
	err := v.db.QueryRow(`SELECT value FROM state WHERE name = ?`, name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "no state %q", name)
	}
	if err != nil {
		return nil, err
	}
	return unseal(v.state, value, name)
}

// Query reads one of the tables of Options.Schema.
func (v *Vault) Query(query string, args ...any) (*sql.Rows, error) {
	return v.db.Query(query, args...)
}

// Wipe folds the log of the database back and empties it, so that nothing sealed
// that was dropped is left there either.
func (v *Vault) Wipe() error {
	_, err := v.db.Exec(`PRAGMA wal_checkpoint(TRUNCATE)`)
	return err
}

func unseal(aead cipher.AEAD, sealed []byte, what string) ([]byte, error) {
	if len(sealed) < nonceSize {
		return nil, fault.New(fault.Corrupt, "a sealed value is cut short")
	}
	plain, err := aead.Open(nil, sealed[:nonceSize], sealed[nonceSize:], []byte(what))
	if err != nil {
		return nil, fault.New(fault.Corrupt, "a sealed value does not open")
	}
	return plain, nil
}

func seal(aead cipher.AEAD, rand io.Reader, plain []byte, what string) ([]byte, error) {
	nonce := make([]byte, nonceSize, nonceSize+len(plain)+aead.Overhead())
	if _, err := io.ReadFull(rand, nonce); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return aead.Seal(nonce, nonce, plain, []byte(what)), nil
}

package vault

import (
	"errors"
)

// Batch is a set of changes that are made together or not at all.
type Batch struct {
	v       *Vault
	err     error // the first
	changes []change
	added   []int64
	shred   []int64
}

type change struct {
	query string
	args  []any
}

// Begin starts a batch.
func (v *Vault) Begin() *Batch { return &Batch{v: v} }

func (b *Batch) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// Exec changes one of the tables of Options.Schema.
func (b *Batch) Exec(query string, args ...any) {
	b.changes = append(b.changes, change{query, args})
}

// Add makes a row with a new key and returns its slot. Note and extra may be nil.
func (b *Batch) Add(r Row, extra []byte) int64 {
	n, key, err := b.v.slots.add()
	if err != nil {
		b.fail(err)
		return 0
	}
	b.added = append(b.added, n)
	aead, err := newAEAD(key)
	if err != nil {
		b.fail(err)
		return 0
	}
	sealed := make([][]byte, 3)
	for i, p := range []struct {
		plain []byte
		what  string
	}{{r.Meta, "meta"}, {r.Note, "note"}, {extra, "extra"}} {
		if p.plain == nil && p.what != "meta" {
			continue
		}
		if sealed[i], err = seal(aead, b.v.rand, p.plain, p.what); err != nil {
			b.fail(err)
		}
	}
	b.Exec(`INSERT OR REPLACE INTO row (slot, kind, name, used, meta, note, extra) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		n, r.Kind, r.Name[:], r.Used, sealed[0], sealed[1], sealed[2])
	return n
}

// Drop removes a row. Its key is overwritten as soon as the batch is on disk.
func (b *Batch) Drop(slot int64) {
	b.Exec(`DELETE FROM row WHERE slot = ?`, slot)
	b.shred = append(b.shred, slot)
}

// Note sets a row's note again, under the key it has.
func (b *Batch) Note(slot int64, note []byte) {
	key, err := b.v.slots.get(slot)
	if err != nil {
		b.fail(err)
		return
	}
	aead, err := newAEAD(key)
	if err != nil {
		b.fail(err)
		return
	}
	sealed, err := seal(aead, b.v.rand, note, "note")
	if err != nil {
		b.fail(err)
		return
	}
	b.Exec(`UPDATE row SET note = ? WHERE slot = ?`, sealed, slot)
}

// Used sets a row's time.
func (b *Batch) Used(slot, at int64) { b.Exec(`UPDATE row SET used = ? WHERE slot = ?`, at, slot) }

// Set keeps a value under a name, sealed under the master key; nil removes it.
func (b *Batch) Set(name string, value []byte) {
	if value == nil {
		b.Exec(`DELETE FROM state WHERE name = ?`, name)
		return
	}
	sealed, err := seal(b.v.state, b.v.rand, value, name)
	if err != nil {
		b.fail(err)
		return
	}
	b.Exec(`INSERT INTO state (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
		name, sealed)
}

// Commit makes the changes durable: keys first, then rows, then the keys of what
// was dropped are overwritten. When it fails nothing has changed.
func (b *Batch) Commit() error {
	if err := b.commit(); err != nil {
		return errors.Join(explain("library", err), b.v.slots.shred(b.added...))
	}
	return b.v.slots.shred(b.shred...)
}

func (b *Batch) commit() error {
	if b.err != nil {
		return b.err
	}
	if len(b.added) > 0 {
		if err := b.v.slots.sync(); err != nil {
			return err
		}
	}
	tx, err := b.v.db.Begin()
	if err != nil {
		return err
	}
	for _, c := range b.changes {
		if _, err := tx.Exec(c.query, c.args...); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}

package library

import (
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/library/body"
	"github.com/kith-web/kith/internal/seal"
)

// Records is the person's own state: small values under keys, the same on all own
// devices, shredded when they are deleted. It is for internal/person.
type Records struct{ l *Library }

// Records returns the person's own state.
func (l *Library) Records() Records { return Records{l} }

// Get returns a value; fault.NotFound when there is none.
func (r Records) Get(key string) ([]byte, error) {
	r.l.mu.RLock()
	defer r.l.mu.RUnlock()
	e := r.l.index.find(personApp, key)
	if e == nil || e.path != key {
		return nil, fault.New(fault.NotFound, "there is no record %s", key)
	}
	return r.l.vault.Extra(e.slot)
}

// Put sets and deletes values, durably and together, and returns what own devices
// have to be told. Deleting what is not there is no error.
func (r Records) Put(puts map[string][]byte, deletes []string) ([]seal.Outgoing, error) {
	l := r.l
	l.mu.Lock()
	defer l.mu.Unlock()
	var ws []*write
	for _, key := range slices.Sorted(maps.Keys(puts)) {
		w, err := l.recordVersion(key, puts[key])
		if err != nil {
			return nil, err
		}
		ws = append(ws, w)
	}
	var doomed []*entry
	for _, key := range deletes {
		if _, also := puts[key]; also {
			return nil, fault.New(fault.Invalid, "the record %s is set and deleted at once", key)
		}
		doomed = append(doomed, l.index.same(personApp, key)...)
	}
	out, err := l.change(ws)
	if err != nil {
		return nil, err
	}
	more, err := l.delete(doomed)
	return append(out, more...), err
}

// Each calls f for every record whose key begins with prefix, in the order of
// keys. The library is not locked meanwhile: f may call it.
func (r Records) Each(prefix string, f func(key string, value []byte) error) error {
	l := r.l
	type pair struct {
		key   string
		value []byte
	}
	var found []pair
	l.mu.RLock()
	var err error
	l.index.each(personApp, prefix, func(e *entry, shown string) bool {
		if shown != e.path {
			return true // an older one of two
		}
		var value []byte
		if value, err = l.vault.Extra(e.slot); err != nil {
			return false
		}
		found = append(found, pair{e.path, value})
		return true
	})
	l.mu.RUnlock()
	if err != nil {
		return err
	}
	for _, p := range found {
		if err := f(p.key, p.value); err != nil {
			return err
		}
	}
	return nil
}

// recordVersion makes the next version of a record.
func (l *Library) recordVersion(key string, value []byte) (*write, error) {
	if err := checkRecordKey(key); err != nil {
		return nil, err
	}
	if len(value) > recordsMost {
		return nil, fault.New(fault.TooLarge, "a record of %d octets", len(value)).WithHint("at most %d", recordsMost)
	}
	in := staged{key: make([]byte, body.KeySize), size: int64(len(value)), inline: true, small: value}
	if _, err := io.ReadFull(l.rand, in.key); err != nil {
		return nil, err
	}
	h := body.NewTag(in.key)
	h.Write(value)
	in.tag = body.Sum(h)
	return l.version(key, in, PutOptions{App: personApp, Type: "application/cbor"})
}

// same are all entries of one app and path.
func (x *index) same(app, path string) []*entry {
	i := x.from(app, path)
	j := i
	for j < len(x.byPath) && x.byPath[j].app == app && x.byPath[j].path == path {
		j++
	}
	return slices.Clone(x.byPath[i:j])
}

// learn takes what the library itself keeps among the records into memory.
func (l *Library) learn(e *entry) error {
	if e.app != personApp {
		return nil
	}
	e = l.index.find(personApp, e.path) // the newer of two
	switch {
	case strings.HasPrefix(e.path, listPrefix):
		value, err := l.vault.Extra(e.slot)
		if err != nil {
			return err
		}
		return l.lists.learn(e.path, value)
	case strings.HasPrefix(e.path, receiptPrefix):
		value, err := l.vault.Extra(e.slot)
		if err != nil {
			return err
		}
		return l.learnReceipt(e, value)
	}
	return nil
}

// unlearn forgets what learn took.
func (l *Library) unlearn(e *entry) {
	if e.app != personApp {
		return
	}
	l.lists.unlearn(e.path)
	l.unlearnReceipt(e.path)
}

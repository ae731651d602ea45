package resolve

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/kith-web/kith/internal/address"
)

// entry is what is known of one name.
type entry struct {
	candidates []address.Address // nil when there never was a good answer
	chain      []address.Address
	expires    time.Time // of the candidates
	learnt     time.Time // when the last look-up ended; zero for a stored one
	err        error     // of the last look-up, nil when it went well
	retry      time.Time // not to be asked again before, when err is not nil
	used       time.Time
}

// record is the stored form of an entry with a good answer.
type record struct {
	Candidates []address.Address `json:"candidates"`
	Chain      []address.Address `json:"chain"`
	Expires    time.Time         `json:"expires"`
}

// load reads what the store remembers. An entry it cannot read is left out: it
// is a copy of what can be looked up again.
func (r *Resolver) load() error {
	if r.o.Store == nil {
		return nil
	}
	return r.o.Store.Each("", func(key string, value []byte) error {
		var rec record
		if err := json.Unmarshal(value, &rec); err != nil || len(rec.Candidates) == 0 {
			return nil
		}
		for _, c := range rec.Candidates {
			if !c.Immutable() {
				return nil
			}
		}
		if len(r.known) < r.o.MaxNames {
			r.known[key] = &entry{candidates: rec.Candidates, chain: rec.Chain, expires: rec.Expires, used: rec.Expires}
		}
		return nil
	})
}

// save writes an entry, unless it is nil, and deletes others.
func (r *Resolver) save(key string, e *entry, gone []string) {
	if r.o.Store == nil {
		return
	}
	var err error
	if e != nil && e.err == nil {
		var value []byte
		if value, err = json.Marshal(record{e.candidates, e.chain, e.expires}); err == nil {
			err = r.o.Store.Put(key, value)
		}
	}
	for _, k := range gone {
		if err == nil {
			err = r.o.Store.Delete(k)
		}
	}
	if err != nil {
		r.o.Log.Warn("answer not stored", "name", key, "error", err)
	}
}

// evict forgets names where there are too many, an eighth of them at once, and
// returns their keys: first those that failed, then the least recently used.
func (r *Resolver) evict() []string {
	if len(r.known) <= r.o.MaxNames {
		return nil
	}
	keys := make([]string, 0, len(r.known))
	for k := range r.known {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		x, y := r.known[a], r.known[b]
		if failed := x.candidates == nil; failed != (y.candidates == nil) {
			if failed {
				return -1
			}
			return 1
		}
		return x.used.Compare(y.used)
	})
	keys = keys[:len(keys)-r.o.MaxNames+r.o.MaxNames/8]
	for _, k := range keys {
		delete(r.known, k)
	}
	return keys
}

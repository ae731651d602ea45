package nearby

import (
	"cmp"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/openscreen"
)

// Store keeps the book and the identity; a bucket of package store does.
type Store interface {
	Get(key string) ([]byte, error)
	Put(key string, value []byte) error
	Delete(key string) error
	Each(prefix string, f func(key string, value []byte) error) error
}

// deviceKey is the prefix of the book's keys.
const deviceKey = "device/"

// maxDeviceName is how many characters a device's name has at most.
const maxDeviceName = 63

// Entry is a paired device.
type Entry struct {
	Fingerprint openscreen.Fingerprint `json:"fingerprint"`
	// Name is what the person calls it, unique in the book; Given what it calls
	// itself.
	Name  string `json:"name"`
	Given string `json:"given"`
	// Paired is when, Trusted whether its files are taken without a question.
	Paired  time.Time `json:"paired"`
	Trusted bool      `json:"trusted,omitempty"`
	// Addrs are where it was last.
	Addrs []string `json:"addrs,omitempty"`
}

// ID is the identifier of a device in URLs: nearby-<id>.localhost.
func ID(f openscreen.Fingerprint) string {
	return "1" + strings.ToLower(base32.StdEncoding.EncodeToString(f[:])[:15])
}

// book is the list of paired devices. It is safe for concurrent use.
type book struct {
	store Store

	mu      sync.RWMutex
	entries map[openscreen.Fingerprint]Entry
}

func openBook(s Store) (*book, error) {
	b := &book{store: s, entries: map[openscreen.Fingerprint]Entry{}}
	err := s.Each(deviceKey, func(key string, value []byte) error {
		var e Entry
		if err := json.Unmarshal(value, &e); err != nil {
			return fault.New(fault.Corrupt, "the entry %s of the device book cannot be read: %w", key, err)
		}
		b.entries[e.Fingerprint] = e
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("open the device book: %w", err)
	}
	return b, nil
}

func (b *book) known(f openscreen.Fingerprint) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	_, ok := b.entries[f]
	return ok
}

func (b *book) get(f openscreen.Fingerprint) (Entry, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	e, ok := b.entries[f]
	return e, ok
}

// list returns the entries by name.
func (b *book) list() []Entry {
	b.mu.RLock()
	defer b.mu.RUnlock()
	out := make([]Entry, 0, len(b.entries))
	for _, e := range b.entries {
		out = append(out, e)
	}
	slices.SortFunc(out, func(x, y Entry) int { return cmp.Compare(x.Name, y.Name) })
	return out
}

// add enters a device that was authenticated, or renews what is known of it.
func (b *book) add(f openscreen.Fingerprint, given string, addrs []string) (Entry, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.enter(f, given, addrs)
}

// enter is add; b.mu is held.
func (b *book) enter(f openscreen.Fingerprint, given string, addrs []string) (Entry, error) {
	e, old := b.entries[f]
	before := e
	if !old {
		e = Entry{Fingerprint: f, Paired: time.Now()}
		e.Name = b.free(cleanName(given))
	}
	if given = cleanName(given); given != "" {
		e.Given = given
	}
	if len(addrs) > 0 {
		e.Addrs = addrs
	}
	if old && before.Given == e.Given && slices.Equal(before.Addrs, e.Addrs) {
		return e, nil
	}
	return e, b.put(e)
}

// renew notes what is known of a device that is in the book, and reports whether
// it is: one that was forgotten does not come back by being seen.
func (b *book) renew(f openscreen.Fingerprint, given string, addrs []string) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.entries[f]; !ok {
		return false, nil
	}
	_, err := b.enter(f, given, addrs)
	return true, err
}

// free is a name that no other device has.
func (b *book) free(name string) string {
	if name == "" {
		name = "device"
	}
	try := name
	for i := 2; ; i++ {
		if !b.taken(try) {
			return try
		}
		try = fmt.Sprintf("%s-%d", name, i)
	}
}

func (b *book) taken(name string) bool {
	for _, e := range b.entries {
		if strings.EqualFold(e.Name, name) {
			return true
		}
	}
	return false
}

func (b *book) put(e Entry) error {
	data, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if err := b.store.Put(deviceKey+hex.EncodeToString(e.Fingerprint[:]), data); err != nil {
		return err
	}
	b.entries[e.Fingerprint] = e
	return nil
}

// change renames a device, or changes whether it is trusted.
func (b *book) change(f openscreen.Fingerprint, name *string, trusted *bool) (Entry, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, ok := b.entries[f]
	if !ok {
		return e, fault.New(fault.NotFound, "this device is not paired")
	}
	if name != nil {
		n := cleanName(*name)
		if n == "" {
			return e, fault.New(fault.Invalid, "%.100q cannot be the name of a device", *name)
		}
		if !strings.EqualFold(n, e.Name) && b.taken(n) {
			return e, fault.New(fault.Conflict, "another device is called %q", n).WithHint("choose another name")
		}
		e.Name = n
	}
	if trusted != nil {
		e.Trusted = *trusted
	}
	return e, b.put(e)
}

func (b *book) forget(f openscreen.Fingerprint) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.entries, f)
	return b.store.Delete(deviceKey + hex.EncodeToString(f[:]))
}

// cleanName makes the name that a stranger gave itself one that can be printed
// and typed.
func cleanName(name string) string {
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, name)
	name = strings.Join(strings.Fields(name), " ")
	if r := []rune(name); len(r) > maxDeviceName {
		name = strings.TrimSpace(string(r[:maxDeviceName]))
	}
	return name
}

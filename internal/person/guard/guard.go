package guard

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/fault"
)

// Mode is how the master key is kept.
type Mode string

// The modes.
const (
	Keyring    Mode = "keyring"
	Passphrase Mode = "passphrase"
	File       Mode = "file"
)

// KeySize is the length of the master key.
const KeySize = 32

// Options says where and how. Dir is needed; the rest has defaults.
type Options struct {
	Dir string // where the guard's file is; made if need be, for its owner alone
	// Keyring is the operating system's, from System, or nil for none.
	Keyring Ring
	// Patience is how long the keyring may take to answer. Default 3 s.
	Patience time.Duration
	// Cost is Argon2id's. Default spec §1.
	Cost Cost
	// Now and Rand are for tests. Default: the clock, and the system's randomness.
	Now  func() time.Time
	Rand io.Reader
}

// Status is what a person may know of how the key is kept.
type Status struct {
	Mode   Mode   `json:"mode"`
	Locked bool   `json:"locked"`
	Note   string `json:"note"` // what the mode keeps whom from, in a sentence
}

// Guard has the master key of one home. Its methods may be used at once.
type Guard struct {
	options Options
	path    string

	mu      sync.Mutex
	record  record
	key     []byte // nil while locked
	trouble string // why a keyring's key could not be had
	failed  int
	until   time.Time
}

// Open opens the guard of a home, and makes the master key when there is none: in
// the keyring if it answers, else in a file. A home under a passphrase, or whose
// keyring does not answer, opens locked: that is no error.
func Open(ctx context.Context, o Options) (*Guard, error) {
	if o.Patience <= 0 {
		o.Patience = 3 * time.Second
	}
	if o.Cost == (Cost{}) {
		o.Cost = DefaultCost()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fault.New(fault.Internal, "make %q: %w", o.Dir, err)
	}
	g := &Guard{options: o, path: filepath.Join(o.Dir, "guard.json")}
	data, err := readSmall(g.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return g, g.create(ctx)
	case err != nil:
		return nil, fault.New(fault.Internal, "read %q: %w", g.path, err)
	}
	if g.record, err = parseRecord(data); err != nil {
		return nil, err
	}
	return g, g.load(ctx)
}

// create makes the key of a new home.
func (g *Guard) create(ctx context.Context) error {
	key, account := make([]byte, KeySize), make([]byte, 8)
	for _, b := range [][]byte{key, account} {
		if _, err := io.ReadFull(g.options.Rand, b); err != nil {
			return fault.New(fault.Internal, "randomness: %w", err)
		}
	}
	g.record.Account = hex.EncodeToString(account)
	g.key = key
	return g.keepOpen(ctx)
}

// load gets the key of a home that has one.
func (g *Guard) load(ctx context.Context) error {
	switch g.record.Mode {
	case File:
		g.key = g.record.Key
	case Keyring:
		key, err := g.ask(ctx, func() ([]byte, error) { return g.options.Keyring.Get(g.record.Account) })
		if err == nil && len(key) != KeySize {
			err = fault.New(fault.Corrupt, "it holds %d octets, not %d", len(key), KeySize)
		}
		if err != nil {
			g.trouble = err.Error()
			return nil
		}
		g.key, g.trouble = key, ""
	case Passphrase:
	}
	return nil
}

// keepOpen keeps the key without a passphrase: in the keyring, or else a file.
func (g *Guard) keepOpen(ctx context.Context) error {
	next := record{Version: 1, Mode: Keyring, Account: g.record.Account}
	_, err := g.ask(ctx, func() ([]byte, error) {
		if err := g.options.Keyring.Set(g.record.Account, g.key); err != nil {
			return nil, err
		}
		return g.options.Keyring.Get(g.record.Account)
	})
	if err != nil {
		next.Mode, next.Key = File, g.key
	}
	return g.write(next)
}

// Key returns the master key.
func (g *Guard) Key() ([]byte, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.key != nil {
		return append([]byte(nil), g.key...), nil
	}
	if g.record.Mode == Keyring {
		return nil, fault.New(fault.Forbidden, "the keyring does not give the key of this home: %s", g.trouble).
			WithHint("unlock the keyring of your session and start again from within it")
	}
	return nil, fault.New(fault.Forbidden, "what is private here is locked").WithHint("unlock it with your passphrase: 'kith person unlock'")
}

// Status says how the key is kept.
func (g *Guard) Status() Status {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := Status{Mode: g.record.Mode, Locked: g.key == nil}
	switch g.record.Mode {
	case Keyring:
		s.Note = "the keyring of your session keeps the key: whoever can use your session can read everything"
		if s.Locked {
			s.Note = "the keyring keeps the key and does not give it: " + g.trouble
		}
	case Passphrase:
		s.Note = "your passphrase keeps the key: it is asked for after every start"
	case File:
		s.Note = "a file keeps the key: whoever can read your files, or has this disk, can read everything; a passphrase would keep them from it"
	}
	return s
}

// Lock forgets the key until Unlock. Only a passphrase can get it back.
func (g *Guard) Lock() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.record.Mode != Passphrase {
		return fault.New(fault.Conflict, "there is no passphrase to lock with").WithHint("set one first: 'kith person passphrase'")
	}
	clear(g.key)
	g.key = nil
	return nil
}

// Unlock gets the key back: by the passphrase, or, when the keyring did not give
// it before, by asking it again; then the passphrase is not looked at.
func (g *Guard) Unlock(ctx context.Context, passphrase string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.record.Mode == Passphrase:
		key, err := g.try(passphrase)
		if err == nil {
			g.key = key
		}
		return err
	case g.key == nil:
		if err := g.load(ctx); err != nil || g.key != nil {
			return err
		}
		return fault.New(fault.Forbidden, "the keyring does not give the key of this home: %s", g.trouble)
	}
	return nil
}

// SetPassphrase keeps the key under a passphrase from now on. old is the one in
// force, if there is one.
func (g *Guard) SetPassphrase(ctx context.Context, old, passphrase string) error {
	if len(passphrase) < shortest || len(passphrase) > longest {
		return fault.New(fault.Invalid, "a passphrase of %d characters", len(passphrase)).WithHint("%d to %d; a few words are easier to keep in mind", shortest, longest)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.allowed(old); err != nil {
		return err
	}
	next, err := wrap(g.options.Rand, g.options.Cost, g.key, passphrase)
	if err != nil {
		return err
	}
	before := g.record
	next.Account = before.Account
	if err := g.write(next); err != nil {
		return err
	}
	if before.Mode == Keyring { // it must not stay where it can be had without the passphrase
		_, err := g.ask(ctx, func() ([]byte, error) { return nil, g.options.Keyring.Delete(before.Account) })
		if err != nil {
			return fault.New(fault.Partial, "the passphrase is set, but the keyring still has the key: %w", err).
				WithHint("remove the entry %q of %q from the keyring yourself", before.Account, service)
		}
	}
	return nil
}

// RemovePassphrase keeps the key in the keyring again, or in a file.
func (g *Guard) RemovePassphrase(ctx context.Context, old string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.record.Mode != Passphrase {
		return nil
	}
	if err := g.allowed(old); err != nil {
		return err
	}
	return g.keepOpen(ctx)
}

// allowed makes sure that whoever changes the way knows the passphrase in force,
// and that the key is there.
func (g *Guard) allowed(old string) error {
	if g.record.Mode == Passphrase {
		key, err := g.try(old)
		if err != nil {
			return err
		}
		g.key = key
	}
	if g.key == nil {
		return fault.New(fault.Forbidden, "the keyring does not give the key of this home: %s", g.trouble)
	}
	return nil
}

// try is one attempt with a passphrase; each that fails makes the next wait.
func (g *Guard) try(passphrase string) ([]byte, error) {
	if wait := g.until.Sub(g.options.Now()); wait > 0 {
		return nil, fault.New(fault.RateLimited, "too many wrong passphrases").WithHint("try again in %s", wait.Round(time.Second))
	}
	key, err := unwrap(g.record, passphrase)
	if err != nil {
		g.failed++
		if g.failed >= free {
			g.until = g.options.Now().Add(min(longestWait, time.Second<<min(g.failed-free, 20)))
		}
		return nil, err
	}
	g.failed, g.until = 0, time.Time{}
	return key, nil
}

package guard

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/kith-web/kith/internal/fault"
)

// Bounds of passphrases and of trying them.
const (
	shortest    = 8
	longest     = 1024
	free        = 3 // wrong attempts before the first wait
	longestWait = 5 * time.Minute
)

// Bounds of what a guard's file may ask for: a file from elsewhere must not eat
// the computer.
const (
	maxMemory  = 1 << 20 // KiB
	maxPasses  = 64
	maxRecord  = 4096
	saltSize   = 16
	nonceSize  = 12
	sealedSize = KeySize + 16
)

// Cost is what one attempt costs: Argon2id's memory (KiB), passes and lanes.
type Cost struct {
	Memory uint32 `json:"memory"`
	Passes uint32 `json:"passes"`
	Lanes  uint8  `json:"lanes"`
}

// DefaultCost is the cost of spec §1.
func DefaultCost() Cost { return Cost{Memory: 64 << 10, Passes: 3, Lanes: 4} }

// record is the guard's file.
type record struct {
	Version int    `json:"version"`
	Mode    Mode   `json:"mode"`
	Account string `json:"account"`
	Key     []byte `json:"key,omitempty"` // mode file
	Cost    *Cost  `json:"argon2id,omitempty"`
	Salt    []byte `json:"salt,omitempty"`
	Sealed  []byte `json:"sealed,omitempty"` // nonce ‖ AES-256-GCM(key)
}

func parseRecord(data []byte) (record, error) {
	var r record
	bad := fault.New(fault.Corrupt, "the file that guards this home's key is damaged").
		WithHint("restore guard.json from a copy, or restore a backup with your recovery phrase")
	if err := json.Unmarshal(data, &r); err != nil || r.Version != 1 || len(r.Account) > 64 {
		return r, bad
	}
	switch r.Mode {
	case Keyring:
	case File:
		if len(r.Key) != KeySize {
			return r, bad
		}
	case Passphrase:
		c := r.Cost
		if c == nil || len(r.Salt) != saltSize || len(r.Sealed) != nonceSize+sealedSize ||
			c.Memory == 0 || c.Memory > maxMemory || c.Passes == 0 || c.Passes > maxPasses || c.Lanes == 0 {
			return r, bad
		}
	default:
		return r, bad
	}
	return r, nil
}

// wrap seals key under a passphrase.
func wrap(rand io.Reader, cost Cost, key []byte, passphrase string) (record, error) {
	salt, nonce := make([]byte, saltSize), make([]byte, nonceSize)
	for _, b := range [][]byte{salt, nonce} {
		if _, err := io.ReadFull(rand, b); err != nil {
			return record{}, fault.New(fault.Internal, "randomness: %w", err)
		}
	}
	r := record{Version: 1, Mode: Passphrase, Cost: &cost, Salt: salt}
	aead, err := r.cipher(passphrase)
	if err != nil {
		return record{}, err
	}
	r.Sealed = aead.Seal(nonce, nonce, key, []byte("kith guard 1"))
	return r, nil
}

// unwrap is wrap's other end.
func unwrap(r record, passphrase string) ([]byte, error) {
	if len(passphrase) > longest {
		return nil, wrong()
	}
	aead, err := r.cipher(passphrase)
	if err != nil {
		return nil, err
	}
	key, err := aead.Open(nil, r.Sealed[:nonceSize], r.Sealed[nonceSize:], []byte("kith guard 1"))
	if err != nil {
		return nil, wrong()
	}
	return key, nil
}

func wrong() error {
	return fault.New(fault.Forbidden, "this is not the passphrase").WithHint("try again: nothing is lost by a wrong one")
}

func (r record) cipher(passphrase string) (cipher.AEAD, error) {
	k := argon2.IDKey([]byte(passphrase), r.Salt, r.Cost.Passes, r.Cost.Memory, r.Cost.Lanes, KeySize)
	block, err := aes.NewCipher(k)
	if err != nil {
		return nil, fault.New(fault.Internal, "AES: %w", err)
	}
	return cipher.NewGCM(block)
}

// write makes next the guard's file. It is on disk, whole, before the old one
// is gone; then the old one's octets are overwritten, for they may hold the key.
func (g *Guard) write(next record) error {
	data, err := json.Marshal(next)
	if err != nil {
		return fault.New(fault.Internal, "encode guard: %w", err)
	}
	old, oldErr := os.OpenFile(g.path, os.O_WRONLY, 0)
	if oldErr == nil {
		defer func() { _ = old.Close() }()
	}
	if err := replace(g.path, data); err != nil {
		return fault.New(fault.Internal, "write %q: %w", g.path, err)
	}
	g.record = next
	if oldErr == nil {
		overwrite(old)
	}
	return nil
}

func replace(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".guard-*") // 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	if _, err := f.Write(data); err != nil {
		_ = f.Close()
		return err
	}
	if err := f.Sync(); err != nil {
		_ = f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	if dir, err := os.Open(filepath.Dir(path)); err == nil {
		_ = dir.Sync()
		_ = dir.Close()
	}
	return nil
}

// overwrite does what can be done about a file that is already replaced.
func overwrite(f *os.File) {
	info, err := f.Stat()
	if err != nil {
		return
	}
	_, _ = f.WriteAt(make([]byte, min(info.Size(), maxRecord)), 0)
	_ = f.Sync()
}

// readSmall reads a file that has to be small.
func readSmall(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, maxRecord))
}

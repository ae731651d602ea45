package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/kith-web/kith/internal/fault"
)

const (
	slotSize  = 64
	keySize   = 32
	nonceSize = 12
	wrapped   = nonceSize + keySize + 16 // the rest of a slot is zero
)

// slots is the file of wrapped keys. Slot n is the 64 octets at 64·n: a nonce,
// the sealed key, its tag, and four zeros; all zeros when it is free. A slot is
// never moved or copied, so that overwriting it is the end of its key.
type slots struct {
	file  *os.File
	aead  cipher.AEAD
	rand  io.Reader
	quick bool
	size  int64   // slots in the file
	free  []int64 // known to be zero
}

func openSlots(path string, key []byte, o Options) (*slots, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the keys: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the keys: %w", err), f.Close())
	}
	// What is left of a slot that a crash cut short was never referred to.
	return &slots{file: f, aead: aead, rand: o.Rand, quick: o.Quick, size: (info.Size() + slotSize - 1) / slotSize}, nil
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("a key of %d octets: %w", len(key), err)
	}
	return cipher.NewGCM(block)
}

func slotData(n int64) []byte {
	return binary.BigEndian.AppendUint64([]byte("kith slot 1"), uint64(n))
}

// add makes a key and writes it, wrapped, into a free slot. It is on disk after
// sync.
func (s *slots) add() (n int64, key []byte, err error) {
	raw := make([]byte, slotSize)
	key = make([]byte, keySize)
	if _, err := io.ReadFull(s.rand, key); err != nil {
		return 0, nil, err
	}
	if _, err := io.ReadFull(s.rand, raw[:nonceSize]); err != nil {
		return 0, nil, err
	}
	if last := len(s.free) - 1; last >= 0 {
		n, s.free = s.free[last], s.free[:last]
	} else {
		n = s.size
		s.size++
	}
	s.aead.Seal(raw[nonceSize:nonceSize], raw[:nonceSize], key, slotData(n))
	if _, err := s.file.WriteAt(raw, n*slotSize); err != nil {
		return 0, nil, fmt.Errorf("write a key: %w", err)
	}
	return n, key, nil
}

// get unwraps the key of a slot; fault.NotFound when it is overwritten.
func (s *slots) get(n int64) ([]byte, error) {
	raw := make([]byte, slotSize)
	if _, err := s.file.ReadAt(raw, n*slotSize); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read a key: %w", err)
	}
	return s.unwrap(n, raw)
}

func (s *slots) unwrap(n int64, raw []byte) ([]byte, error) {
	if zero(raw) {
		return nil, fault.New(fault.NotFound, "key slot %d is overwritten", n)
	}
	key, err := s.aead.Open(make([]byte, 0, keySize), raw[:nonceSize], raw[nonceSize:wrapped], slotData(n))
	if err != nil {
		return nil, fault.New(fault.Corrupt, "key slot %d does not open: the key is another, or the file is damaged", n)
	}
	return key, nil
}

// shred overwrites slots and waits for the disk.
func (s *slots) shred(ns ...int64) error {
	if len(ns) == 0 {
		return nil
	}
	zeros := make([]byte, slotSize)
	for _, n := range ns {
		if _, err := s.file.WriteAt(zeros, n*slotSize); err != nil {
			return fmt.Errorf("overwrite a key: %w", err)
		}
	}
	if err := s.sync(); err != nil {
		return err
	}
	s.free = append(s.free, ns...)
	return nil
}

func (s *slots) sync() error {
	if s.quick {
		return nil
	}
	if err := s.file.Sync(); err != nil {
		return fmt.Errorf("write the keys: %w", err)
	}
	return nil
}

// sweep overwrites what no row refers to, and learns which slots are free.
func (s *slots) sweep(used func(n int64) bool) error {
	const each = 4096
	buf := make([]byte, each*slotSize)
	var orphans []int64
	for at := int64(0); at < s.size; at += each {
		clear(buf)
		if _, err := s.file.ReadAt(buf, at*slotSize); err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read the keys: %w", err)
		}
		for i := int64(0); i < each && at+i < s.size; i++ {
			switch {
			case used(at + i):
			case zero(buf[i*slotSize : (i+1)*slotSize]):
				s.free = append(s.free, at+i)
			default:
				orphans = append(orphans, at+i)
			}
		}
	}
	return s.shred(orphans...)
}

func zero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

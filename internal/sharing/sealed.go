package sharing

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"io/fs"

	"github.com/kith-web/kith/internal/fault"
)

// Bucket is a part of the node's database: store.Bucket.
type Bucket interface {
	Get(key string) ([]byte, error)
	Put(key string, value []byte) error
	Delete(key string) error
	Apply(puts map[string][]byte, deletes []string) error
	Each(prefix string, f func(key string, value []byte) error) error
}

// sealed is a bucket whose values are sealed under a key derived from the master
// key; a value opens under its own name alone. What a name says stays readable:
// names are random ids and words of the program.
type sealed struct {
	bucket Bucket
	aead   cipher.AEAD
}

// seals returns bucket with sealed values, for one use.
func seals(bucket Bucket, master []byte, use string) (*sealed, error) {
	key, err := hkdf.Key(sha256.New, master, nil, "kith sealed bucket 1 "+use, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &sealed{bucket, aead}, nil
}

func (s *sealed) seal(key string, value []byte) []byte {
	return s.aead.Seal(nil, nil, value, []byte(key))
}

func (s *sealed) open(key string, value []byte) ([]byte, error) {
	plain, err := s.aead.Open(nil, nil, value, []byte(key))
	if err != nil {
		return nil, fault.New(fault.Corrupt, "the record %q of this device does not open", key).
			WithHint("put a backup of the home there; another device of yours can be linked anew")
	}
	return plain, nil
}

func (s *sealed) Get(key string) ([]byte, error) {
	value, err := s.bucket.Get(key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "this device has no record %q", key)
	}
	if err != nil {
		return nil, err
	}
	return s.open(key, value)
}

// Put is durable when it returns: what it is used for are keys.
func (s *sealed) Put(key string, value []byte) error {
	return s.Apply(map[string][]byte{key: value}, nil)
}

func (s *sealed) Delete(key string) error { return s.Apply(nil, []string{key}) }

func (s *sealed) Apply(puts map[string][]byte, deletes []string) error {
	closed := make(map[string][]byte, len(puts))
	for key, value := range puts {
		closed[key] = s.seal(key, value)
	}
	return s.bucket.Apply(closed, deletes)
}

func (s *sealed) Each(prefix string, f func(key string, value []byte) error) error {
	return s.bucket.Each(prefix, func(key string, value []byte) error {
		plain, err := s.open(key, value)
		if err != nil {
			return err
		}
		return f(key, plain)
	})
}

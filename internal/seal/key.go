package seal

import (
	"crypto/ed25519"
	"io"
	"time"

	"github.com/kith-web/kith/internal/fault"
)

// NewSeed returns 32 octets of rand: a secret, or the seed of an Ed25519 key.
func NewSeed(rand io.Reader) ([]byte, error) {
	seed := make([]byte, secretSize)
	if _, err := io.ReadFull(rand, seed); err != nil {
		return nil, fault.New(fault.Internal, "randomness: %w", err)
	}
	return seed, nil
}

// NewID returns a random message id.
func NewID(rand io.Reader) (MessageID, error) {
	var id MessageID
	if _, err := io.ReadFull(rand, id[:]); err != nil {
		return id, fault.New(fault.Internal, "randomness: %w", err)
	}
	return id, nil
}

// NewSecret makes an X-Wing key.
func NewSecret(rand io.Reader) (Secret, error) {
	return NewSeed(rand)
}

// Public returns the public half, PublicSize octets.
func (s Secret) Public() ([]byte, error) {
	key, err := xwing().NewPrivateKey(s)
	if err != nil {
		return nil, fault.New(fault.Invalid, "X-Wing key of %d octets: %w", len(s), err)
	}
	return key.PublicKey().Bytes(), nil
}

// EpochOf returns the id of the epoch with this public key (spec §3.1).
func EpochOf(public []byte) EpochID {
	return EpochID(hash(public)[:8])
}

// NewEpoch makes an epoch, and returns its public half too.
func NewEpoch(rand io.Reader, now time.Time) (Epoch, []byte, error) {
	secret, err := NewSecret(rand)
	if err != nil {
		return Epoch{}, nil, err
	}
	public, err := secret.Public()
	if err != nil {
		return Epoch{}, nil, err
	}
	return Epoch{ID: EpochOf(public), Private: secret, Created: now.UnixMilli()}, public, nil
}

// DeviceOf returns the id of the device with this Ed25519 key (spec §2).
func DeviceOf(public ed25519.PublicKey) DeviceID {
	return DeviceID(hash([]byte("kith device 1"), public)[:8])
}

// RootKey derives a person's root key from the seed of the recovery phrase.
func RootKey(seed []byte) (ed25519.PrivateKey, error) {
	if len(seed) != secretSize {
		return nil, fault.New(fault.Invalid, "root seed has %d octets, not %d", len(seed), secretSize)
	}
	return ed25519.NewKeyFromSeed(expand(seed, "kith root 1", secretSize)), nil
}

// signer returns the key of a seed.
func signer(seed []byte) (ed25519.PrivateKey, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fault.New(fault.Invalid, "Ed25519 seed has %d octets, not %d", len(seed), ed25519.SeedSize)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

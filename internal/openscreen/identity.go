package openscreen

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"fmt"

	"github.com/kith-web/kith/internal/fault"
)

// identityMagic begins the kept form of an identity.
const identityMagic = "kith-agent-1\n"

// Identity is the key of an agent with the base and counter of the serial
// numbers of its certificates (network protocol, "Computing the Certificate
// Serial Number"). It is a secret.
type Identity struct {
	key     *ecdsa.PrivateKey
	base    [16]byte
	counter uint32
}

// NewIdentity makes a new one.
func NewIdentity() (*Identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make an agent key: %w", err)
	}
	id := &Identity{key: key}
	if _, err := rand.Read(id.base[:]); err != nil {
		return nil, fmt.Errorf("draw a serial number: %w", err)
	}
	id.base[0] &= 0x7f                  // DER: a positive number of 20 octets
	id.base[6] = id.base[6]&0x0f | 0x40 // RFC 9562: version 4
	id.base[8] = id.base[8]&0x3f | 0x80 // and its variant
	return id, nil
}

// ParseIdentity reads what Marshal wrote.
func ParseIdentity(state []byte) (*Identity, error) {
	rest, ok := cut(state, identityMagic)
	if !ok || len(rest) < 20 {
		return nil, fault.New(fault.Corrupt, "this is not the identity of an agent")
	}
	id := &Identity{counter: binary.BigEndian.Uint32(rest[16:20])}
	copy(id.base[:], rest)
	key, err := x509.ParsePKCS8PrivateKey(rest[20:])
	if err != nil {
		return nil, fault.New(fault.Corrupt, "the key of this agent cannot be read: %w", err)
	}
	if id.key, ok = key.(*ecdsa.PrivateKey); !ok || id.key.Curve != elliptic.P256() {
		return nil, fault.New(fault.Corrupt, "the key of this agent is not one of P-256")
	}
	return id, nil
}

func cut(data []byte, prefix string) ([]byte, bool) {
	if len(data) < len(prefix) || string(data[:len(prefix)]) != prefix {
		return nil, false
	}
	return data[len(prefix):], true
}

// Marshal writes the identity for keeping. It holds the private key.
func (id *Identity) Marshal() ([]byte, error) {
	key, err := x509.MarshalPKCS8PrivateKey(id.key)
	if err != nil {
		return nil, fmt.Errorf("write the agent's key: %w", err)
	}
	out := append([]byte(identityMagic), id.base[:]...)
	out = binary.BigEndian.AppendUint32(out, id.counter)
	return append(out, key...), nil
}

// Fingerprint is what the agent of this identity is known by.
func (id *Identity) Fingerprint() Fingerprint {
	spki, err := x509.MarshalPKIXPublicKey(&id.key.PublicKey)
	if err != nil {
		return Fingerprint{} // cannot be for a key of P-256
	}
	return sha256.Sum256(spki)
}

// next returns the serial number of the next certificate and counts it.
func (id *Identity) next() [20]byte {
	id.counter++
	var serial [20]byte
	copy(serial[:], id.base[:])
	binary.BigEndian.PutUint32(serial[16:], id.counter)
	return serial
}

package publish

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io/fs"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
)

// seedSize is the size of the secret behind a name.
const seedSize = 32

// maxName is the longest name, in octets: that of a DNS name.
const maxName = 253

// cleanName checks the name of a key. A DNS name gets its canonical form, so
// that Example.org and example.org are one name.
func cleanName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		return "", nil
	}
	if len(name) > maxName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return "", fault.New(fault.Invalid, "the name %.60q is too long or has unprintable characters", name).
			WithHint("choose a DNS name you own, or a short word")
	}
	if d := domain(name); d != "" {
		return d, nil
	}
	return name, nil
}

// domain returns the canonical form of name when it is a DNS name, else "".
func domain(name string) string {
	if !strings.Contains(name, ".") {
		return ""
	}
	a, err := address.FromName(name)
	if err != nil {
		return ""
	}
	return a.DNSName()
}

// seed returns the secret of a name, and makes it when the name is new.
func (p *Publisher) seed(name string) ([]byte, error) {
	p.saving.Lock()
	defer p.saving.Unlock()
	seed, err := p.o.Names.Get(name)
	if err == nil && len(seed) == seedSize {
		return seed, nil
	}
	if err == nil {
		return nil, fault.New(fault.Corrupt, "the key of the name %q is damaged in this node's home", name)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	seed = make([]byte, seedSize)
	_, _ = rand.Read(seed) // never fails: crypto/rand ends the program instead
	return seed, p.o.Names.Apply(map[string][]byte{name: seed}, nil)
}

// deriveKey makes the signing key a name has in one network: HKDF (RFC 5869) with
// SHA-256, no salt, and an info of its own for each network.
func deriveKey(seed []byte, n address.Network) (ed25519.PrivateKey, error) {
	secret, err := hkdf.Key(sha256.New, seed, nil, "kith name v1 "+string(n), ed25519.SeedSize)
	if err != nil {
		return nil, err
	}
	return ed25519.NewKeyFromSeed(secret), nil
}

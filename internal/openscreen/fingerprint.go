package openscreen

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"

	"github.com/kith-web/kith/internal/fault"
)

// Fingerprint is the SHA-256 of the SubjectPublicKeyInfo of an agent
// certificate. It is what an agent is known by: it stays when the certificate
// is renewed.
type Fingerprint [sha256.Size]byte

// String is the form of the protocol: base64, 44 characters.
func (f Fingerprint) String() string { return base64.StdEncoding.EncodeToString(f[:]) }

// IsZero reports whether f is no fingerprint at all.
func (f Fingerprint) IsZero() bool { return f == Fingerprint{} }

// MarshalText writes the form of String, for JSON.
func (f Fingerprint) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads the form of String.
func (f *Fingerprint) UnmarshalText(text []byte) error {
	p, err := ParseFingerprint(string(text))
	if err == nil {
		*f = p
	}
	return err
}

// ParseFingerprint reads the form of String.
func ParseFingerprint(s string) (Fingerprint, error) {
	var f Fingerprint
	if len(s) != base64.StdEncoding.EncodedLen(len(f)) {
		return f, fault.New(fault.Invalid, "fingerprint %.60q has %d characters and not 44", s, len(s))
	}
	data, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(data) != len(f) {
		return f, fault.New(fault.Invalid, "fingerprint %q is not the base64 of 32 octets", s)
	}
	copy(f[:], data)
	return f, nil
}

// FingerprintOf returns the fingerprint of a certificate.
func FingerprintOf(c *x509.Certificate) Fingerprint {
	return sha256.Sum256(c.RawSubjectPublicKeyInfo)
}

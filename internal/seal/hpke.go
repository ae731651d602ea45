package seal

import (
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/hpke"
	"crypto/sha256"

	"github.com/kith-web/kith/internal/fault"
)

// Lengths of HPKE's values (spec §1).
const (
	secretSize = 32
	// PublicSize is the length of an X-Wing public key.
	PublicSize = 1216
	// EncSize is the length of an X-Wing encapsulation.
	EncSize = 1120
	// x25519Size is the length of an X25519 public key and encapsulation.
	x25519Size = 32
)

// xwing is the KEM of relations, x25519 that of invitations.
func xwing() hpke.KEM  { return hpke.MLKEM768X25519() }
func x25519() hpke.KEM { return hpke.DHKEM(ecdh.X25519()) }

// CheckPublic refuses an X-Wing public key that nothing can be sealed to: of another
// length, with numbers out of ML-KEM's field, or whose X25519 half agrees with
// nobody. A key of another side is checked before it is kept: later, the error would
// be met by whoever has something to send.
func CheckPublic(public []byte) error {
	_, _, err := encapsulate(xwing(), public, "", "kith check 1")
	return err
}

// encapsulate makes a secret that only the holder of public's private half gets,
// and the encapsulation to send to them.
func encapsulate(kem hpke.KEM, public []byte, info, label string) (enc, exported []byte, err error) {
	key, err := kem.NewPublicKey(public)
	if err != nil {
		return nil, nil, fault.New(fault.Invalid, "public key of %d octets: %w", len(public), err)
	}
	enc, sender, err := hpke.NewSender(key, hpke.HKDFSHA256(), hpke.AES256GCM(), []byte(info))
	if err != nil {
		return nil, nil, fault.New(fault.Invalid, "encapsulate: %w", err)
	}
	exported, err = sender.Export(label, secretSize)
	if err != nil {
		return nil, nil, fault.New(fault.Internal, "export %q: %w", label, err)
	}
	return enc, exported, nil
}

// decapsulate is encapsulate's other end.
func decapsulate(kem hpke.KEM, private, enc []byte, info, label string) ([]byte, error) {
	key, err := kem.NewPrivateKey(private)
	if err != nil {
		return nil, fault.New(fault.Invalid, "private key of %d octets: %w", len(private), err)
	}
	recipient, err := hpke.NewRecipient(enc, key, hpke.HKDFSHA256(), hpke.AES256GCM(), []byte(info))
	if err != nil {
		return nil, fault.New(fault.Invalid, "encapsulation of %d octets: %w", len(enc), err)
	}
	exported, err := recipient.Export(label, secretSize)
	if err != nil {
		return nil, fault.New(fault.Internal, "export %q: %w", label, err)
	}
	return exported, nil
}

// extract and expand are HKDF-SHA-256. Neither fails with what this package
// gives them: no length is above 255 hashes.
func extract(salt, secret []byte) []byte {
	prk, err := hkdf.Extract(sha256.New, secret, salt)
	if err != nil {
		panic("seal: HKDF-Extract: " + err.Error())
	}
	return prk
}

func expand(secret []byte, info string, length int) []byte {
	out, err := hkdf.Expand(sha256.New, secret, info, length)
	if err != nil {
		panic("seal: HKDF-Expand: " + err.Error())
	}
	return out
}

// hash is H of the spec over the joined parts.
func hash(parts ...[]byte) []byte {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

// join joins octets without touching any of its arguments.
func join(parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

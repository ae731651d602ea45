package spake2

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrPoint is the error of a public value that is no point of the group, or one
// that would give the key away.
var ErrPoint = errors.New("the public value is not a usable point")

// ErrConfirmation is the error of a confirmation that was made with another code.
var ErrConfirmation = errors.New("the codes are not the same")

// errState is the error of calls out of order.
var errState = errors.New("spake2: out of order")

// Role is a side: Alice sends first.
type Role bool

// The sides.
const (
	Alice Role = true
	Bob   Role = false
)

// group is what SPAKE2 needs of a cipher suite. Scalars and points are octets.
type group interface {
	// scalar maps uniform octets of scalarSeed length to a scalar.
	scalar(seed []byte) []byte
	scalarSeed() int
	// password maps a code to the scalar w.
	password(code []byte) []byte
	// blind returns scalar*P + w*B, with B = M if m, else N.
	blind(scalar, w []byte, m bool) ([]byte, error)
	// shared returns h*scalar*(point - w*B), and refuses the identity.
	shared(scalar, w, point []byte, m bool) ([]byte, error)
	// padded is w as the transcript has it: big-endian, of the group's length.
	padded(w []byte) []byte
}

// Suite is a cipher suite.
type Suite struct{ g group }

// Edwards25519 is the suite of the Open Screen Protocol.
func Edwards25519() Suite { return Suite{edwards{}} }

// P256Legacy is the suite of an early implementation.
func P256Legacy() Suite { return Suite{nist{}} }

// Exchange is one side of one attempt.
type Exchange struct {
	g            group
	role         Role
	idA, idB     []byte
	scalar, w    []byte
	public       []byte
	kcA, kcB, tt []byte
	key          []byte
}

// New starts an attempt with a code. The identities are Alice's and Bob's, on
// both sides.
func New(s Suite, role Role, code, alice, bob []byte) (*Exchange, error) {
	seed := make([]byte, s.g.scalarSeed())
	if _, err := rand.Read(seed); err != nil {
		return nil, fmt.Errorf("draw a scalar: %w", err)
	}
	return start(s.g, role, s.g.password(code), s.g.scalar(seed), alice, bob)
}

func start(g group, role Role, w, scalar, alice, bob []byte) (*Exchange, error) {
	public, err := g.blind(scalar, w, bool(role))
	if err != nil {
		return nil, err
	}
	return &Exchange{g: g, role: role, idA: alice, idB: bob, scalar: scalar, w: w, public: public}, nil
}

// Public is the value for the peer: pA of Alice, pB of Bob.
func (e *Exchange) Public() []byte { return e.public }

// Confirm takes the peer's public value and returns the confirmation for it.
func (e *Exchange) Confirm(peer []byte) ([]byte, error) {
	if e.tt != nil {
		return nil, errState
	}
	k, err := e.g.shared(e.scalar, e.w, peer, !bool(e.role))
	if err != nil {
		return nil, err
	}
	pA, pB := e.public, peer
	if e.role == Bob {
		pA, pB = peer, e.public
	}
	for _, part := range [][]byte{e.idA, e.idB, pA, pB, k, e.g.padded(e.w)} {
		e.tt = binary.LittleEndian.AppendUint64(e.tt, uint64(len(part)))
		e.tt = append(e.tt, part...)
	}
	sum := sha256.Sum256(e.tt)
	e.key = sum[:16]
	kc, err := hkdf.Key(sha256.New, sum[16:], nil, "ConfirmationKeys", 32)
	if err != nil {
		return nil, fmt.Errorf("derive confirmation keys: %w", err)
	}
	e.kcA, e.kcB = kc[:16], kc[16:]
	clear(e.scalar)
	clear(e.w)
	return e.mac(e.role), nil
}

// Verify checks the peer's confirmation, in constant time.
func (e *Exchange) Verify(confirmation []byte) error {
	if e.tt == nil {
		return errState
	}
	if !hmac.Equal(confirmation, e.mac(!e.role)) {
		return ErrConfirmation
	}
	return nil
}

// Key is the secret that both sides have after Verify, Ke of RFC 9382.
func (e *Exchange) Key() []byte { return e.key }

func (e *Exchange) mac(role Role) []byte {
	key := e.kcA
	if role == Bob {
		key = e.kcB
	}
	m := hmac.New(sha256.New, key)
	m.Write(e.tt)
	return m.Sum(nil)
}

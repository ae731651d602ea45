package spake2

import (
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"slices"

	"filippo.io/edwards25519"
)

// M and N of edwards25519 (RFC 9382, section 4).
const (
	edwardsM = "d048032c6ea0b6d697ddc2e86bda85a33adac920f1bf18e1b0c6d166a5cecdaf"
	edwardsN = "d3bfb518f44f3430f29d0c92af503865a1ed3281dc69b35dd868ba85f886c4ab"
)

// edwards is the group edwards25519. Scalars are 32 octets, little-endian.
type edwards struct{}

func (edwards) scalarSeed() int { return 64 }

func (edwards) scalar(seed []byte) []byte {
	s, err := edwards25519.NewScalar().SetUniformBytes(seed)
	if err != nil {
		return nil // cannot be: the seed has 64 octets
	}
	return s.Bytes()
}

func (e edwards) password(code []byte) []byte {
	sum := sha512.Sum512(code)
	return e.scalar(sum[:])
}

func (edwards) padded(w []byte) []byte {
	be := slices.Clone(w)
	slices.Reverse(be)
	return be
}

// parts reads a scalar, w and the constant.
func (edwards) parts(scalar, w []byte, m bool) (s, t *edwards25519.Scalar, c *edwards25519.Point, err error) {
	name := edwardsN
	if m {
		name = edwardsM
	}
	raw, err := hex.DecodeString(name)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("read a constant: %w", err)
	}
	if c, err = new(edwards25519.Point).SetBytes(raw); err != nil {
		return nil, nil, nil, fmt.Errorf("read a constant: %w", err)
	}
	if s, err = edwards25519.NewScalar().SetCanonicalBytes(scalar); err != nil {
		return nil, nil, nil, fmt.Errorf("read a scalar: %w", err)
	}
	if t, err = edwards25519.NewScalar().SetCanonicalBytes(w); err != nil {
		return nil, nil, nil, fmt.Errorf("read a scalar: %w", err)
	}
	return s, t, c, nil
}

func (e edwards) blind(scalar, w []byte, m bool) ([]byte, error) {
	s, t, c, err := e.parts(scalar, w, m)
	if err != nil {
		return nil, err
	}
	x := new(edwards25519.Point).ScalarBaseMult(s)
	return x.Add(x, c.ScalarMult(t, c)).Bytes(), nil
}

func (e edwards) shared(scalar, w, point []byte, m bool) ([]byte, error) {
	s, t, c, err := e.parts(scalar, w, m)
	if err != nil {
		return nil, err
	}
	p, err := new(edwards25519.Point).SetBytes(point)
	if err != nil || !slices.Equal(p.Bytes(), point) {
		return nil, ErrPoint // not on the curve, or written in another than the one way
	}
	identity := edwards25519.NewIdentityPoint()
	if new(edwards25519.Point).MultByCofactor(p).Equal(identity) == 1 {
		return nil, ErrPoint // of small order
	}
	p.Subtract(p, c.ScalarMult(t, c))
	p.MultByCofactor(p)
	k := new(edwards25519.Point).ScalarMult(s, p)
	if k.Equal(identity) == 1 {
		return nil, ErrPoint
	}
	return k.Bytes(), nil
}

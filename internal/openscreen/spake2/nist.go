package spake2

import (
	"crypto/ecdh"
	"crypto/elliptic"
	"crypto/sha256"
	"math/big"
)

// M and N of P-256 (RFC 9382, section 4).
const (
	nistM = "02886e2f97ace46e55ba9dd7242579f2993b64e16ef3dcab95afd497333d8fa12f"
	nistN = "03d8bbd6c639c62937b04d997f38c3770719c629d7014d49a24b4f98baa1292b49"
)

// nist is the group P-256 with the encodings of RFC 9382's vectors. It is for
// experiments with an early implementation: the arithmetic is the standard
// library's, but sums of points are not made in constant time. Scalars are 32
// octets, big-endian.
type nist struct{}

func (nist) scalarSeed() int { return 48 }

func (nist) scalar(seed []byte) []byte {
	n := new(big.Int).SetBytes(seed)
	return n.Mod(n, elliptic.P256().Params().N).FillBytes(make([]byte, 32))
}

func (g nist) password(code []byte) []byte {
	sum := sha256.Sum256(code)
	return g.scalar(sum[:])
}

func (nist) padded(w []byte) []byte { return w }

// constant returns M or N.
func (nist) constant(m bool) (x, y *big.Int) {
	name := nistN
	if m {
		name = nistM
	}
	raw, ok := new(big.Int).SetString(name, 16)
	if !ok {
		return nil, nil
	}
	return elliptic.UnmarshalCompressed(elliptic.P256(), raw.FillBytes(make([]byte, 33)))
}

func (g nist) blind(scalar, w []byte, m bool) ([]byte, error) {
	curve := elliptic.P256()
	cx, cy := g.constant(m)
	//lint:ignore SA1019 the standard library adds points nowhere else
	wx, wy := curve.ScalarMult(cx, cy, w)
	//lint:ignore SA1019 as above
	x, y := curve.ScalarBaseMult(scalar)
	//lint:ignore SA1019 as above
	x, y = curve.Add(x, y, wx, wy)
	//lint:ignore SA1019 as above
	return elliptic.Marshal(curve, x, y), nil
}

func (g nist) shared(scalar, w, point []byte, m bool) ([]byte, error) {
	if _, err := ecdh.P256().NewPublicKey(point); err != nil {
		return nil, ErrPoint
	}
	curve := elliptic.P256()
	//lint:ignore SA1019 as above
	px, py := elliptic.Unmarshal(curve, point)
	cx, cy := g.constant(m)
	//lint:ignore SA1019 as above
	wx, wy := curve.ScalarMult(cx, cy, w)
	wy.Mod(wy.Neg(wy), curve.Params().P)
	//lint:ignore SA1019 as above
	px, py = curve.Add(px, py, wx, wy)
	if px.Sign() == 0 && py.Sign() == 0 {
		return nil, ErrPoint
	}
	//lint:ignore SA1019 as above
	kx, ky := curve.ScalarMult(px, py, scalar)
	//lint:ignore SA1019 as above
	return elliptic.Marshal(curve, kx, ky), nil
}

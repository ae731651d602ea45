package ohttp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// Media types (RFC 9458 §9).
const (
	KeysType     = "application/ohttp-keys"
	RequestType  = "message/ohttp-req"
	ResponseType = "message/ohttp-res"
)

// The one suite: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM.
const (
	kemID, kdfID, aeadID = 0x0020, 0x0001, 0x0001

	publicSize = 32
	headSize   = 1 + 2 + 2 + 2
	nonceSize  = 16 // the larger of the AEAD's key and nonce
)

// Labels of RFC 9458 §4.3 and §4.4.
const (
	requestLabel  = "message/bhttp request"
	responseLabel = "message/bhttp response"
)

// Overhead is what encapsulating adds to a request.
const Overhead = headSize + publicSize + 16

// Gateway opens requests.
type Gateway struct {
	key hpke.PrivateKey
	id  uint8
}

// NewGateway makes the key with an id from a secret of at least 32 octets.
func NewGateway(secret []byte, id uint8) (*Gateway, error) {
	key, err := hpke.DHKEM(ecdh.X25519()).DeriveKeyPair(secret)
	if err != nil {
		return nil, fmt.Errorf("make the key for oblivious requests: %w", err)
	}
	return &Gateway{key: key, id: id}, nil
}

// Keys is the list of key configurations (RFC 9458 §3.2), which has one.
func (g *Gateway) Keys() []byte {
	config := append([]byte{g.id}, byte(kemID>>8), byte(kemID))
	config = append(config, g.key.PublicKey().Bytes()...)
	config = append(config, 0, 4, kdfID>>8, kdfID, aeadID>>8, aeadID)
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(config))), config...)
}

// Open reads an encapsulated request and returns it with what seals its answer.
func (g *Gateway) Open(b []byte) (request []byte, answer *Answer, err error) {
	if len(b) < Overhead || [headSize]byte(b) != head(g.id) {
		return nil, nil, ErrMalformed
	}
	enc := b[headSize : headSize+publicSize]
	r, err := hpke.NewRecipient(enc, g.key, hpke.HKDFSHA256(), hpke.AES128GCM(), info(b[:headSize]))
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if request, err = r.Open(nil, b[headSize+publicSize:]); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	secret, err := r.Export(responseLabel, nonceSize)
	if err != nil {
		return nil, nil, fmt.Errorf("derive the answer's key: %w", err)
	}
	return request, &Answer{enc: append([]byte(nil), enc...), secret: secret}, nil
}

// Answer is the key for the answer to one request.
type Answer struct{ enc, secret []byte }

// Seal encapsulates a response.
func (a *Answer) Seal(response []byte) ([]byte, error) {
	nonce := make([]byte, nonceSize)
	rand.Read(nonce)
	aead, iv, err := a.aead(nonce)
	if err != nil {
		return nil, err
	}
	return aead.Seal(nonce, iv, response, nil), nil
}

// Open reads an encapsulated response.
func (a *Answer) Open(b []byte) ([]byte, error) {
	if len(b) < nonceSize {
		return nil, ErrMalformed
	}
	aead, iv, err := a.aead(b[:nonceSize])
	if err != nil {
		return nil, err
	}
	response, err := aead.Open(nil, iv, b[nonceSize:], nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return response, nil
}

// aead is the sealing of RFC 9458 §4.4.
func (a *Answer) aead(responseNonce []byte) (cipher.AEAD, []byte, error) {
	salt := append(append([]byte(nil), a.enc...), responseNonce...)
	prk, err := hkdf.Extract(sha256.New, a.secret, salt)
	if err != nil {
		return nil, nil, fmt.Errorf("derive the answer's key: %w", err)
	}
	key, err := hkdf.Expand(sha256.New, prk, "key", 16)
	if err != nil {
		return nil, nil, fmt.Errorf("derive the answer's key: %w", err)
	}
	iv, err := hkdf.Expand(sha256.New, prk, "nonce", 12)
	if err != nil {
		return nil, nil, fmt.Errorf("derive the answer's nonce: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, nil, fmt.Errorf("prepare AES: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, nil, fmt.Errorf("prepare AES-GCM: %w", err)
	}
	return aead, iv, nil
}

// Seal encapsulates a request for the first configuration in keys that has our
// suite, and returns what opens the answer.
func Seal(keys, request []byte) ([]byte, *Answer, error) {
	id, public, err := parseKeys(keys)
	if err != nil {
		return nil, nil, err
	}
	key, err := hpke.DHKEM(ecdh.X25519()).NewPublicKey(public)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	h := head(id)
	enc, s, err := hpke.NewSender(key, hpke.HKDFSHA256(), hpke.AES128GCM(), info(h[:]))
	if err != nil {
		return nil, nil, fmt.Errorf("seal a request: %w", err)
	}
	sealed, err := s.Seal(nil, request)
	if err != nil {
		return nil, nil, fmt.Errorf("seal a request: %w", err)
	}
	secret, err := s.Export(responseLabel, nonceSize)
	if err != nil {
		return nil, nil, fmt.Errorf("derive the answer's key: %w", err)
	}
	return append(append(h[:], enc...), sealed...), &Answer{enc: enc, secret: secret}, nil
}

// parseKeys finds our suite in a list of configurations.
func parseKeys(b []byte) (id uint8, public []byte, err error) {
	for len(b) >= 2 {
		n := int(binary.BigEndian.Uint16(b))
		if b = b[2:]; n > len(b) {
			break
		}
		c := b[:n]
		b = b[n:]
		if len(c) < 3+publicSize+2 || binary.BigEndian.Uint16(c[1:]) != kemID {
			continue
		}
		suites := c[3+publicSize+2:]
		if int(binary.BigEndian.Uint16(c[3+publicSize:])) != len(suites) {
			continue
		}
		for ; len(suites) >= 4; suites = suites[4:] {
			if binary.BigEndian.Uint16(suites) == kdfID && binary.BigEndian.Uint16(suites[2:]) == aeadID {
				return c[0], c[3 : 3+publicSize], nil
			}
		}
	}
	return 0, nil, ErrMalformed
}

func head(id uint8) [headSize]byte {
	return [headSize]byte{id, kemID >> 8, kemID & 0xff, kdfID >> 8, kdfID & 0xff, aeadID >> 8, aeadID & 0xff}
}

func info(head []byte) []byte { return append([]byte(requestLabel+"\x00"), head...) }

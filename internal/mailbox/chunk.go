package mailbox

import (
	"crypto/sha256"
	"encoding/base64"
)

// Paths of what is asked by HTTP (spec §3 and §4), below Path.
const (
	ChunkPath     = Path + "/chunk/"
	OHTTPKeysPath = Path + "/ohttp-keys"
	OHTTPPath     = Path + "/ohttp"
	ForwardPath   = Path + "/forward"
	PutPath       = Path + "/put" // inside of an encapsulated request alone
)

// Headers of what is asked by HTTP; their values are in unpadded base64url.
const (
	TicketHeader    = "Kith-Ticket"
	EraseHeader     = "Kith-Erase"
	EraseKeyHeader  = "Kith-Erase-Key"
	RelayHeader     = "Kith-Relay"
	SignatureHeader = "Kith-Signature"
)

// ChunkHours is how long a chunk is kept at most.
const ChunkHours = 48

// ChunkSize is the octets of a chunk of a size class; 0 when there is no such
// class.
func ChunkSize(class uint8) int64 {
	if class < 1 || class > 4 {
		return 0
	}
	return 1 << (14 + 2*class)
}

// EraseHash is what is told when a chunk is put there; the key erases it.
func EraseHash(key [32]byte) [32]byte { return sha256.Sum256(key[:]) }

// Encode writes octets as headers and paths have them.
func Encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// Decode reads what Encode wrote into b, which it must fill.
func Decode(s string, b []byte) error {
	if len(s) != base64.RawURLEncoding.EncodedLen(len(b)) {
		return ErrMalformed
	}
	n, err := base64.RawURLEncoding.Strict().Decode(b, []byte(s))
	if err != nil || n != len(b) {
		return ErrMalformed
	}
	return nil
}

// KeysInput is what a relay signs of its keys for oblivious requests (spec §4).
func KeysInput(keys []byte) []byte { return append([]byte(Protocol+" OHTTP\x00"), keys...) }

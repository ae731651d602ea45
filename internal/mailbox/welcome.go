package mailbox

import (
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// Flags of Limits.
const (
	FlagToken    = 1 // NEW needs a token that HELLO did not give
	FlagForwards = 2 // the relay forwards to others (spec §4)
)

// Limits are what a relay says of itself in WELCOME.
type Limits struct {
	Messages     uint32 `cbor:"1,keyasint"` // most in a queue
	Octets       uint64 `cbor:"2,keyasint"` // most in a queue
	LeaseSeconds uint32 `cbor:"3,keyasint"`
	Proofs       uint32 `cbor:"4,keyasint"` // most queues proved in a session
	ChunkOctets  uint64 `cbor:"5,keyasint"` // the largest chunk, 0 for none
	ChunkHours   uint32 `cbor:"6,keyasint"`
	Flags        uint32 `cbor:"7,keyasint"`
	PushKey      []byte `cbor:"8,keyasint,omitempty"` // for Web Push subscriptions (spec §5)
}

// WelcomePayload is the payload of WELCOME.
type WelcomePayload struct {
	Version uint8
	Relay   Key
	Nonce   [32]byte
	Limits  Limits
}

const welcomeHead = 1 + 32 + 32

// maxLimits is the most octets of limits that are looked at.
const maxLimits = 1024

// Append adds the payload to b.
func (p WelcomePayload) Append(b []byte) ([]byte, error) {
	mode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		return b, fmt.Errorf("prepare CBOR: %w", err)
	}
	limits, err := mode.Marshal(p.Limits)
	if err != nil {
		return b, fmt.Errorf("write limits: %w", err)
	}
	b = append(append(append(b, p.Version), p.Relay[:]...), p.Nonce[:]...)
	return append(b, limits...), nil
}

// ParseWelcome reads the payload of WELCOME. Limits that are not known are left
// out.
func ParseWelcome(b []byte) (p WelcomePayload, err error) {
	if len(b) <= welcomeHead || len(b) > welcomeHead+maxLimits {
		return p, ErrMalformed
	}
	mode, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
		MaxNestedLevels: 4, MaxArrayElements: 16, MaxMapPairs: 32,
	}.DecMode()
	if err != nil {
		return p, fmt.Errorf("prepare CBOR: %w", err)
	}
	p.Version, p.Relay, p.Nonce = b[0], Key(b[1:]), [32]byte(b[33:])
	if err := mode.Unmarshal(b[welcomeHead:], &p.Limits); err != nil {
		return p, fmt.Errorf("%w: limits: %w", ErrMalformed, err)
	}
	return p, nil
}

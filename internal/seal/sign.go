package seal

import (
	"bytes"
	"crypto/ed25519"

	"github.com/fxamacker/cbor/v2"

	"github.com/kith-web/kith/internal/fault"
)

// signMap encodes v, a map with integer keys, with a signature under the key at:
// over label ‖ 0x00 ‖ bound ‖ H(v without it).
func signMap(v any, at int, key ed25519.PrivateKey, label string, bound []byte) ([]byte, error) {
	octets, err := Marshal(v)
	if err != nil {
		return nil, fault.New(fault.Internal, "%s: %w", label, err)
	}
	fields, bare, err := without(octets, at)
	if err != nil {
		return nil, err
	}
	signature, err := Marshal(ed25519.Sign(key, signed(label, bound, bare)))
	if err != nil {
		return nil, fault.New(fault.Internal, "%s: %w", label, err)
	}
	fields[at] = signature
	return Marshal(fields)
}

// verifyMap checks what signMap made. Keys that this version does not know are
// under the signature like all others.
func verifyMap(octets []byte, at int, public, signature []byte, label string, bound []byte) error {
	_, bare, err := without(octets, at)
	if err != nil {
		return err
	}
	if len(public) != ed25519.PublicKeySize || !ed25519.Verify(public, signed(label, bound, bare), signature) {
		return fault.New(fault.Corrupt, "%s: the signature is not by the key that it names", label)
	}
	return nil
}

func signed(label string, bound, bare []byte) []byte {
	return join([]byte(label), []byte{0}, bound, hash(bare))
}

// without returns the fields of an encoded map and its encoding without one of
// them. An encoding that is not the deterministic one is refused.
func without(octets []byte, at int) (map[int]cbor.RawMessage, []byte, error) {
	fields := map[int]cbor.RawMessage{}
	if err := Unmarshal(octets, &fields); err != nil {
		return nil, nil, fault.New(fault.Invalid, "signed map: %w", err)
	}
	again, err := Marshal(fields)
	if err != nil || !bytes.Equal(again, octets) {
		return nil, nil, fault.New(fault.Invalid, "signed map is not in the deterministic encoding")
	}
	delete(fields, at)
	bare, err := Marshal(fields)
	if err != nil {
		return nil, nil, fault.New(fault.Internal, "signed map: %w", err)
	}
	return fields, bare, nil
}

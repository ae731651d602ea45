package seal

import (
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// Bounds of what is decoded, before anything is allocated for it.
const (
	maxNesting = 8
	maxArray   = 65_536
	maxPairs   = 4_096
)

// Marshal encodes in the deterministic encoding of RFC 8949 §4.2.1.
func Marshal(v any) ([]byte, error) {
	mode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return mode.Marshal(v)
}

// Unmarshal decodes one value that fills b. Duplicate keys, indefinite lengths,
// tags and more nesting or elements than any message has are refused; unknown
// keys of a map are ignored.
func Unmarshal(b []byte, v any) error {
	mode, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden,
		TagsMd: cbor.TagsForbidden, MaxNestedLevels: maxNesting,
		MaxArrayElements: maxArray, MaxMapPairs: maxPairs,
	}.DecMode()
	if err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	return mode.Unmarshal(b, v)
}

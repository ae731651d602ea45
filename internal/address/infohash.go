package address

import (
	"encoding/base32"
	"encoding/hex"
)

// base32Lower is the alphabet of RFC 4648 §6 in lower case, without padding.
func base32Lower() *base32.Encoding {
	return base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
}

// parseInfoHash reads an infohash: v1 as 40 hex or 32 base32 digits (BEP 9), v2
// as 64 hex digits. ok is false when s has none of these shapes.
func parseInfoHash(s string) (a Address, ok bool) {
	s = lower(s)
	switch {
	case len(s) == 40 && all(s, isHex):
		data, _ := hex.DecodeString(s)
		a = FromInfoHash([20]byte(data))
	case len(s) == 32 && all(s, isBase32):
		data, _ := base32Lower().DecodeString(s)
		a = FromInfoHash([20]byte(data))
	case len(s) == 64 && all(s, isHex):
		data, _ := hex.DecodeString(s)
		a = FromInfoHashV2([32]byte(data))
	}
	return a, a.Valid()
}

// parseBase32V2 reads the 52 base32 digits of a v2 infohash in a label.
func parseBase32V2(s string) (a Address, ok bool) {
	if len(s) != 52 || !all(s, isBase32) {
		return Address{}, false
	}
	data, err := base32Lower().DecodeString(s)
	if err != nil || base32Lower().EncodeToString(data) != s {
		return Address{}, false
	}
	a = FromInfoHashV2([32]byte(data))
	return a, a.Valid()
}

package seal

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"strings"
)

// safetyGroups is how many groups of five digits a safety code has.
const safetyGroups = 6

// SafetyCode returns what two people compare: the same on both sides of a
// relation, and of nobody who stands between them (spec §4.4).
func SafetyCode(r Relation, transcript []byte) (string, error) {
	key, err := signer(r.Pairwise)
	if err != nil {
		return "", err
	}
	low, high := []byte(key.Public().(ed25519.PublicKey)), r.PeerKey
	if bytes.Compare(low, high) > 0 {
		low, high = high, low
	}
	return safetyDigits(hash([]byte("kith safety 1"), low, high, transcript)), nil
}

// safetyDigits cuts the first 15 octets into groups of 20 bits.
func safetyDigits(digest []byte) string {
	groups := make([]string, safetyGroups)
	for i := range groups {
		bit := 20 * i
		three := uint32(digest[bit/8])<<16 | uint32(digest[bit/8+1])<<8 | uint32(digest[bit/8+2])
		groups[i] = fmt.Sprintf("%05d", three>>(4-bit%8)&0xfffff%100_000)
	}
	return strings.Join(groups, " ")
}

package address

import (
	"math/big"
	"strings"
)

// The key form of a mutable torrent is k, followed by key and salt as one
// number in base36. The width of the number tells the length of the salt, so
// that it is neither ambiguous nor longer than a host name's label allows:
// 32 octets have 50 digits, 37 octets 58.

// keyWidth is the number of base36 digits for n octets.
func keyWidth(n int) int {
	limit := new(big.Int).Lsh(big.NewInt(1), uint(8*n))
	return len(limit.Sub(limit, big.NewInt(1)).Text(36))
}

// keyForm writes key and salt.
func keyForm(key [32]byte, salt string) string {
	data := append(key[:], salt...)
	digits := new(big.Int).SetBytes(data).Text(36)
	return "k" + strings.Repeat("0", keyWidth(len(data))-len(digits)) + digits
}

// parseKeyForm reads what keyForm wrote, in lower case.
func parseKeyForm(s string) (a Address, ok bool) {
	digits, ok := strings.CutPrefix(s, "k")
	if !ok || !all(digits, func(c byte) bool { return isDigit(c) || isLower(c) }) {
		return Address{}, false
	}
	for n := 32; n <= 32+MaxSalt; n++ {
		if keyWidth(n) != len(digits) {
			continue
		}
		number, ok := new(big.Int).SetString(digits, 36)
		if !ok || number.BitLen() > 8*n {
			return Address{}, false
		}
		data := number.FillBytes(make([]byte, n))
		a, err := FromPublicKey([32]byte(data), string(data[32:]))
		return a, err == nil
	}
	return Address{}, false
}

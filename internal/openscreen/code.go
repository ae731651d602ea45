package openscreen

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"strings"

	"github.com/kith-web/kith/internal/fault"
)

// codeBits is the most a code holds (network protocol, appendix B).
const codeBits = 80

// Code is a pre-shared key: a number of at most 80 bits that is shown on one
// device and typed or scanned on the other (network protocol, appendix B). The
// zero value is no code.
type Code struct {
	n      [codeBits / 8]byte
	digits int
}

// NewCode draws a code of at least bits bits of entropy, of 9 digits or a
// multiple of 4 above that (spec/open-screen.md, 4.2).
func NewCode(bits int) (Code, error) {
	digits := 9
	for need := new(big.Int).Lsh(big.NewInt(1), uint(bits)); pow10(digits).Cmp(need) < 0; {
		digits = digits/4*4 + 4
	}
	n, err := rand.Int(rand.Reader, pow10(digits))
	if err != nil {
		return Code{}, fmt.Errorf("draw a code: %w", err)
	}
	c := Code{digits: digits}
	n.FillBytes(c.n[:])
	return c, nil
}

func pow10(digits int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
}

// ParseCode reads what a person typed: decimal digits; spaces and dashes do not
// count, nor do leading zeros.
func ParseCode(s string) (Code, error) {
	digits := strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' || r == '\u00a0' || r == '\u2013' {
			return -1
		}
		return r
	}, s)
	return parseCode(digits, 10, len(digits))
}

// ParseQR reads the text of a QR code: hexadecimal digits.
func ParseQR(s string) (Code, error) { return parseCode(strings.TrimSpace(s), 16, 0) }

// parseCode reads digits of a base. The code itself stays out of the error.
func parseCode(s string, base, digits int) (Code, error) {
	var c Code
	if s == "" || len(s) > 64 || strings.HasPrefix(s, "+") || strings.Contains(s, "_") {
		return c, errCode
	}
	n, ok := new(big.Int).SetString(s, base)
	if !ok || n.Sign() < 0 || n.BitLen() > codeBits {
		return c, errCode
	}
	n.FillBytes(c.n[:])
	c.digits = max(digits, len(n.String()))
	return c, nil
}

// errCode does not quote: what was typed may be nearly right.
var errCode = fault.New(fault.Invalid, "a code is some digits, in groups if you like").
	WithHint("type the code as the other device shows it")

// IsZero reports whether c is no code at all.
func (c Code) IsZero() bool { return c.digits == 0 }

// Equal reports whether both are the same number.
func (c Code) Equal(o Code) bool { return c.n == o.n }

// Numeric is the form to read out and type: groups of three digits up to nine of
// them, groups of four above.
func (c Code) Numeric() string {
	n := new(big.Int).SetBytes(c.n[:]).String()
	group := 3
	if max(c.digits, len(n)) > 9 {
		group = 4
	}
	width := max(c.digits, len(n))
	width = (width + group - 1) / group * group
	n = strings.Repeat("0", width-len(n)) + n
	var b strings.Builder
	for i, r := range n {
		if i > 0 && i%group == 0 {
			b.WriteByte('-')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// QR is the text to make a QR code of: the number in hexadecimal.
func (c Code) QR() string { return new(big.Int).SetBytes(c.n[:]).Text(16) }

// String does not tell the code, so that no log does.
func (c Code) String() string { return "code" }

// octets is the password of SPAKE2 (spec/open-screen.md, 4.3).
func (c Code) octets() []byte { return c.n[:] }

// shortest is the password of the early implementation: no leading zeros.
func (c Code) shortest() []byte { return new(big.Int).SetBytes(c.n[:]).Bytes() }

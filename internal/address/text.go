package address

import (
	"strconv"
	"strings"

	"github.com/kith-web/kith/internal/fault"
)

// longestQuote is how much of an input an error repeats, and longestFragment how
// much may stand behind its #: the links of people have a secret there.
const (
	longestQuote    = 120
	longestFragment = 40
)

// invalid makes the error for input that is no address. Parse puts the input in
// front of it.
func invalid(format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...)
}

// about puts the input in front of an error and keeps its hint.
func about(input string, err error) error {
	return fault.New(fault.Invalid, "%s is not an address: %w", quote(input), err).WithHintOf(err)
}

func quote(s string) string {
	if before, fragment, _ := strings.Cut(s, "#"); len(fragment) > longestFragment {
		return quote(before+"#") + "…"
	}
	if len(s) > longestQuote {
		return strconv.QuoteToASCII(s[:longestQuote]) + "…"
	}
	return strconv.Quote(s)
}

// lower lower-cases ASCII letters only: what a DNS name or hex digit may hold.
func lower(s string) string {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			return strings.Map(func(r rune) rune {
				if 'A' <= r && r <= 'Z' {
					return r + 'a' - 'A'
				}
				return r
			}, s)
		}
	}
	return s
}

// cutPrefixFold is strings.CutPrefix for an ASCII prefix in any case.
func cutPrefixFold(s, prefix string) (rest string, ok bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
func isHex(c byte) bool   { return isDigit(c) || 'a' <= c && c <= 'f' }

// isNameByte is the alphabet of DNS labels in lower case.
func isNameByte(c byte) bool { return isLower(c) || isDigit(c) || c == '-' }

// isBase32 is the alphabet of RFC 4648 §6 in lower case.
func isBase32(c byte) bool { return isLower(c) || '2' <= c && c <= '7' }

func all(s string, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}

package person

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kith-web/kith/internal/fault"
)

// longestName is in characters; a name is a segment of paths too ("bob/photos").
const longestName = 48

// cleanName makes a name of what somebody said of themselves: one line, nothing
// that cannot be seen, no slash.
func cleanName(s, otherwise string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r):
			return -1
		case unicode.IsControl(r) || unicode.IsSpace(r):
			return ' '
		case r == '/' || r == '\\':
			return '-'
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	runes := []rune(s)
	if len(runes) > longestName {
		s = strings.TrimSpace(string(runes[:longestName]))
	}
	for len(s) > 4*longestName/2 { // what the wire takes: 128 octets, with room
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	if s == "" || s == "." || s == ".." {
		return otherwise
	}
	return s
}

// checkName refuses a name that a person chose and that would be changed.
func checkName(s string) (string, error) {
	clean := cleanName(s, "")
	if clean == "" || clean != strings.TrimSpace(s) {
		return "", fault.New(fault.Invalid, "%.60q cannot be a name", s).
			WithHint("a name has 1 to %d characters, no slash, and no line breaks", longestName)
	}
	return clean, nil
}

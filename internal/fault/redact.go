package fault

import "strings"

// Redact leaves user and password out of every URL in a text.
func Redact(text string) string {
	var out strings.Builder
	for {
		before, after, found := strings.Cut(text, "://")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		out.WriteString("://")
		authority := after
		if end := strings.IndexAny(after, " \t\r\n\"'`<>\\/?#"); end >= 0 {
			authority = after[:end]
		}
		if at := strings.LastIndexByte(authority, '@'); at >= 0 {
			out.WriteString("(hidden)")
			after = after[at:]
		}
		text = after
	}
}

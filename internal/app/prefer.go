package app

import (
	"strconv"
	"strings"
	"time"
)

// preferredWait reads the preference "wait" (RFC 7240 §4.3), in seconds. The
// first one counts; without one that can be read it is usual.
func preferredWait(headers []string, usual, most time.Duration) time.Duration {
	for _, header := range headers {
		for p := range strings.SplitSeq(header, ",") {
			p, _, _ = strings.Cut(p, ";")
			name, value, ok := strings.Cut(p, "=")
			if !ok || !strings.EqualFold(strings.TrimSpace(name), "wait") {
				continue
			}
			value = strings.Trim(strings.TrimSpace(value), `"`)
			n, err := strconv.ParseUint(value, 10, 31)
			if err != nil {
				return usual
			}
			return min(time.Duration(n)*time.Second, most)
		}
	}
	return usual
}

// hasDirective reports whether Cache-Control has a directive (RFC 9111 §5.2.1).
func hasDirective(headers []string, directive string) bool {
	for _, header := range headers {
		for d := range strings.SplitSeq(header, ",") {
			if strings.EqualFold(strings.TrimSpace(d), directive) {
				return true
			}
		}
	}
	return false
}

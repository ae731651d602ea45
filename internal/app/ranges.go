package app

import (
	"strconv"
	"strings"
)

// span is a part of a body: Length octets from From.
type span struct{ From, Length int64 }

// parseRange reads one range of a header Range for a body of so many octets
// (RFC 9110 §14.1.2). What is no such range, or more than one, is ignored: ok is
// false. within is false for one that has nothing of the body.
func parseRange(header string, size int64) (s span, ok, within bool) {
	set, found := strings.CutPrefix(header, "bytes=")
	set = strings.TrimSpace(set)
	first, last, dash := strings.Cut(set, "-")
	if !found || !dash {
		return span{}, false, false
	}
	if first == "" {
		n, err := parseOctets(last)
		if err != nil {
			return span{}, false, false
		}
		n = min(n, size)
		return span{size - n, n}, true, n > 0
	}
	from, err := parseOctets(first)
	if err != nil {
		return span{}, false, false
	}
	to := size - 1
	if last != "" {
		if to, err = parseOctets(last); err != nil || to < from {
			return span{}, false, false
		}
		to = min(to, size-1)
	}
	if from >= size {
		return span{}, true, false
	}
	return span{from, to - from + 1}, true, true
}

// contentRange is a header Content-Range of a request. Total is -1 for one that
// does not say; Asks is true for one that has no octets and asks how far it is.
type contentRange struct {
	span
	Total int64
	Asks  bool
}

// parseContentRange reads "bytes a-b/n", "bytes a-b/*" and "bytes */n" (RFC 9110
// §14.4).
func parseContentRange(header string) (c contentRange, ok bool) {
	rest, found := strings.CutPrefix(header, "bytes ")
	octets, size, slash := strings.Cut(rest, "/")
	if !found || !slash {
		return c, false
	}
	var err error
	if c.Total = -1; size != "*" {
		if c.Total, err = parseOctets(size); err != nil {
			return contentRange{}, false
		}
	}
	if octets == "*" {
		c.Asks = true
		return c, c.Total >= 0
	}
	first, last, dash := strings.Cut(octets, "-")
	from, err1 := parseOctets(first)
	to, err2 := parseOctets(last)
	if !dash || err1 != nil || err2 != nil || to < from || c.Total >= 0 && to >= c.Total {
		return contentRange{}, false
	}
	c.span = span{from, to - from + 1}
	return c, true
}

// parseOctets reads a number of digits alone, below 2^53: what JavaScript counts.
func parseOctets(s string) (int64, error) {
	if strings.Trim(s, "0123456789") != "" {
		return 0, strconv.ErrSyntax
	}
	n, err := strconv.ParseUint(s, 10, 53)
	return int64(n), err
}

package gateway

import (
	"errors"
	"strconv"
	"strings"

	"github.com/kith-web/kith/internal/fault"
)

// span is one part of a file.
type span struct{ start, length int64 }

// contentRange is the value of the Content-Range header (RFC 9110 §14.4).
func (s span) contentRange(size int64) string {
	b := make([]byte, 0, 64)
	b = append(b, "bytes "...)
	b = strconv.AppendInt(b, s.start, 10)
	b = append(b, '-')
	b = strconv.AppendInt(b, s.start+s.length-1, 10)
	b = append(b, '/')
	return string(strconv.AppendInt(b, size, 10))
}

// errNoOverlap means that no range of a request lies in the file.
var errNoOverlap = errors.New("no range overlaps the file")

// rangeHint is what a client can do about a range that is refused.
const rangeHint = "ask for bytes=first-last, both less than the size in Content-Range"

// parseRanges reads a Range header (RFC 9110 §14.1.2) for a file of size bytes.
// Ranges past the end are left out, and it is errNoOverlap when none is left.
// Another unit than bytes is nothing to us (§14.2).
func parseRanges(s string, size int64) ([]span, error) {
	rest, ok := strings.CutPrefix(s, "bytes=")
	if !ok {
		return nil, nil
	}
	var out []span
	noOverlap := false
	for part := range strings.SplitSeq(rest, ",") {
		part = strings.Trim(part, " \t")
		if part == "" {
			continue
		}
		first, last, ok := strings.Cut(part, "-")
		if !ok {
			return nil, badRange(s)
		}
		one, ok := parseSpan(strings.Trim(first, " \t"), strings.Trim(last, " \t"), size)
		switch {
		case !ok:
			return nil, badRange(s)
		case one.length == 0:
			noOverlap = true
		default:
			out = append(out, one)
		}
	}
	if noOverlap && len(out) == 0 {
		return nil, errNoOverlap
	}
	return out, nil
}

func badRange(s string) error { return fault.New(fault.Invalid, "the range %.100q cannot be read", s) }

// parseSpan reads "first-last", "first-" or "-suffix". The span is empty when
// it lies past the end.
func parseSpan(first, last string, size int64) (span, bool) {
	if first == "" {
		n, ok := parseOffset(last)
		if !ok {
			return span{}, false
		}
		n = min(n, size)
		return span{size - n, n}, true
	}
	start, ok := parseOffset(first)
	if !ok {
		return span{}, false
	}
	end := size - 1
	if last != "" {
		if end, ok = parseOffset(last); !ok || end < start {
			return span{}, false
		}
	}
	if start >= size {
		return span{}, true
	}
	return span{start, min(end, size-1) - start + 1}, true
}

// parseOffset reads digits alone: no sign, no spaces.
func parseOffset(s string) (int64, bool) {
	if s == "" || s[0] < '0' || s[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// wanted are the spans a request gets. None means the whole file: nobody asked
// for less, or asked for so many or so much that the whole is the smaller answer.
func wanted(rangeHeader string, size int64, limit int) ([]span, error) {
	if rangeHeader == "" {
		return nil, nil
	}
	spans, err := parseRanges(rangeHeader, size)
	if errors.Is(err, errNoOverlap) && size == 0 {
		return nil, nil // a range of an empty file is the empty file
	}
	if err != nil {
		return nil, err
	}
	var total int64
	for _, s := range spans {
		total += s.length
	}
	if len(spans) > limit || total > size {
		return nil, nil
	}
	return spans, nil
}

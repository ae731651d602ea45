package gateway

import (
	"net/http"
	"strings"
	"time"
)

// validators tell one version of a response from another (RFC 9110 §8.8).
type validators struct {
	etag     string    // with quotes; "" for none
	modified time.Time // zero for none
}

// verdict is what the preconditions of a request come to.
type verdict uint8

const (
	proceed     verdict = iota
	notModified         // 304
	failed              // 412
)

// precondition evaluates a request's conditions in the order of RFC 9110
// §13.2.2, If-Range excepted.
func (v validators) precondition(r *http.Request) verdict {
	if m := header(r, "If-Match"); m != "" {
		if !v.matches(m, strongMatch) {
			return failed
		}
	} else if t, ok := v.since(header(r, "If-Unmodified-Since")); ok && v.modifiedAt().After(t) {
		return failed
	}
	if m := header(r, "If-None-Match"); m != "" {
		if v.matches(m, weakMatch) {
			return notModified
		}
	} else if t, ok := v.since(header(r, "If-Modified-Since")); ok && !v.modifiedAt().After(t) {
		return notModified
	}
	return proceed
}

// rangeHolds reports whether the version that a Range was meant for is this one
// (RFC 9110 §13.1.5).
func (v validators) rangeHolds(r *http.Request) bool {
	cond := header(r, "If-Range")
	switch {
	case cond == "":
		return true
	case strings.HasPrefix(cond, `"`) || strings.HasPrefix(cond, "W/"):
		tag, rest := scanTag(cond)
		return rest == "" && strongMatch(tag, v.etag)
	}
	t, ok := v.since(cond)
	return ok && v.modifiedAt().Equal(t)
}

// since reads an HTTP date; ok is false when there is none, or nothing to
// compare it with.
func (v validators) since(s string) (time.Time, bool) {
	if s == "" || v.modified.IsZero() {
		return time.Time{}, false
	}
	t, err := http.ParseTime(s)
	return t, err == nil
}

// modifiedAt has the resolution of HTTP dates.
func (v validators) modifiedAt() time.Time { return v.modified.Truncate(time.Second) }

// matches reports whether one tag of a list, or "*", is this version's.
func (v validators) matches(list string, same func(a, b string) bool) bool {
	for {
		list = strings.TrimLeft(list, " \t,")
		if list == "" {
			return false
		}
		if list[0] == '*' {
			return true
		}
		tag, rest := scanTag(list)
		if tag == "" {
			return false
		}
		if same(tag, v.etag) {
			return true
		}
		list = rest
	}
}

func strongMatch(a, b string) bool { return a == b && a != "" && a[0] == '"' }

func weakMatch(a, b string) bool {
	a, b = strings.TrimPrefix(a, "W/"), strings.TrimPrefix(b, "W/")
	return a == b && a != ""
}

// scanTag takes an entity tag off s (RFC 9110 §8.8.3); tag is "" when s does
// not begin with one.
func scanTag(s string) (tag, rest string) {
	start := 0
	if strings.HasPrefix(s, "W/") {
		start = 2
	}
	if len(s) <= start || s[start] != '"' {
		return "", ""
	}
	for i := start + 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return s[:i+1], s[i+1:]
		case c < 0x21 || c == 0x7f:
			return "", ""
		}
	}
	return "", ""
}

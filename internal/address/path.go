package address

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// setTail reads "/path?query#fragment", every part of it optional.
func (a *Address) setTail(tail string) error {
	tail, fragment, _ := strings.Cut(tail, "#")
	raw, query, _ := strings.Cut(tail, "?")
	p, err := cleanPath(raw)
	if err != nil {
		return err
	}
	a.Path, a.Query, a.Fragment = p, escapeTail(query), escapeTail(fragment)
	return nil
}

// cleanPath decodes a path and takes ".", ".." and empty parts out of it, never
// climbing above the root. A final slash stays.
func cleanPath(raw string) (string, error) {
	if raw == "" {
		return "", nil
	}
	p, err := url.PathUnescape(raw)
	switch {
	case err != nil:
		return "", invalid("its path has a %% that two hex digits do not follow").WithHint("write %%25 for the sign itself")
	case strings.ContainsRune(p, 0):
		return "", invalid("its path has a NUL")
	case !utf8.ValidString(p):
		return "", invalid("its path is not UTF-8")
	}
	var kept []string
	dir := false
	for part := range strings.SplitSeq(p, "/") {
		dir = part == "" || part == "." || part == ".."
		switch {
		case part == ".." && len(kept) > 0:
			kept = kept[:len(kept)-1]
		case !dir:
			kept = append(kept, part)
		}
	}
	if len(kept) == 0 {
		return "/", nil
	}
	p = "/" + strings.Join(kept, "/")
	if dir {
		p += "/"
	}
	return p, nil
}

// escapeTail escapes what may not stand in the query or fragment of a URL
// (RFC 3986 §3.4), a stray % included; escapes that are there stay.
func escapeTail(s string) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		stray := c == '%' && !(i+2 < len(s) && isHex(s[i+1]|0x20) && isHex(s[i+2]|0x20))
		if stray || c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>#\\^`{|}", c) >= 0 {
			b.WriteByte('%')
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

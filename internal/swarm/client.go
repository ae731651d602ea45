package swarm

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"
)

// maxClient is how much is kept of what a peer calls its program.
const maxClient = 64

// maxDepth is how deep the dictionary of an extension handshake may go.
const maxDepth = 16

// clientName finds what a peer calls its program in the dictionary of its
// extension handshake (BEP 10); "" when it does not say, or not well.
func clientName(dict []byte) string {
	if len(dict) == 0 || dict[0] != 'd' {
		return ""
	}
	for b := dict[1:]; len(b) > 0 && b[0] != 'e'; {
		key, rest, ok := cutString(b)
		if !ok {
			return ""
		}
		if string(key) == "v" {
			v, _, _ := cutString(rest)
			return readable(v)
		}
		if b, ok = skip(rest, 0); !ok {
			return ""
		}
	}
	return ""
}

// readable is a name without what a terminal or a page could take amiss.
func readable(b []byte) string {
	var out strings.Builder
	for _, r := range strings.ToValidUTF8(string(b[:min(len(b), 4*maxClient)]), "") {
		if out.Len() < maxClient && unicode.IsPrint(r) {
			out.WriteRune(r)
		}
	}
	return out.String()
}

// cutString cuts a bencoded string off.
func cutString(b []byte) (s, rest []byte, ok bool) {
	colon := bytes.IndexByte(b[:min(len(b), 8)], ':')
	if colon < 1 {
		return nil, nil, false
	}
	n, err := strconv.ParseUint(string(b[:colon]), 10, 31)
	if err != nil || int(n) > len(b)-colon-1 {
		return nil, nil, false
	}
	b = b[colon+1:]
	return b[:n], b[n:], true
}

// skip cuts any bencoded value off.
func skip(b []byte, depth int) (rest []byte, ok bool) {
	switch {
	case len(b) == 0 || depth > maxDepth:
		return nil, false
	case b[0] == 'i':
		_, rest, ok = bytes.Cut(b, []byte("e"))
		return rest, ok
	case b[0] != 'l' && b[0] != 'd':
		_, rest, ok = cutString(b)
		return rest, ok
	}
	for b = b[1:]; len(b) > 0 && b[0] != 'e'; {
		if b, ok = skip(b, depth+1); !ok {
			return nil, false
		}
	}
	if len(b) == 0 {
		return nil, false
	}
	return b[1:], true
}

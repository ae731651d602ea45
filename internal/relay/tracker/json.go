package tracker

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth is how deep arrays and objects may be nested in a message.
const maxDepth = 16

// cursor walks over a JSON text (RFC 8259) that is already known to be UTF-8.
// It checks the grammar to the last octet, because what it walks over is passed
// on to others as it stands, and makes nothing on the heap.
type cursor struct {
	data []byte
	pos  int
}

// space skips white space and returns the octet at hand; 0 at the end.
func (c *cursor) space() byte {
	for ; c.pos < len(c.data); c.pos++ {
		switch b := c.data[c.pos]; b {
		case ' ', '\t', '\n', '\r':
		default:
			return b
		}
	}
	return 0
}

// next skips white space and then b, if it is there.
func (c *cursor) next(b byte) bool {
	if c.space() != b || c.pos >= len(c.data) {
		return false
	}
	c.pos++
	return true
}

// value returns the value at hand as it is written.
func (c *cursor) value(depth int) (raw []byte, ok bool) {
	first := c.space()
	start := c.pos
	switch first {
	case '"':
		return c.text()
	case '{':
		ok = c.object(depth, func([]byte) bool { _, ok := c.value(depth + 1); return ok })
	case '[':
		ok = c.array(depth, func() bool { _, ok := c.value(depth + 1); return ok })
	case 't':
		ok = c.word("true")
	case 'f':
		ok = c.word("false")
	case 'n':
		ok = c.word("null")
	default:
		ok = c.number()
	}
	return c.data[start:c.pos], ok
}

// object walks over an object and calls member with each key as it is written;
// member walks over the value.
func (c *cursor) object(depth int, member func(key []byte) bool) bool {
	if depth >= maxDepth || !c.next('{') {
		return false
	}
	if c.next('}') {
		return true
	}
	for {
		c.space()
		key, ok := c.text()
		if !ok || !c.next(':') || !member(key) {
			return false
		}
		if !c.next(',') {
			return c.next('}')
		}
	}
}

// array walks over an array; element walks over each value in it.
func (c *cursor) array(depth int, element func() bool) bool {
	if depth >= maxDepth || !c.next('[') {
		return false
	}
	if c.next(']') {
		return true
	}
	for {
		if !element() {
			return false
		}
		if !c.next(',') {
			return c.next(']')
		}
	}
}

func (c *cursor) word(w string) bool {
	if len(c.data)-c.pos < len(w) || string(c.data[c.pos:c.pos+len(w)]) != w {
		return false
	}
	c.pos += len(w)
	return true
}

func (c *cursor) number() bool {
	if c.pos < len(c.data) && c.data[c.pos] == '-' {
		c.pos++
	}
	if c.pos < len(c.data) && c.data[c.pos] == '0' {
		c.pos++
	} else if !c.digits() {
		return false
	}
	if c.pos < len(c.data) && c.data[c.pos] == '.' {
		c.pos++
		if !c.digits() {
			return false
		}
	}
	if c.pos < len(c.data) && c.data[c.pos]|0x20 == 'e' {
		c.pos++
		if c.pos < len(c.data) && (c.data[c.pos] == '+' || c.data[c.pos] == '-') {
			c.pos++
		}
		return c.digits()
	}
	return true
}

func (c *cursor) digits() bool {
	start := c.pos
	for c.pos < len(c.data) && c.data[c.pos] >= '0' && c.data[c.pos] <= '9' {
		c.pos++
	}
	return c.pos > start
}

// text walks over a string and returns it with its quotes.
func (c *cursor) text() (raw []byte, ok bool) {
	start := c.pos
	if c.pos >= len(c.data) || c.data[c.pos] != '"' {
		return nil, false
	}
	for i := c.pos + 1; i < len(c.data); {
		if len(c.data)-i >= 8 && plain(binary.LittleEndian.Uint64(c.data[i:])) {
			i += 8
			continue
		}
		switch b := c.data[i]; {
		case b == '"':
			c.pos = i + 1
			return c.data[start:c.pos], true
		case b < ' ':
			return nil, false
		case b == '\\':
			n := escape(c.data[i:])
			if n == 0 {
				return nil, false
			}
			i += n
		default:
			i++
		}
	}
	return nil, false
}

// plain reports whether none of eight octets ends or bends a string: no quote,
// no backslash, no control character. It may be wrong on the side of false.
func plain(x uint64) bool {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	quote, slash := x^(ones*'"'), x^(ones*'\\')
	found := (x-ones*' ')&^x | (quote-ones)&^quote | (slash-ones)&^slash
	return found&high == 0
}

// escape returns the length of the escape sequence that s begins with, 0 if it
// is none.
func escape(s []byte) int {
	if len(s) < 2 {
		return 0
	}
	switch s[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := unit(s); ok {
			return 6
		}
	}
	return 0
}

// unit reads \uXXXX.
func unit(s []byte) (u rune, ok bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	for _, c := range s[2:6] {
		d := unhex(c)
		if d > 15 {
			return 0, false
		}
		u = u<<4 | rune(d)
	}
	return u, true
}

// char decodes the first character of what stands between a string's quotes,
// and returns the length of its spelling. A lone surrogate is U+FFFD.
func char(s []byte) (rune, int) {
	if s[0] != '\\' {
		return utf8.DecodeRune(s)
	}
	switch s[1] {
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		r, _ := unit(s)
		if !utf16.IsSurrogate(r) {
			return r, 6
		}
		if low, ok := unit(s[6:]); ok {
			if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
				return both, 12
			}
		}
		return utf8.RuneError, 6
	}
	return rune(s[1]), 2
}

// binary20 decodes a string of 20 characters up to U+00FF, which is how
// WebTorrent writes 20 octets.
func binary20(raw []byte, out *[20]byte) bool {
	if len(raw) < 2 || raw[0] != '"' {
		return false
	}
	n := 0
	for s := raw[1 : len(raw)-1]; len(s) > 0; n++ {
		r, size := char(s)
		if r > 0xff || n == len(out) {
			return false
		}
		out[n] = byte(r)
		s = s[size:]
	}
	return n == len(out)
}

// plainText returns what a string says, decoded into buf; what is longer than
// buf is cut, so buf must be longer than any text that is looked for.
func plainText(raw []byte, buf []byte) []byte {
	if len(raw) < 2 || raw[0] != '"' {
		return nil
	}
	buf = buf[:0]
	for s := raw[1 : len(raw)-1]; len(s) > 0; {
		r, size := char(s)
		if len(buf)+utf8.UTFMax > cap(buf) {
			return buf
		}
		buf = utf8.AppendRune(buf, r)
		s = s[size:]
	}
	return buf
}

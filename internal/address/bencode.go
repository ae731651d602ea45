package address

import (
	"bytes"
	"strconv"
)

// maxDepth is how deep lists and dictionaries of a torrent may nest.
const maxDepth = 64

// scanner walks over bencoded data (BEP 3) without building anything. Its
// methods return ok=false for data that ends early or is not bencode.
type scanner struct {
	data []byte
	pos  int
}

// skip moves over one value.
func (s *scanner) skip() (ok bool) {
	depth := 0
	for {
		if s.pos >= len(s.data) {
			return false
		}
		switch c := s.data[s.pos]; {
		case c == 'd', c == 'l':
			depth++
			s.pos++
			if depth > maxDepth {
				return false
			}
			continue // there is a value or an end to come
		case c == 'e':
			if depth == 0 {
				return false
			}
			depth--
			s.pos++
		case c == 'i':
			if _, ok = s.integer(); !ok {
				return false
			}
		default:
			if _, ok = s.text(); !ok {
				return false
			}
		}
		if depth == 0 {
			return true
		}
	}
}

// integer reads i<digits>e.
func (s *scanner) integer() (n int64, ok bool) {
	const longest = 21
	if s.pos >= len(s.data) || s.data[s.pos] != 'i' {
		return 0, false
	}
	rest := s.data[s.pos+1:]
	end := bytes.IndexByte(rest[:min(len(rest), longest)], 'e')
	if end < 1 {
		return 0, false
	}
	n, err := strconv.ParseInt(string(rest[:end]), 10, 64)
	s.pos += end + 2
	return n, err == nil
}

// text reads <length>:<octets>; the result is a part of the data.
func (s *scanner) text() (t []byte, ok bool) {
	const longest = 11
	rest := s.data[min(s.pos, len(s.data)):]
	colon := bytes.IndexByte(rest[:min(len(rest), longest)], ':')
	if colon < 1 || !isDigit(rest[0]) {
		return nil, false
	}
	n, err := strconv.ParseUint(string(rest[:colon]), 10, 32)
	if err != nil || n > uint64(len(rest)-colon-1) {
		return nil, false
	}
	end := colon + 1 + int(n)
	s.pos += end
	return rest[colon+1 : end], true
}

// dict calls f with each key of a dictionary and the bencoded value.
func (s *scanner) dict(f func(key string, value []byte)) (ok bool) {
	if s.pos >= len(s.data) || s.data[s.pos] != 'd' {
		return false
	}
	s.pos++
	for {
		if s.pos >= len(s.data) {
			return false
		}
		if s.data[s.pos] == 'e' {
			s.pos++
			return true
		}
		key, ok := s.text()
		if !ok {
			return false
		}
		start := s.pos
		if !s.skip() {
			return false
		}
		f(string(key), s.data[start:s.pos])
	}
}

// list calls f with each bencoded value of a list.
func (s *scanner) list(f func(value []byte)) (ok bool) {
	if s.pos >= len(s.data) || s.data[s.pos] != 'l' {
		return false
	}
	s.pos++
	for {
		if s.pos >= len(s.data) {
			return false
		}
		if s.data[s.pos] == 'e' {
			s.pos++
			return true
		}
		start := s.pos
		if !s.skip() {
			return false
		}
		f(s.data[start:s.pos])
	}
}

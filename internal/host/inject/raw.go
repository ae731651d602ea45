package inject

import (
	"bytes"
	"strings"
)

// jsState is where script data stands (HTML §13.2.5.15 on): a comment in it can
// hide an end tag.
type jsState uint8

const (
	jsPlain   jsState = iota
	jsEscaped         // behind "<!--"
	jsDouble          // behind "<script" in that
)

// raw takes text up to the end tag of s.until. What may become that tag is kept
// in s.tok.
func (s *scanner) raw(p []byte) int {
	switch {
	case len(s.tok) > 0:
		return s.rawMarkup(p[0])
	case s.js != jsPlain:
		return s.escaped(p)
	}
	i := bytes.IndexByte(p, '<')
	if i < 0 {
		s.page.pass(p)
		return len(p)
	}
	s.page.pass(p[:i])
	s.tok = append(s.tok, '<')
	return i + 1
}

// escaped takes script data behind "<!--", up to "-->" or the next "<".
func (s *scanner) escaped(p []byte) int {
	for i, b := range p {
		switch {
		case b == '<':
			s.page.pass(p[:i])
			s.tok, s.run = append(s.tok, '<'), 0
			return i + 1
		case b == '>' && s.run >= 2:
			s.page.pass(p[:i+1])
			s.js, s.run = jsPlain, 0
			return i + 1
		case b == '-':
			s.run++
		default:
			s.run = 0
		}
	}
	s.page.pass(p)
	return len(p)
}

// rawMarkup takes one byte behind a "<" in raw text, and says whether it did.
func (s *scanner) rawMarkup(b byte) int {
	plain := s.state == script && s.js == jsPlain
	switch t := string(s.tok); {
	case t == "<" && b == '/',
		t == "<" && b == '!' && plain,
		t == "<!" && b == '-':
	case t == "<!-" && b == '-':
		s.page.pass(append(s.tok, b))
		s.tok, s.js, s.run = s.tok[:0], jsEscaped, 2
		return 1
	case strings.HasPrefix(t, "</"):
		return s.rawName(t[2:], b)
	case t[1:] != "" && letter(t[1]), s.state == script && s.js == jsEscaped && letter(b):
		return s.rawName(t[1:], b)
	default:
		s.page.pass(s.tok)
		s.tok = s.tok[:0]
		return 0
	}
	s.tok = append(s.tok, b)
	return 1
}

// rawName takes one byte of, or behind, the name of a tag in raw text.
func (s *scanner) rawName(name string, b byte) int {
	separator := space(b) || b == '/' || b == '>'
	opening := len(s.tok) > 1 && s.tok[1] != '/'
	switch {
	case letter(b) && len(name) < len(s.until):
		s.tok = append(s.tok, b)
		return 1
	case !separator || !strings.EqualFold(name, s.until):
		s.page.pass(s.tok)
		s.tok = s.tok[:0]
		return 0
	case opening:
		s.js = jsDouble
	case s.js == jsDouble:
		s.js = jsEscaped
	default:
		s.state, s.attrs = tag, inName
		return 0
	}
	s.page.pass(append(s.tok, b))
	s.tok = s.tok[:0]
	return 1
}

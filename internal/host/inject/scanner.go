package inject

import "bytes"

// state is where in a page a scanner is (HTML §13.2.5). All that stands between
// tags is one of the first six.
type state uint8

const (
	start    state = iota // the very first bytes, which may be a byte order mark
	text                  // data
	raw                   // RCDATA and RAWTEXT, up to the end tag named in scanner.until
	script                // script data, likewise
	comment               // up to -->
	bogus                 // bogus comments, processing instructions, doctypes: up to >
	section               // CDATA in SVG and MathML, up to ]]>
	markup                // "<" was read
	closing               // "</" was read
	declare               // "<!" was read
	tag                   // inside a tag, whose bytes are kept
	longTag               // inside a tag that is too large to be kept
	verbatim              // nothing is changed any more
)

// scanner finds the tags of a page, with no more memory than one of them.
type scanner struct {
	page  *page
	max   int
	state state
	tok   []byte // the token that is being read, from its "<"
	attrs attrState
	until string  // the element that raw text ends with
	js    jsState // in script data
	run   int     // "-" or "]" in a row, in comments, sections and script data
	seen  int     // bytes of a comment, up to 3
	bang  bool    // whether "--!" precedes
	long  element // the tag that is too large to be kept
}

func (s *scanner) write(p []byte) {
	for len(p) > 0 {
		p = p[s.step(p):]
	}
}

// step takes one token, or what there is of it, and says how many bytes it took.
func (s *scanner) step(p []byte) int {
	switch s.state {
	case start:
		return s.start(p)
	case text:
		return s.text(p)
	case raw, script:
		return s.raw(p)
	case comment, section:
		return s.comment(p)
	case bogus:
		return s.bogus(p)
	case markup, closing:
		return s.markup(p[0])
	case declare:
		return s.declare(p[0])
	case tag:
		return s.tag(p)
	case longTag:
		return s.longTag(p)
	default:
		s.page.pass(p)
		return len(p)
	}
}

// end is called at the end of the page.
func (s *scanner) end() {
	if s.state == declare { // "<!" at the end is a comment
		s.page.aside(s.tok)
	} else {
		s.page.text(s.tok)
	}
	s.tok = s.tok[:0]
	s.page.release()
}

// start looks for a byte order mark, and for UTF-16 without one.
func (s *scanner) start(p []byte) int {
	s.tok = append(s.tok, p[0])
	switch t := s.tok; {
	case bytes.IndexByte(t, 0) >= 0, bytes.Equal(t, []byte("\xfe\xff")), bytes.Equal(t, []byte("\xff\xfe")):
		s.stop()
	case len(t) == 1 && (t[0] == 0xfe || t[0] == 0xff):
	case bytes.Equal(t, []byte("\xef\xbb\xbf")):
		s.page.pass(t)
		s.become(text)
	case bytes.HasPrefix([]byte("\xef\xbb\xbf"), t):
	case len(t) == 1: // the second byte tells UTF-16
	default:
		s.state = text
		again := bytes.Clone(t)
		s.tok = s.tok[:0]
		s.write(again)
	}
	return 1
}

// stop lets everything from here on through.
func (s *scanner) stop() {
	s.page.release()
	s.page.pass(s.tok)
	s.become(verbatim)
}

// become goes to a state with no token begun.
func (s *scanner) become(next state) {
	s.state, s.tok = next, s.tok[:0]
}

func (s *scanner) text(p []byte) int {
	i := bytes.IndexByte(p, '<')
	if i < 0 {
		s.page.text(p)
		return len(p)
	}
	if i > 0 {
		s.page.text(p[:i])
	}
	s.tok = append(s.tok[:0], '<')
	s.state = markup
	return i + 1
}

// markup takes the byte after "<" or "</" (§13.2.5.6, §13.2.5.7).
func (s *scanner) markup(b byte) int {
	switch {
	case letter(b):
		s.tok = append(s.tok, b)
		s.attrs = inName
		s.state = tag
	case s.state == markup && b == '/':
		s.tok = append(s.tok, b)
		s.state = closing
	case s.state == markup && b == '!':
		s.tok = append(s.tok, b)
		s.state = declare
	case s.state == closing && b == '>': // "</>" is nothing at all
		s.page.aside(append(s.tok, b))
		s.become(text)
	case s.state == closing, b == '?':
		s.page.aside(s.tok)
		s.become(bogus)
		return 0
	default: // a "<" that begins nothing
		s.page.text(s.tok)
		s.become(text)
		return 0
	}
	return 1
}

// declare takes the bytes after "<!" (§13.2.5.42).
func (s *scanner) declare(b byte) int {
	const cdata = "[CDATA["
	s.tok = append(s.tok, b)
	said := s.tok[2:]
	switch {
	case bytes.Equal(said, []byte("--")):
		s.page.aside(s.tok)
		s.become(comment)
		s.run, s.seen, s.bang = 0, 0, false
		return 1
	case len(said) == 1 && b == '-':
		return 1
	case s.page.foreign() && string(said) == cdata:
		s.page.aside(s.tok)
		s.become(section)
		s.run, s.seen, s.bang = 0, 0, false
		return 1
	case s.page.foreign() && bytes.HasPrefix([]byte(cdata), said):
		return 1
	}
	s.page.aside(s.tok[:len(s.tok)-1])
	s.become(bogus)
	return 0
}

func (s *scanner) bogus(p []byte) int {
	n := len(p)
	if i := bytes.IndexByte(p, '>'); i >= 0 {
		n = i + 1
		s.state = text
	}
	s.page.aside(p[:n])
	return n
}

// comment takes comments up to "-->" or "--!>" (§13.2.5.43 on), and sections up to
// "]]>".
func (s *scanner) comment(p []byte) int {
	for i, b := range p {
		if b == '>' && s.ended() {
			s.page.aside(p[:i+1])
			s.become(text)
			return i + 1
		}
		s.follow(b)
	}
	s.page.aside(p)
	return len(p)
}

// ended reports whether a ">" ends what is being read. "<!-->" and "<!--->" are
// comments too.
func (s *scanner) ended() bool {
	if s.state == section {
		return s.run >= 2
	}
	return s.bang || s.run >= 2 || s.run == s.seen
}

// follow counts the bytes that may end a comment or section.
func (s *scanner) follow(b byte) {
	closer := byte('-')
	if s.state == section {
		closer = ']'
	}
	s.bang = b == '!' && s.run >= 2
	s.seen = min(s.seen+1, 3)
	if b == closer {
		s.run++
	} else {
		s.run = 0
	}
}

// tag keeps the bytes of a tag until it ends.
func (s *scanner) tag(p []byte) int {
	p = p[:min(len(p), s.max-len(s.tok))]
	for i := 0; i < len(p); i++ {
		if quote := s.attrs.quote(); quote != 0 { // nothing else counts there
			n := bytes.IndexByte(p[i:], quote)
			if n < 0 {
				break
			}
			i += n
		}
		if s.attrs = s.attrs.next(p[i]); s.attrs == ended {
			s.tok = append(s.tok, p[:i+1]...)
			s.finish()
			return i + 1
		}
	}
	if s.tok = append(s.tok, p...); len(s.tok) >= s.max {
		s.tooLong()
	}
	return len(p)
}

// finish hands a whole tag to the page, which says how to go on.
func (s *scanner) finish() {
	s.follows(s.page.tag(s.tok))
}

// follows goes on behind a tag.
func (s *scanner) follows(next state, until string) {
	s.become(next)
	s.until, s.js, s.run = until, jsPlain, 0
}

// tooLong lets a tag through that is too large to be kept.
func (s *scanner) tooLong() {
	s.long = element{name: s.page.names.of(s.tok), closing: s.tok[1] == '/'}
	s.page.release()
	s.page.before(s.long)
	s.page.pass(s.tok)
	s.become(longTag)
}

func (s *scanner) longTag(p []byte) int {
	for i, b := range p {
		before := s.attrs
		if s.attrs = s.attrs.next(b); s.attrs == ended {
			s.page.pass(p[:i+1])
			s.long.selfClosing = before == inSlash
			s.follows(s.page.after(s.long))
			return i + 1
		}
	}
	s.page.pass(p)
	return len(p)
}

func letter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }

func space(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\f' || b == '\r' }

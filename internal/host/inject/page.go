package inject

import "slices"

// maxDepth bounds how deep SVG and MathML are followed.
const maxDepth = 256

// page decides what becomes of the tokens of a page.
type page struct {
	o      Options
	loader []byte // the tag of the loader, nil once it is placed
	out    []byte // what is decided and not yet passed on
	hold   *hold  // the element that is being held back, nil for none

	pictures  int      // how many were met
	skip      string   // the element in which nothing is deferred until it ends
	templates int      // how many are open
	selecting bool     // inside select
	outside   []string // the open elements of SVG or MathML
	done      bool     // nothing is to be changed any more
	names     names
}

// pass lets bytes through as they are.
func (p *page) pass(b []byte) {
	if p.hold == nil {
		p.out = append(p.out, b...)
		return
	}
	if p.hold.both(b, b); len(p.hold.was) > p.o.MaxElement {
		p.release()
	}
}

// aside lets through what no parser makes an element of.
func (p *page) aside(b []byte) { p.pass(b) }

// text lets text through. Its first letter makes a body, so the loader goes before.
func (p *page) text(b []byte) {
	for i := 0; p.loader != nil && i < len(b); i++ {
		if !space(b[i]) {
			p.pass(b[:i])
			b = b[i:]
			p.place()
		}
	}
	p.pass(b)
}

// place puts the loader here.
func (p *page) place() {
	p.pass(p.loader)
	p.loader = nil
}

// foreign reports whether the page is inside SVG or MathML.
func (p *page) foreign() bool { return len(p.outside) > 0 }

// tag takes a whole tag and says how a tokenizer goes on.
func (p *page) tag(tok []byte) (next state, until string) {
	e := element{name: p.names.of(tok), closing: tok[1] == '/'}
	p.before(e)
	if p.wanted(e) {
		var list []attr
		list, e.selfClosing = attributes(tok)
		if e.name == "base" && !e.closing && !relativeBase(list) {
			p.done = true
		}
		p.media(e, tok, list)
	} else {
		p.pass(tok)
	}
	return p.after(e)
}

// wanted reports whether the attributes of a tag matter.
func (p *page) wanted(e element) bool {
	if !p.o.Defer || p.done {
		return false
	}
	switch e.name {
	case "img", "picture", "source", "audio", "video", "base", "svg", "math":
		return true
	}
	return p.foreign() || p.hold != nil
}

// before is what precedes a tag: the loader, where the tag makes a body.
func (p *page) before(e element) {
	if p.loader == nil {
		return
	}
	switch e.name {
	case "html", "head":
		if !e.closing {
			return
		}
	case "body", "br":
	default:
		if e.closing {
			return
		}
	}
	p.place()
}

// after is what follows a tag.
func (p *page) after(e element) (next state, until string) {
	if p.loader != nil && e.name == "head" && !e.closing {
		p.place()
	}
	if p.loader == nil && (p.done || !p.o.Defer) {
		p.release()
		return verbatim, ""
	}
	next = text
	switch {
	case p.foreign():
		p.insideForeign(e)
	case e.closing:
		p.closed(e.name)
	default:
		next, until = p.opened(e)
	}
	if p.done && p.loader == nil {
		p.release()
		return verbatim, ""
	}
	return next, until
}

// opened follows a start tag in HTML.
func (p *page) opened(e element) (next state, until string) {
	next, until = after(e.name)
	switch e.name {
	case "svg", "math":
		if !e.selfClosing {
			p.outside = append(p.outside, e.name)
		}
	case "template":
		p.templates++
	case "frameset", "plaintext": // what follows is no body, or no tags
		p.done = true
	case "select":
		p.done = p.done || p.selecting
		p.selecting = true
	case "input", "keygen":
		p.done = p.done || p.selecting
	}
	if p.selecting && next == raw { // whether that is a tag there, browsers differ
		p.done = true
	}
	return next, until
}

// closed follows an end tag in HTML.
func (p *page) closed(name string) {
	switch {
	case name == "template" && p.templates > 0:
		p.templates--
	case name == "select":
		p.selecting = false
	case name == p.skip:
		p.skip = ""
	}
}

// insideForeign follows a tag in SVG or MathML. Where HTML could begin again
// without the end of that element, nothing is changed from there on.
func (p *page) insideForeign(e element) {
	if e.closing {
		for i, name := range slices.Backward(p.outside) {
			if name == e.name {
				p.outside = p.outside[:i]
				return
			}
		}
		p.done = true
		return
	}
	switch p.outside[len(p.outside)-1] {
	case "title", "desc", "mi", "mo", "mn", "ms", "mtext":
		p.done = true // a tag of HTML, in the middle of it
	}
	if breaksOut(e.name) || len(p.outside) >= maxDepth {
		p.done = true
	}
	if !e.selfClosing {
		p.outside = append(p.outside, e.name)
	}
}

// breaksOut reports whether a start tag ends SVG and MathML (HTML §13.2.6.5), or
// begins HTML within.
func breaksOut(name string) bool {
	switch name {
	case "foreignobject", "annotation-xml",
		"b", "big", "blockquote", "body", "br", "center", "code", "dd", "div", "dl", "dt", "em", "embed", "font",
		"h1", "h2", "h3", "h4", "h5", "h6", "head", "hr", "i", "img", "li", "listing", "menu", "meta", "nobr", "ol",
		"p", "pre", "ruby", "s", "small", "span", "strong", "strike", "sub", "sup", "table", "tt", "u", "ul", "var":
		return true
	}
	return false
}

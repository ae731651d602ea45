package inject

import (
	"bytes"
	"slices"
	"strings"
)

// prefix is put before the names of attributes that are deferred.
const prefix = "data-kith-"

// hold is a picture, audio or video element whose end has not come: as it was,
// and as it will be if all of it can be deferred.
type hold struct {
	name    string
	was     []byte
	changed []byte
	any     bool     // whether anything is deferred
	open    []string // elements in it
	picture bool     // whether a picture's img was met
}

func (h *hold) both(was, changed []byte) {
	h.was = append(h.was, was...)
	h.changed = append(h.changed, changed...)
}

// release gives up on deferring the element that is held.
func (p *page) release() {
	if h := p.hold; h != nil {
		p.hold = nil
		p.skip = h.name
		p.out = append(p.out, h.was...)
	}
}

// media lets a tag through, changed where it is one of a picture, audio or video.
func (p *page) media(e element, tok []byte, list []attr) {
	if p.done {
		p.release()
		p.pass(tok)
		return
	}
	if p.hold != nil {
		p.held(e, tok, list)
		return
	}
	quiet := p.skip != "" || p.templates > 0 || p.selecting || p.foreign()
	switch e.name {
	case "img":
		if !e.closing && !quiet {
			p.image(tok, list)
			return
		}
	case "picture", "audio", "video":
		if !e.closing && !quiet {
			p.begin(e.name, tok, list)
			return
		}
	}
	p.pass(tok)
}

// image lets an img through, deferred when it can be.
func (p *page) image(tok []byte, list []attr) {
	p.pictures++
	changed, ok := deferred(tok, list, "src", "srcset")
	if !ok || len(changed) == len(tok) || p.pictures <= p.o.Eager || first(list) {
		p.pass(tok)
		return
	}
	p.out = append(p.out, changed...)
	p.copy(tok)
}

// copy puts what stood here for browsers that run no scripts.
func (p *page) copy(was []byte) {
	p.out = append(p.out, "<noscript data-kith>"...)
	p.out = append(p.out, was...)
	p.out = append(p.out, "</noscript>"...)
}

// begin holds back an element from its start tag on.
func (p *page) begin(name string, tok []byte, list []attr) {
	if name == "picture" {
		if p.pictures++; p.pictures <= p.o.Eager {
			p.skip = name
			p.pass(tok)
			return
		}
	}
	changed, ok := tok, true
	if name != "picture" {
		changed, ok = deferred(tok, list, "src", "poster")
	}
	if !ok {
		p.skip = name
		p.pass(tok)
		return
	}
	p.hold = &hold{name: name, any: len(changed) > len(tok)}
	p.hold.both(tok, changed)
}

// held takes a tag inside the element that is held.
func (p *page) held(e element, tok []byte, list []attr) {
	h := p.hold
	changed, ok := tok, true
	switch {
	case e.closing && e.name == h.name:
		p.finish(tok)
		return
	case e.closing:
		n := len(h.open)
		if ok = n > 0 && h.open[n-1] == e.name; ok {
			h.open = h.open[:n-1]
		}
	case e.name == "source" && h.name == "picture":
		changed, ok = deferred(tok, list, "srcset")
	case e.name == "source":
		changed, ok = deferred(tok, list, "src")
	case e.name == "img" && h.name == "picture":
		changed, ok = deferred(tok, list, "src", "srcset")
		ok = ok && !h.picture && !first(list)
		h.picture = true
	case e.name == "track" || e.name == "br":
	default:
		ok = h.name != "picture" && plain(e.name) && !slices.Contains(h.open, e.name) && len(h.open) < maxDepth
		h.open = append(h.open, e.name)
	}
	if !ok {
		p.release()
		p.pass(tok)
		return
	}
	h.any = h.any || len(changed) > len(tok)
	if h.both(tok, changed); len(h.was) > p.o.MaxElement {
		p.release()
	}
}

// finish lets the held element through at its end.
func (p *page) finish(tok []byte) {
	h := p.hold
	h.both(tok, tok)
	if !h.any || len(h.open) > 0 || bytes.Contains(bytes.ToLower(h.was), []byte("</noscript")) {
		p.release()
		return // and its end tag ends the skipping
	}
	p.hold = nil
	p.out = append(p.out, h.changed...)
	p.copy(h.was)
}

// plain reports whether an element is one of text, as in what a video shows where
// there is no video.
func plain(name string) bool {
	switch name {
	case "a", "b", "code", "em", "i", "p", "small", "span", "strong":
		return true
	}
	return false
}

// first reports whether a picture is to be there first.
func first(list []attr) bool {
	return slices.ContainsFunc(list, func(a attr) bool {
		return a.name == "fetchpriority" && strings.EqualFold(string(bytes.TrimSpace(a.value)), "high")
	})
}

// deferred returns a tag with its attributes called names renamed. It is not ok
// when one of them leads to another origin, or stands there twice.
func deferred(tok []byte, list []attr, names ...string) (changed []byte, ok bool) {
	at := 0
	for i, a := range list {
		if strings.HasPrefix(a.name, prefix) {
			return nil, false
		}
		if !slices.Contains(names, a.name) {
			continue
		}
		again := slices.ContainsFunc(list[:i], func(b attr) bool { return b.name == a.name })
		if again || a.name == "srcset" && !relativeSet(a.value) || a.name != "srcset" && !relative(a.value) {
			return nil, false
		}
		changed = append(changed, tok[at:a.from]...)
		changed = append(changed, prefix...)
		at = a.from
	}
	return append(changed, tok[at:]...), true
}

// relativeSet is relative for every URL of a srcset.
func relativeSet(value []byte) bool {
	words := bytes.FieldsFunc(value, func(r rune) bool { return r == ',' || r < 0x80 && space(byte(r)) })
	for _, word := range words {
		if !relative(word) {
			return false
		}
	}
	return len(words) > 0
}

// relative reports whether an attribute's value is for certain a URL of the page's
// own origin: neither a scheme, nor a host, nor anything that may hide one.
func relative(value []byte) bool {
	value = bytes.TrimFunc(value, func(r rune) bool { return r < 0x80 && space(byte(r)) })
	if len(value) == 0 || value[0] == '#' {
		return false
	}
	for i, b := range value {
		switch {
		case b == '/' && i == 0:
			return len(value) == 1 || bytes.IndexByte([]byte("/\\&\t\n\r"), value[1]) < 0
		case b == '/' || b == '?' || b == '#':
			return true
		case b == ':' || b == '\\' || b == '&' || b < ' ':
			return false
		}
	}
	return true
}

// relativeBase reports whether a base element leaves URLs on the page's origin.
func relativeBase(list []attr) bool {
	for _, a := range list {
		if a.name == "href" {
			return relative(a.value)
		}
	}
	return true
}

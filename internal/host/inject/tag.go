package inject

import "strings"

// element is what the page needs to know of a tag.
type element struct {
	name        string // in lower case
	closing     bool
	selfClosing bool
}

// attrState is where inside a tag a scanner is (HTML §13.2.5.8, §13.2.5.32 on).
type attrState uint8

const (
	inName      attrState = iota
	beforeAttr            // before an attribute's name
	inAttr                // in it
	afterAttr             // behind it
	beforeValue           // behind "="
	inDouble              // in a value in double quotes
	inSingle              // in single quotes
	inBare                // in none
	afterValue            // behind a quoted value
	inSlash               // behind "/"
	ended                 // behind ">"
)

// next returns the state behind b.
func (a attrState) next(b byte) attrState {
	switch a {
	case inDouble:
		if b == '"' {
			return afterValue
		}
		return a
	case inSingle:
		if b == '\'' {
			return afterValue
		}
		return a
	case beforeValue:
		switch {
		case b == '"':
			return inDouble
		case b == '\'':
			return inSingle
		case b == '>':
			return ended
		case space(b):
			return a
		}
		return inBare
	case inBare:
		switch {
		case b == '>':
			return ended
		case space(b):
			return beforeAttr
		}
		return a
	}
	return a.between(b)
}

// quote returns the quote that ends the value, 0 outside quotes.
func (a attrState) quote() byte {
	switch a {
	case inDouble:
		return '"'
	case inSingle:
		return '\''
	}
	return 0
}

// between is next outside values.
func (a attrState) between(b byte) attrState {
	switch {
	case b == '>':
		return ended
	case b == '/':
		return inSlash
	case space(b) && a == inAttr, space(b) && a == afterAttr:
		return afterAttr
	case space(b):
		return beforeAttr
	case a == inName:
		return a
	case b == '=' && (a == inAttr || a == afterAttr):
		return beforeValue
	}
	return inAttr
}

// attr is an attribute of a tag, as places in its bytes.
type attr struct {
	name     string // in lower case
	from, to int    // of the name
	value    []byte // as it stands there
}

// attributes returns the attributes of a whole tag, and whether it closes itself.
func attributes(tok []byte) (list []attr, selfClosing bool) {
	state, from := inName, 0
	for i := 1; i < len(tok); i++ {
		next := state.next(tok[i])
		if next == inAttr && (state != inAttr) {
			list = append(list, attr{from: i, to: i + 1})
		} else if next == inAttr {
			list[len(list)-1].to = i + 1
		}
		switch {
		case next == inBare && state != inBare, next == afterValue && state != afterValue:
			if next == inBare {
				from = i
			} else {
				list[len(list)-1].value = tok[from:i]
			}
		case state == beforeValue && (next == inDouble || next == inSingle):
			from = i + 1
		}
		if state == inBare && next != inBare {
			list[len(list)-1].value = tok[from:i]
		}
		if next == ended {
			selfClosing = state == inSlash
		}
		state = next
	}
	for i := range list {
		list[i].name = strings.ToLower(string(tok[list[i].from:list[i].to]))
	}
	return list, selfClosing
}

// maxNames bounds how many names of elements are kept.
const maxNames = 256

// names keeps the names of elements that were met, for the next time.
type names map[string]string

// of returns the name of the tag that begins in tok, in lower case.
func (n names) of(tok []byte) string {
	name := tok[1:]
	if len(name) > 0 && name[0] == '/' {
		name = name[1:]
	}
	size := 0
	for size < len(name) && !space(name[size]) && name[size] != '/' && name[size] != '>' {
		size++
	}
	name = name[:size]
	if known, ok := n[string(name)]; ok {
		return known
	}
	lower := strings.ToLower(string(name))
	if len(n) < maxNames && size < 32 {
		n[string(name)] = lower
	}
	return lower
}

// after returns how a tokenizer goes on behind a start tag in HTML (§13.2.6.4.7).
func after(name string) (next state, until string) {
	switch name {
	case "script":
		return script, name
	case "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "noscript":
		return raw, name
	}
	return text, ""
}

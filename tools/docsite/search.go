package main

import (
	"encoding/json"

	"github.com/yuin/goldmark/ast"
)

// section is what stands below one heading.
type section struct {
	id, heading, text string
}

// sectionsOf cuts a page at its headings of the first three levels.
func sectionsOf(p *page) []section {
	out := []section{{}}
	for n := p.document.FirstChild(); n != nil; n = n.NextSibling() {
		last := &out[len(out)-1]
		if h, ok := n.(*ast.Heading); ok && h.Level <= 3 {
			if h.Level == 1 {
				continue
			}
			id, _ := h.AttributeString("id")
			anchor, _ := id.([]byte)
			out = append(out, section{id: string(anchor), heading: plain(h, p.text)})
			continue
		}
		if words := plain(n, p.text); words != "" {
			if last.text != "" {
				last.text += " "
			}
			last.text += words
		}
	}
	return out
}

// index is what the search reads: pages as [name, title, group], and of each of them
// sections as [page, anchor, heading, text].
func (s *site) index() ([]byte, error) {
	var index struct {
		Pages    [][3]string `json:"pages"`
		Sections [][4]any    `json:"sections"`
	}
	for i, p := range s.order() {
		index.Pages = append(index.Pages, [3]string{p.Name, p.Title, p.Group})
		for _, part := range p.sections {
			index.Sections = append(index.Sections, [4]any{i, part.id, part.heading, part.text})
		}
	}
	return json.Marshal(index)
}

package main

import (
	"html"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

// relink lets the links and pictures of a page lead where they do in the site.
func (s *site) relink(p *page) error {
	var links []*ast.Link
	var comments []ast.Node
	err := ast.Walk(p.document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Link:
			links = append(links, n)
		case *ast.Image:
			n.Destination = []byte(s.picture(p, string(n.Destination)))
			if dark := s.dark(p, n); dark != "" {
				n.SetAttributeString("dark", []byte(dark))
			}
		case *ast.HTMLBlock:
			if n.HTMLBlockType == ast.HTMLBlockType2 {
				comments = append(comments, n)
				break
			}
			s.relinkHTML(p, n.Lines())
		case *ast.RawHTML:
			s.relinkHTML(p, n.Segments)
		}
		return ast.WalkContinue, nil
	})
	for _, n := range comments {
		n.Parent().RemoveChild(n.Parent(), n)
	}
	for _, l := range links {
		s.relinkOne(p, l)
	}
	return err
}

// relinkOne changes one link, or puts what it says in its place.
func (s *site) relinkOne(p *page, l *ast.Link) {
	to := string(l.Destination)
	if strings.Contains(to, "://") || strings.HasPrefix(to, "mailto:") {
		return
	}
	name, anchor, _ := strings.Cut(to, "#")
	source := p.Source
	if name != "" {
		source = path.Join(path.Dir(p.Source), name)
	}
	if target := s.pageAt(source); target != nil {
		if anchor != "" && !target.ids[anchor] {
			s.complain("%s: %s: there is no heading #%s", p.Source, to, anchor)
		}
		l.Destination = []byte(relative(p.Name, target.Name, anchor))
		if said := plain(l, p.text); strings.HasSuffix(said, ".md") && !strings.Contains(said, " ") {
			l.RemoveChildren(l) // the name of a file, where a reader of the site knows the page's
			l.AppendChild(l, ast.NewString([]byte(target.Label)))
		}
		return
	}
	if p.Source == contents && s.enumerate(p, l, source) {
		return
	}
	if _, err := os.Stat(s.file(source)); err != nil {
		s.complain("%s: %s: there is no such file", p.Source, to)
	} else if s.repository != "" {
		l.Destination = []byte(strings.TrimSuffix(s.repository, "/") + "/" + source)
		return
	}
	s.unlink(p, l, source)
}

// pageAt returns the page of a document, or of a folder with a README.
func (s *site) pageAt(source string) *page {
	if p := s.pages[source]; p != nil {
		return p
	}
	return s.pages[path.Join(source, "README.md")]
}

// enumerate puts the pages of a folder below the paragraph with a link to it: those that
// are listed nowhere else.
func (s *site) enumerate(p *page, l *ast.Link, folder string) bool {
	list := ast.NewList('-')
	list.IsTight = true
	for _, target := range s.order() {
		if !target.byFolder || path.Dir(target.Source) != folder {
			continue
		}
		to := ast.NewLink()
		to.Destination = []byte(relative(p.Name, target.Name, ""))
		to.AppendChild(to, ast.NewString([]byte(target.Label)))
		text, item := ast.NewTextBlock(), ast.NewListItem(0)
		text.AppendChild(text, to)
		item.AppendChild(item, text)
		list.AppendChild(list, item)
	}
	paragraph := l.Parent()
	if list.ChildCount() == 0 || paragraph.Kind() != ast.KindParagraph {
		return false
	}
	for n := l.FirstChild(); n != nil; n = l.FirstChild() {
		l.RemoveChild(l, n)
		paragraph.InsertBefore(paragraph, l, n)
	}
	paragraph.RemoveChild(paragraph, l)
	paragraph.Parent().InsertAfter(paragraph.Parent(), paragraph, list)
	return true
}

// unlink puts the text of a link in its place, and the name of what it led to.
func (s *site) unlink(p *page, l *ast.Link, source string) {
	said := plain(l, p.text)
	code := "<code>" + html.EscapeString(source) + "</code>"
	parent := l.Parent()
	if said != source && said != path.Base(source) && said+"/" != source {
		for n := l.FirstChild(); n != nil; n = l.FirstChild() {
			l.RemoveChild(l, n)
			parent.InsertBefore(parent, l, n)
		}
		code = " (" + code + ")"
	}
	name := ast.NewString([]byte(code))
	name.SetCode(true) // written as it is
	parent.ReplaceChild(parent, l, name)
}

// picture returns where a page finds a picture, which comes with the site.
func (s *site) picture(p *page, to string) string {
	if strings.Contains(to, "://") || strings.HasPrefix(to, "data:") {
		s.complain("%s: %s: pictures are the site's own", p.Source, to)
		return ""
	}
	source := path.Join(path.Dir(p.Source), to)
	if _, err := os.Stat(s.file(source)); err != nil {
		s.complain("%s: %s: there is no such picture", p.Source, to)
		return ""
	}
	s.pictures[source] = strings.TrimPrefix(source, "docs/")
	return relative(p.Name, s.pictures[source], "")
}

// dark returns where the dark one of two pictures is, "" if there is one alone.
func (s *site) dark(p *page, n *ast.Image) string {
	light := path.Join(path.Dir(p.Name), string(n.Destination))
	for source, name := range s.pictures {
		if name == light {
			dark := strings.TrimSuffix(source, path.Ext(source)) + "-dark" + path.Ext(source)
			if _, err := os.Stat(s.file(dark)); err != nil {
				return ""
			}
			s.pictures[dark] = strings.TrimPrefix(dark, "docs/")
			return relative(p.Name, s.pictures[dark], "")
		}
	}
	return ""
}

var attribute = regexp.MustCompile(`\b(src|srcset)="([^"]*)"`)

// relinkHTML changes the pictures in HTML that stands in a document, line by line.
func (s *site) relinkHTML(p *page, segments *text.Segments) {
	for i := range segments.Len() {
		line := segments.At(i)
		old := line.Value(p.text)
		changed := attribute.ReplaceAllStringFunc(string(old), func(m string) string {
			part := attribute.FindStringSubmatch(m)
			return part[1] + `="` + s.picture(p, part[2]) + `"`
		})
		if changed == string(old) {
			continue
		}
		start := len(p.text)
		p.text = append(p.text, changed...)
		segments.Set(i, text.NewSegment(start, len(p.text)))
	}
}

// relative is how a file of the site leads to another one.
func relative(from, to, anchor string) string {
	out, err := filepath.Rel(path.Dir("/"+from), "/"+to)
	if err != nil {
		return to
	}
	out = filepath.ToSlash(out)
	if anchor == "" {
		return out
	}
	if from == to {
		return "#" + anchor
	}
	return out + "#" + anchor
}

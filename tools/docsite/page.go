package main

import (
	"bytes"
	"fmt"
	"html/template"
	"os"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// heading is one that can be linked to.
type heading struct {
	Level    int
	ID, Text string
}

// page is one document.
type page struct {
	Source string // the path in the repository
	Name   string // the path in the site
	Title  string
	Label  string // in the navigation
	Group  string
	// byFolder says that a link to its folder alone leads here.
	byFolder bool
	Body     template.HTML
	// Headings are all but the title.
	Headings []heading
	sections []section
	ids      map[string]bool
	text     []byte
	document ast.Node
}

// omitted are parts of documents that speak of the repository's folders alone.
func omitted() map[string][]string { return map[string][]string{front: {"Where things are"}} }

// load reads a document.
func (s *site) load(source string) (*page, error) {
	data, err := os.ReadFile(s.file(source))
	if err != nil {
		return nil, err
	}
	p := &page{Source: source, Name: built(source), ids: map[string]bool{}, text: data}
	p.document = markdown().Parser().Parse(newReader(data))
	for n := p.document.FirstChild(); n != nil; n = n.NextSibling() {
		if h, ok := n.(*ast.Heading); ok && h.Level == 1 {
			p.Title = plain(h, data)
			break
		}
	}
	if p.Title == "" {
		return nil, fmt.Errorf("%s has no title, a line that begins with '# '", source)
	}
	for _, name := range omitted()[source] {
		omit(p.document, data, name)
	}
	s.pages[source] = p
	return p, nil
}

// markdown is how the documents are written: as GitHub reads them.
func markdown() goldmark.Markdown {
	return goldmark.New(
		goldmark.WithExtensions(extension.GFM),
		goldmark.WithRendererOptions(
			html.WithUnsafe(), // the documents are our own
			renderer.WithNodeRenderers(util.Prioritized(pieces{}, 100)),
		),
	)
}

func newReader(data []byte) text.Reader { return text.NewReader(data) }

// omit removes a heading and all that is below it.
func omit(document ast.Node, source []byte, name string) {
	level := 0
	for n := document.FirstChild(); n != nil; {
		next := n.NextSibling()
		if h, ok := n.(*ast.Heading); ok {
			switch {
			case level == 0 && plain(h, source) == name:
				level = h.Level
			case level > 0 && h.Level <= level:
				return
			}
		}
		if level > 0 {
			document.RemoveChild(document, n)
		}
		n = next
	}
}

var notInAnchors = regexp.MustCompile(`[^\p{L}\p{N}\-_ ]`)

// readHeadings gives every heading the anchor that it has on GitHub.
func (s *site) readHeadings(p *page) {
	for n := p.document.FirstChild(); n != nil; n = n.NextSibling() {
		h, ok := n.(*ast.Heading)
		if !ok {
			continue
		}
		words := plain(h, p.text)
		base := strings.ReplaceAll(notInAnchors.ReplaceAllString(strings.ToLower(words), ""), " ", "-")
		id := base
		for i := 1; p.ids[id]; i++ {
			id = fmt.Sprintf("%s-%d", base, i)
		}
		p.ids[id] = true
		h.SetAttributeString("id", []byte(id))
		if h.Level > 1 {
			p.Headings = append(p.Headings, heading{h.Level, id, words})
		}
	}
}

// render makes the page's body.
func (s *site) render(p *page) error {
	p.sections = sectionsOf(p)
	if err := s.relink(p); err != nil {
		return err
	}
	var out bytes.Buffer
	if err := markdown().Renderer().Render(&out, p.text, p.document); err != nil {
		return err
	}
	p.Body = template.HTML(out.String()) //nolint:gosec // the documents are our own
	return nil
}

// plain is the text of a node without its marks.
func plain(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			if n.Type() == ast.TypeBlock {
				b.WriteByte(' ')
			}
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Text:
			b.Write(n.Segment.Value(source))
			if n.SoftLineBreak() || n.HardLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.String:
			b.Write(n.Value)
		case *ast.AutoLink:
			b.Write(n.Label(source))
		case *ast.CodeBlock, *ast.FencedCodeBlock:
			b.Write(lines(n, source))
		}
		return ast.WalkContinue, nil
	})
	return strings.Join(strings.Fields(b.String()), " ")
}

// lines is the text of a block of code.
func lines(n ast.Node, source []byte) []byte {
	var b bytes.Buffer
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		b.Write(line.Value(source))
	}
	return b.Bytes()
}

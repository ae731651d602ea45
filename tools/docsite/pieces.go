package main

import (
	"bytes"
	"html"
	"strings"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/util"
)

// pieces draws what the site shows in a way of its own.
type pieces struct{}

// RegisterFuncs says which nodes those are.
func (p pieces) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindHeading, p.heading)
	r.Register(ast.KindCodeBlock, p.code)
	r.Register(ast.KindFencedCodeBlock, p.code)
	r.Register(ast.KindCodeSpan, p.codeSpan)
	r.Register(ast.KindImage, p.image)
	r.Register(east.KindTable, p.table)
	r.Register(east.KindTableHeader, p.tableHeader)
	r.Register(east.KindTableRow, p.tableRow)
	r.Register(east.KindTableCell, p.tableCell)
}

// heading has a link to itself behind it. Keyboards have the page's contents for that.
func (pieces) heading(w util.BufWriter, _ []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	n := node.(*ast.Heading)
	level := string(rune('0' + n.Level))
	id, _ := n.AttributeString("id")
	anchor, _ := id.([]byte)
	switch {
	case entering && anchor != nil:
		_, _ = w.WriteString("<h" + level + ` id="` + html.EscapeString(string(anchor)) + `">`)
	case entering:
		_, _ = w.WriteString("<h" + level + ">")
	default:
		if n.Level > 1 && anchor != nil {
			_, _ = w.WriteString(` <a class="anchor" href="#` + html.EscapeString(string(anchor)) + `" aria-hidden="true" tabindex="-1">#</a>`)
		}
		_, _ = w.WriteString("</h" + level + ">\n")
	}
	return ast.WalkContinue, nil
}

// code can be scrolled by keyboard where it is wider than the page.
func (pieces) code(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	language := ""
	if f, ok := n.(*ast.FencedCodeBlock); ok {
		language = string(f.Language(source))
	}
	_, _ = w.WriteString(`<div class="code"><pre tabindex="0"><code>`)
	_, _ = w.WriteString(colour(language, string(bytes.TrimRight(lines(n, source), "\n"))))
	_, _ = w.WriteString("\n</code></pre></div>\n")
	return ast.WalkContinue, nil
}

// unbroken is how long code may be that is not broken at its slashes.
const unbroken = 16

// codeSpan may be broken at its slashes where it is long: paths stand in narrow columns.
func (pieces) codeSpan(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	said := ""
	for part := n.FirstChild(); part != nil; part = part.NextSibling() {
		said += string(part.(*ast.Text).Value(source))
	}
	code := html.EscapeString(strings.ReplaceAll(said, "\n", " "))
	if len(code) > unbroken {
		code = strings.ReplaceAll(code, "/", "/<wbr>")
	}
	_, _ = w.WriteString("<code>" + code + "</code>")
	return ast.WalkSkipChildren, nil
}

// image can be opened by itself, and is dark where that is preferred and there is one.
func (pieces) image(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	n := node.(*ast.Image)
	img := `<img src="` + html.EscapeString(string(n.Destination)) + `" alt="` + html.EscapeString(plain(n, source)) + `" loading="lazy">`
	if dark, ok := n.AttributeString("dark"); ok {
		img = `<picture><source media="(prefers-color-scheme: dark)" srcset="` + html.EscapeString(string(dark.([]byte))) + `">` + img + `</picture>`
	}
	if n.Parent().Kind() != ast.KindLink { // on a small screen it is looked at alone
		img = `<a class="figure" href="` + html.EscapeString(string(n.Destination)) + `">` + img + `</a>`
	}
	_, _ = w.WriteString(img)
	return ast.WalkSkipChildren, nil
}

// table can be scrolled as code can.
func (pieces) table(w util.BufWriter, _ []byte, _ ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		_, _ = w.WriteString("<div class=\"table\" tabindex=\"0\"><table>\n")
	} else {
		_, _ = w.WriteString("</tbody>\n</table></div>\n")
	}
	return ast.WalkContinue, nil
}

// tableHeader is left away where it says nothing.
func (pieces) tableHeader(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	switch {
	case entering && plain(n, source) == "":
		_, _ = w.WriteString("<tbody>\n")
		return ast.WalkSkipChildren, nil
	case entering:
		_, _ = w.WriteString("<thead>\n<tr>")
	case plain(n, source) != "":
		_, _ = w.WriteString("</tr>\n</thead>\n<tbody>\n")
	}
	return ast.WalkContinue, nil
}

func (pieces) tableRow(w util.BufWriter, _ []byte, _ ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		_, _ = w.WriteString("<tr>")
	} else {
		_, _ = w.WriteString("</tr>\n")
	}
	return ast.WalkContinue, nil
}

// tableCell heads a column where it says what is in it.
func (pieces) tableCell(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	n := node.(*east.TableCell)
	tag := "td"
	if n.Parent().Kind() == east.KindTableHeader && plain(n, source) != "" {
		tag = "th"
	}
	if !entering {
		_, _ = w.WriteString("</" + tag + ">")
		return ast.WalkContinue, nil
	}
	_, _ = w.WriteString("<" + tag)
	if tag == "th" {
		_, _ = w.WriteString(` scope="col"`)
	}
	if n.Alignment == east.AlignRight || n.Alignment == east.AlignCenter {
		_, _ = w.WriteString(` class="` + n.Alignment.String() + `"`)
	}
	_ = w.WriteByte('>')
	return ast.WalkContinue, nil
}

var _ renderer.NodeRenderer = pieces{}

package chart

import (
	"bytes"
	"fmt"
	"html"
)

// style is for both kinds of pages; the second half holds on dark ones.
const style = `<style>
.c{--paper:#fff;--ink:#1f2328;--soft:#59636e;--rule:#d1d9e0;--own:#0b6e6e;--other:#9aa5b1;--goal:#b35900;--a:#0b6e6e;--b:#8250df;--d:#b35900;--e:#59636e}
@media (prefers-color-scheme:dark){.c{--paper:#0d1117;--ink:#e6edf3;--soft:#9da7b3;--rule:#3d444d;--own:#3fb6b0;--other:#6b7682;--goal:#f0a35e;--a:#3fb6b0;--b:#c297ff;--d:#f0a35e;--e:#9da7b3}}
text{font:13px system-ui,-apple-system,"Segoe UI",sans-serif;fill:var(--ink)}
.s{fill:var(--soft);font-size:12px}.h{font-weight:600;font-size:14px}.o{font-weight:600}.v{stroke:var(--paper);stroke-width:4px;paint-order:stroke}
.r{stroke:var(--rule);fill:none}.w{stroke:var(--ink);stroke-width:1.5;fill:none}.g{stroke:var(--goal);stroke-width:1.5;stroke-dasharray:5 3;fill:none}
.gt{fill:var(--goal);font-size:12px}
</style>
`

// canvas collects an image's elements.
type canvas struct {
	bytes.Buffer
}

// open begins an image that readers of screens are told of by a title and a
// description.
func (c *canvas) open(width, height int, title, description string) {
	fmt.Fprintf(c, `<svg xmlns="http://www.w3.org/2000/svg" class="c" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="t d">`+"\n",
		width, height, width, height)
	fmt.Fprintf(c, "<title id=\"t\">%s</title>\n<desc id=\"d\">%s</desc>\n%s", html.EscapeString(title), html.EscapeString(description), style)
}

func (c *canvas) close() []byte {
	c.WriteString("</svg>\n")
	return c.Bytes()
}

// text writes at a place; anchor is start, middle or end.
func (c *canvas) text(x, y float64, anchor, class, s string) {
	fmt.Fprintf(c, `<text x="%s" y="%s" text-anchor="%s"`, at(x), at(y), anchor)
	if class != "" {
		fmt.Fprintf(c, ` class="%s"`, class)
	}
	fmt.Fprintf(c, ">%s</text>\n", html.EscapeString(s))
}

func (c *canvas) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(c, `<path class="%s" d="M%s %sL%s %s"/>`+"\n", class, at(x1), at(y1), at(x2), at(y2))
}

// at writes a coordinate, to a tenth.
func at(v float64) string {
	s := fmt.Sprintf("%.1f", v)
	if len(s) > 2 && s[len(s)-2:] == ".0" {
		return s[:len(s)-2]
	}
	return s
}

// wide is about how wide a text is.
func wide(s string, size float64) float64 {
	n := 0.0
	for _, r := range s {
		switch r {
		case 'i', 'l', 'j', 'f', 't', 'r', ' ', ',', '.', '(', ')', '\'':
			n += 0.4
		case 'm', 'w', 'M', 'W', '%':
			n += 0.95
		default:
			n += 0.63
		}
	}
	return n * size
}

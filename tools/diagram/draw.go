package main

import (
	"bytes"
	"fmt"
	"html"
	"slices"
)

// Sizes in pixels. A letter is taken to be wide enough for any font.
const (
	letter   = 7
	lineHigh = 16
	margin   = 16
	leastGap = 110
	boxHigh  = 30
	loopWide = 26
)

const style = `<style>
.paper{fill:#fff}.ink{fill:#1b1e19}.soft{fill:#66695e}
.life{stroke:#c9c6ba;stroke-dasharray:3 4}.box{fill:#e3f0e8;stroke:#b5d6c4}.note{fill:#fcf1dc;stroke:#ecd3a0}
.line{stroke:#1b6a4c;stroke-width:1.5;fill:none}.tip{fill:#1b6a4c}.rule{stroke:#c9c6ba}
text{font:13px system-ui,sans-serif}.name{font-weight:600}
@media (prefers-color-scheme:dark){
.paper{fill:#191c19}.ink{fill:#eceee7}.soft{fill:#969c8f}
.life{stroke:#3d433b}.box{fill:#1a3327;stroke:#2d5a45}.note{fill:#33270f;stroke:#5c4719}
.line{stroke:#74d3a4}.tip{fill:#74d3a4}.rule{stroke:#3d433b}}
</style>
`

// canvas is what is drawn so far.
type canvas struct {
	bytes.Buffer
	right int
	y     int
}

func (c *canvas) add(format string, args ...any) { fmt.Fprintf(c, format+"\n", args...) }

// reach widens the drawing so that x is in it.
func (c *canvas) reach(x int) { c.right = max(c.right, x+margin) }

func (c *canvas) text(x, y int, class, anchor, s string) {
	c.add(`<text x="%d" y="%d" class="%s" text-anchor="%s">%s</text>`, x, y, class, anchor, html.EscapeString(s))
}

// width is how wide lines of text are at most.
func width(lines ...string) int {
	most := 0
	for _, l := range lines {
		most = max(most, len([]rune(l)))
	}
	return most * letter
}

// columns says where each actor stands: as near to the ones before it as what is
// written between them allows.
func (d *diagram) columns() []int {
	x := make([]int, len(d.actors))
	half := func(i int) int { return width(d.actors[i])/2 + margin }
	for i := range x {
		if i == 0 {
			x[i] = margin + max(half(i), d.overhang())
			continue
		}
		x[i] = x[i-1] + max(leastGap, half(i-1)+half(i)+8)
		for _, s := range d.steps {
			a, b := min(s.from, s.to), max(s.from, s.to)
			switch {
			case s.kind == arrow && a != b && b == i:
				x[i] = max(x[i], x[a]+width(s.lines...)+24)
			case s.kind == arrow && a == b && a == i-1:
				x[i] = max(x[i], x[a]+width(s.lines...)+loopWide+20)
			}
		}
	}
	return x
}

// overhang is how far notes over the first actor alone reach to its left.
func (d *diagram) overhang() int {
	most := 0
	for _, s := range d.steps {
		if s.kind == note && s.from == 0 && s.to == 0 {
			most = max(most, width(s.lines...)/2+10)
		}
	}
	return most
}

func (d *diagram) draw() []byte {
	x := d.columns()
	c := &canvas{y: 2*margin + boxHigh + lineHigh}
	c.reach(x[len(x)-1] + width(d.actors[len(x)-1])/2 + margin)
	for _, s := range d.steps { // what is wide is known before what reaches across
		switch {
		case s.kind == note:
			c.reach((x[s.from]+x[s.to])/2 + width(s.lines...)/2 + 10)
		case s.kind == arrow && s.from == s.to:
			c.reach(x[s.from] + loopWide + 8 + width(s.lines...))
		}
	}
	for _, s := range d.steps {
		switch s.kind {
		case arrow:
			c.arrow(s, x)
		case note:
			c.note(s, x)
		case divider:
			c.y += 14
			c.add(`<path class="rule" d="M%d %dH%d"/>`, margin, c.y, c.right-margin)
			half := width(s.lines...)/2 + 10
			c.add(`<rect class="paper" x="%d" y="%d" width="%d" height="20"/>`, c.right/2-half, c.y-10, 2*half)
			c.text(c.right/2, c.y+4, "soft", "middle", s.lines[0])
			c.y += 32
		}
	}
	return d.frame(c, x)
}

// frame puts the paper, the actors and their lines around what happens.
func (d *diagram) frame(body *canvas, x []int) []byte {
	high := body.y + margin
	out := &canvas{}
	out.add(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%[1]d" height="%[2]d" role="img">`, body.right, high)
	out.add("<title>%s</title>", html.EscapeString(d.title))
	out.WriteString(style)
	out.add(`<rect class="paper" width="%d" height="%d" rx="6"/>`, body.right, high)
	for i, name := range d.actors {
		half := width(name)/2 + 10
		out.add(`<path class="life" d="M%d %dV%d"/>`, x[i], margin+boxHigh, high-margin/2)
		out.add(`<rect class="box" x="%d" y="%d" width="%d" height="%d" rx="4"/>`, x[i]-half, margin, 2*half, boxHigh)
		out.text(x[i], margin+20, "ink name", "middle", name)
	}
	_, _ = body.WriteTo(out)
	out.add("</svg>")
	return slices.Clip(out.Bytes())
}

func (c *canvas) arrow(s step, x []int) {
	dash := ""
	if s.dashed {
		dash = ` stroke-dasharray="6 4"`
	}
	from, to := x[s.from], x[s.to]
	if from == to {
		for i, l := range s.lines {
			c.text(from+loopWide+8, c.y+i*lineHigh+4, "ink", "start", l)
		}
		low := c.y + max(len(s.lines)*lineHigh-10, 14)
		c.add(`<path class="line" d="M%d %dh%dV%dh-%d"/>`, from, c.y, loopWide, low, loopWide-6)
		c.tip(from, low, -1)
		c.y = low + 24
		return
	}
	for _, l := range s.lines {
		c.text((from+to)/2, c.y, "ink", "middle", l)
		c.y += lineHigh
	}
	c.y -= lineHigh - 7
	side := 1
	if to < from {
		side = -1
	}
	c.add(`<path class="line" d="M%d %dH%d"%s/>`, from, c.y, to-6*side, dash)
	c.tip(to, c.y, side)
	c.y += 26
}

// tip is the end of an arrow that points to x, rightwards with side 1.
func (c *canvas) tip(x, y, side int) {
	c.add(`<path class="tip" d="M%d %dl%d -5v10z"/>`, x, y, -9*side)
}

func (c *canvas) note(s step, x []int) {
	mid := (x[s.from] + x[s.to]) / 2
	half := max(width(s.lines...)/2+10, (max(x[s.from], x[s.to])-min(x[s.from], x[s.to]))/2+20)
	half = min(half, mid-2, c.right-mid-2)
	c.y -= 8
	high := len(s.lines)*lineHigh + 10
	c.add(`<rect class="note" x="%d" y="%d" width="%d" height="%d" rx="3"/>`, mid-half, c.y, 2*half, high)
	for i, l := range s.lines {
		c.text(mid, c.y+18+i*lineHigh, "ink", "middle", l)
	}
	c.y += high + 24
}

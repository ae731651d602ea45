package chart

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Spot is a place of a curve: the median at X, and the range of the runs.
type Spot struct{ X, Y, Low, High float64 }

// Curve is how one thing grows.
type Curve struct {
	Name  string
	Spots []Spot
}

// CurveChart shows growth, on logarithmic axes.
type CurveChart struct {
	Title, Unit string
	// X says what it grows with; Octets writes its places as sizes.
	X      string
	Octets bool
	Curves []Curve
}

const (
	curvesWidth, curvesHeight = 720, 330
	curvesLeft, curvesRight   = 66.0, 560.0
	curvesTop, curvesBottom   = 50.0, 270.0
)

// SVG draws the chart.
func (g CurveChart) SVG() []byte {
	xs, low, high := g.extent()
	from, to := decades(low, high)
	xa, xb := math.Log(xs[0]), math.Log(xs[len(xs)-1])
	if xa == xb {
		xb++
	}
	px := func(x float64) float64 { return curvesLeft + (curvesRight-curvesLeft)*(math.Log(x)-xa)/(xb-xa) }
	py := func(y float64) float64 {
		return curvesBottom - (curvesBottom-curvesTop)*(math.Log10(y)-float64(from))/float64(to-from)
	}
	var c canvas
	c.open(curvesWidth, curvesHeight, g.Title, g.describe())
	c.text(12, 22, "start", "h", g.Title)
	c.text(12, 40, "start", "s", g.Unit+"; both axes are logarithmic")
	for d := from; d <= to; d++ {
		y := py(math.Pow(10, float64(d)))
		c.line("r", curvesLeft, y, curvesRight, y)
		c.text(curvesLeft-8, y+4, "end", "s", short(math.Pow(10, float64(d))))
	}
	last := math.Inf(-1)
	for _, x := range xs {
		c.line("r", px(x), curvesBottom, px(x), curvesBottom+4)
		if label := Amount(x, g.Octets); px(x)-last > wide(label, 12)+6 {
			c.text(px(x), curvesBottom+19, "middle", "s", label)
			last = px(x)
		}
	}
	if !g.Octets {
		c.text((curvesLeft+curvesRight)/2, curvesBottom+42, "middle", "s", g.X)
	}
	for i, curve := range g.Curves {
		curve.draw(&c, i, px, py)
	}
	g.labels(&c, py)
	return c.close()
}

// hues and dashes tell curves apart, the latter without colours.
func hue(i int) string  { return "var(--" + []string{"a", "b", "d", "e"}[i%4] + ")" }
func dash(i int) string { return []string{"none", "7 3", "2 3", "9 3 2 3"}[i%4] }

func (v Curve) draw(c *canvas, i int, px, py func(float64) float64) {
	var d strings.Builder
	for k, s := range v.Spots {
		fmt.Fprintf(&d, "%s%s %s", []string{"L", "M"}[btoi(k == 0)], at(px(s.X)), at(py(s.Y)))
	}
	fmt.Fprintf(c, `<path d="%s" fill="none" stroke="%s" stroke-width="2" stroke-dasharray="%s"/>`+"\n", d.String(), hue(i), dash(i))
	for _, s := range v.Spots {
		if s.Low > 0 && s.Low < s.High {
			fmt.Fprintf(c, `<path d="M%s %sV%s" stroke="%s" stroke-width="1.5" opacity=".6"/>`+"\n", at(px(s.X)), at(py(s.Low)), at(py(s.High)), hue(i))
		}
		fmt.Fprintf(c, `<circle cx="%s" cy="%s" r="3.5" fill="%s"/>`+"\n", at(px(s.X)), at(py(s.Y)), hue(i))
	}
}

// labels names the curves beside their ends, apart from each other.
func (g CurveChart) labels(c *canvas, py func(float64) float64) {
	type label struct {
		i       int
		y, from float64
	}
	var all []label
	for i, v := range g.Curves {
		y := py(v.Spots[len(v.Spots)-1].Y)
		all = append(all, label{i, y, y})
	}
	slices.SortFunc(all, func(a, b label) int { return int(math.Copysign(1, a.y-b.y)) })
	for k := range all {
		if k > 0 {
			all[k].y = max(all[k].y, all[k-1].y+34)
		}
	}
	for k, over := len(all)-1, curvesBottom-8; k >= 0; k, over = k-1, over-34 {
		all[k].y = min(all[k].y, over)
	}
	for _, l := range all {
		v := g.Curves[l.i]
		fmt.Fprintf(c, `<path d="M%s %sL%s %s" stroke="%s" fill="none" opacity=".6"/>`+"\n",
			at(curvesRight+6), at(l.from), at(curvesRight+16), at(l.y), hue(l.i))
		c.text(curvesRight+20, l.y+1, "start", "o", v.Name)
		first, last := v.Spots[0], v.Spots[len(v.Spots)-1]
		c.text(curvesRight+20, l.y+15, "start", "s", Number(first.Y)+" to "+Number(last.Y))
	}
}

// extent are all places in order, and the range of the values.
func (g CurveChart) extent() (xs []float64, low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, v := range g.Curves {
		for _, s := range v.Spots {
			xs = append(xs, s.X)
			low, high = min(low, s.Y), max(high, s.Y, s.High)
			if s.Low > 0 {
				low = min(low, s.Low)
			}
		}
	}
	slices.Sort(xs)
	return slices.Compact(xs), low, high
}

// describe says in words what the chart shows.
func (g CurveChart) describe() string {
	var list []string
	for _, v := range g.Curves {
		var spots []string
		for _, s := range v.Spots {
			spots = append(spots, fmt.Sprintf("%s at %s", Number(s.Y), Amount(s.X, g.Octets)))
		}
		list = append(list, v.Name+": "+strings.Join(spots, ", "))
	}
	return g.Unit + " by " + g.X + ". " + strings.Join(list, "; ") + "."
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

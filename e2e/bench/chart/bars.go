package chart

import (
	"fmt"
	"math"
	"strings"
)

// Bar is one contestant.
type Bar struct {
	Name string
	// Value is the median; Low and High are the range of the runs.
	Value, Low, High float64
	// Own marks Kith's.
	Own bool
	// Missing replaces the bar by words.
	Missing string
}

// BarChart compares contestants.
type BarChart struct {
	Title, Unit string
	// More says that more is better.
	More bool
	Bars []Bar
	// Goal is where the goal lies, 0 for none.
	Goal float64
}

const (
	barsWidth = 720
	barHeight = 20.0
	barStep   = 32.0
	barsTop   = 50.0
)

// SVG draws the chart.
func (b BarChart) SVG() []byte {
	names, most := 0.0, b.Goal
	for _, x := range b.Bars {
		names, most = max(names, wide(x.Name, 14)), max(most, x.Value, x.High)
	}
	left, right := min(names+24, 330), float64(barsWidth)-105
	bottom := barsTop + barStep*float64(len(b.Bars))
	marks := ticks(most)
	scale := func(v float64) float64 { return left + (right-left)*v/marks[len(marks)-1] }
	var c canvas
	c.open(barsWidth, int(bottom)+44, b.Title, b.describe())
	c.text(12, 22, "start", "h", b.Title)
	better := "less is better"
	if b.More {
		better = "more is better"
	}
	c.text(12, 40, "start", "s", b.Unit+"; "+better)
	for _, m := range marks {
		c.line("r", scale(m), barsTop, scale(m), bottom)
		c.text(scale(m), bottom+16, "middle", "s", short(m))
	}
	at := func(i int) float64 { return barsTop + barStep*float64(i) + (barStep-barHeight)/2 }
	for i, x := range b.Bars {
		b.bar(&c, x, at(i), left, scale)
	}
	if b.Goal > 0 {
		x := scale(b.Goal)
		c.line("g", x, barsTop, x, bottom+22)
		c.text(x, bottom+36, "middle", "gt", "goal "+Number(b.Goal))
	}
	for i, x := range b.Bars { // over the goal's line
		x.value(&c, at(i)+barHeight/2+4.5, left, scale)
	}
	return c.close()
}

// bar draws one, at a height.
func (b BarChart) bar(c *canvas, x Bar, y, left float64, scale func(float64) float64) {
	class, fill := "", "var(--other)"
	if x.Own {
		class, fill = "o", "var(--own)"
	}
	middle := y + barHeight/2
	c.text(left-10, middle+4.5, "end", class, x.Name)
	if x.Missing != "" {
		return
	}
	fmt.Fprintf(c, `<rect x="%s" y="%s" width="%s" height="%s" rx="2" fill="%s" fill-opacity=".8"/>`+"\n",
		at(left), at(y), at(math.Max(scale(x.Value)-left, 1.5)), at(barHeight), fill)
	if x.Low < x.High {
		lo, hi := scale(x.Low), scale(x.High)
		fmt.Fprintf(c, `<path class="w" d="M%s %sH%sM%s %sv8M%s %sv8"/>`+"\n", at(lo), at(middle), at(hi), at(lo), at(middle-4), at(hi), at(middle-4))
	}
}

// value writes a bar's value beside its end.
func (x Bar) value(c *canvas, y, left float64, scale func(float64) float64) {
	class := "v"
	if x.Own {
		class = "o v"
	}
	if x.Missing != "" {
		c.text(left+8, y, "start", "s v", x.Missing)
		return
	}
	c.text(math.Max(scale(x.Value), scale(x.High))+8, y, "start", class, Number(x.Value))
}

// describe says in words what the chart shows.
func (b BarChart) describe() string {
	var list []string
	for _, x := range b.Bars {
		switch {
		case x.Missing != "":
			list = append(list, x.Name+": "+x.Missing)
		case x.Low < x.High:
			list = append(list, fmt.Sprintf("%s: %s (%s to %s)", x.Name, Number(x.Value), Number(x.Low), Number(x.High)))
		default:
			list = append(list, x.Name+": "+Number(x.Value))
		}
	}
	if b.Goal > 0 {
		list = append(list, "goal: "+Number(b.Goal))
	}
	return b.Unit + ". " + strings.Join(list, "; ") + "."
}

package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/kith-web/kith/e2e/bench/chart"
	"github.com/kith-web/kith/e2e/figure"
)

// State is what became of a goal.
type State int

// The states, in the order in which they are listed.
const (
	FallsShort State = iota
	NotMeasured
	Met
	NoGoal
)

func (s State) String() string {
	return []string{"**falls short**", "not measured", "met", ""}[s]
}

// Verdict says whether a figure reaches its goal, and how it compares.
func Verdict(f figure.Figure) (State, string) {
	switch own := f.Contestants[0]; {
	case f.Axis != nil:
		return shape(f)
	case f.Goal == nil:
		return NoGoal, ""
	case len(own.Samples) == 0:
		return NotMeasured, own.Missing
	case len(f.Goal.Rivals) == 0:
		return number(f)
	}
	own, state := figure.Median(f.Contestants[0].Samples), Met
	var ratios []string
	compared := 0
	for _, r := range f.Goal.Rivals {
		other := figure.Median(samples(f, r.Name))
		if math.IsNaN(other) {
			ratios = append(ratios, r.Name+" did not run")
			continue
		}
		compared++
		if missed(own, other*r.Factor, f.More) {
			state = FallsShort
		}
		ratios = append(ratios, fmt.Sprintf("%.2f of %s", own/other, r.Name))
	}
	if compared == 0 {
		state = NotMeasured
	}
	return state, strings.Join(ratios, ", ")
}

// samples are those of one contestant.
func samples(f figure.Figure, name string) []float64 {
	i := slices.IndexFunc(f.Contestants, func(c figure.Contestant) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return f.Contestants[i].Samples
}

// number compares all of Kith's with a number.
func number(f figure.Figure) (State, string) {
	state := Met
	var values []string
	for _, c := range f.Contestants {
		if !own(c) {
			continue
		}
		v := figure.Median(c.Samples)
		if len(c.Samples) == 0 || missed(v, f.Goal.Number, f.More) {
			state = FallsShort
		}
		if len(c.Samples) > 0 {
			values = append(values, chart.Number(v))
		}
	}
	return state, strings.Join(values, ", ") + " " + f.Unit
}

// own says whether a contestant is Kith.
func own(c figure.Contestant) bool { return strings.HasPrefix(strings.ToLower(c.Name), "kith") }

// missed reports whether a figure is on the wrong side of its goal.
func missed(v, goal float64, more bool) bool { return more && v < goal || !more && v > goal }

// shape compares the exponents of curves with what is expected.
func shape(f figure.Figure) (State, string) {
	state := NotMeasured
	var words []string
	for _, c := range f.Contestants {
		e, ok := Exponent(c.Points)
		if !ok {
			continue
		}
		if state == NotMeasured {
			state = Met
		}
		if e > f.Axis.Most {
			state = FallsShort
		}
		words = append(words, fmt.Sprintf("%s %.2f", c.Name, e))
	}
	return state, strings.Join(words, ", ")
}

// Exponent fits a power to the upper half of a curve's range, where what is always
// the same hides the growth the least, by least squares of the logarithms. It needs
// two places there.
func Exponent(points []figure.Point) (float64, bool) {
	points = slices.SortedFunc(slices.Values(points), func(a, b figure.Point) int { return int(math.Copysign(1, a.X-b.X)) })
	if len(points) < 2 {
		return 0, false
	}
	middle := math.Sqrt(points[0].X * points[len(points)-1].X)
	var n, sx, sy, sxx, sxy float64
	for _, p := range points {
		if p.X < middle*0.999 {
			continue
		}
		x, y := math.Log(p.X), math.Log(positive(figure.Median(p.Samples)))
		n, sx, sy, sxx, sxy = n+1, sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	if d := n*sxx - sx*sx; n >= 2 && d > 1e-12 {
		return (n*sxy - sx*sy) / d, true
	}
	return 0, false
}

// positive keeps a value off zero, which has no logarithm.
func positive(v float64) float64 { return max(v, 1e-3) }

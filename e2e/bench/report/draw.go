package report

import (
	"cmp"
	"slices"

	"github.com/kith-web/kith/e2e/bench/chart"
	"github.com/kith-web/kith/e2e/figure"
)

// Draw draws a figure, nil where there is nothing to compare.
func Draw(f figure.Figure) []byte {
	if f.Axis != nil {
		return drawCurves(f)
	}
	b := chart.BarChart{Title: f.Title, Unit: f.Unit, More: f.More, Goal: goalLine(f)}
	count := 0
	for _, c := range f.Contestants {
		bar := chart.Bar{Name: c.Name, Own: own(c), Missing: absent(c)}
		if len(c.Samples) > 0 {
			bar.Value, bar.Low, bar.High = figure.Median(c.Samples), slices.Min(c.Samples), slices.Max(c.Samples)
			count++
		}
		b.Bars = append(b.Bars, bar)
	}
	if count == 0 || count == 1 && b.Goal == 0 {
		return nil
	}
	return b.SVG()
}

// absent says why a contestant has no figure.
func absent(c figure.Contestant) string {
	if ran(c) {
		return ""
	}
	return cmp.Or(c.Missing, "failed")
}

// goalLine is the value that the goal demands, the hardest of several; 0 for none.
func goalLine(f figure.Figure) float64 {
	if f.Goal == nil {
		return 0
	}
	if len(f.Goal.Rivals) == 0 {
		return f.Goal.Number
	}
	var line float64
	for _, r := range f.Goal.Rivals {
		v := figure.Median(samples(f, r.Name)) * r.Factor
		if v > 0 && (line == 0 || missed(line, v, f.More)) {
			line = v
		}
	}
	return line
}

func drawCurves(f figure.Figure) []byte {
	g := chart.CurveChart{Title: f.Title, Unit: f.Unit, X: f.Axis.Name, Octets: f.Axis.Name == octets}
	for _, c := range f.Contestants {
		if len(c.Points) == 0 {
			continue
		}
		v := chart.Curve{Name: c.Name}
		for _, p := range c.Points {
			v.Spots = append(v.Spots, chart.Spot{
				X: p.X, Y: positive(figure.Median(p.Samples)), Low: positive(slices.Min(p.Samples)), High: positive(slices.Max(p.Samples)),
			})
		}
		slices.SortFunc(v.Spots, func(a, b chart.Spot) int { return cmp.Compare(a.X, b.X) })
		g.Curves = append(g.Curves, v)
	}
	if len(g.Curves) == 0 {
		return nil
	}
	return g.SVG()
}

// octets is the axis of sizes.
const octets = "octets"

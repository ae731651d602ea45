package bench

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// contestant does some work and says how it went. Exactly one of run and missing is
// set.
type contestant struct {
	name    string
	run     func(t *testing.T) float64
	missing string // why it cannot run here
}

// race is work that several contestants do.
type race struct {
	title string
	unit  string // of what run returns
	more  bool   // more is better
	goal  *goal
	by    []contestant
}

// goal compares Kith, the first contestant, with another one, or every contestant
// whose name begins with Kith with a number.
type goal struct {
	against []string // names of contestants, all of which count; none for a number
	factor  float64  // of the other's figure, or the number itself
	text    string
}

// result is what became of a race.
type result struct {
	race
	runs [][]float64 // by contestant
}

// compete lets the contestants take turns.
func (r race) compete(t *testing.T, rounds int) result {
	t.Helper()
	out := result{race: r, runs: make([][]float64, len(r.by))}
	for round := range rounds {
		for i, c := range r.by {
			if c.missing != "" {
				continue
			}
			name := strings.ReplaceAll(fmt.Sprintf("%s/%s/%d", r.title, c.name, round+1), ",", "") // some options are lists
			t.Run(name, func(t *testing.T) {
				v := c.run(t)
				out.runs[i] = append(out.runs[i], v)
				t.Logf("%.3f %s", v, r.unit)
			})
		}
	}
	return out
}

// missed reports whether a figure is on the wrong side of its goal.
func missed(v, goal float64, more bool) bool { return more && v < goal || !more && v > goal }

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	if len(v)%2 == 1 {
		return v[len(v)/2]
	}
	return (v[len(v)/2-1] + v[len(v)/2]) / 2
}

// verdict says whether the goal is met.
func (r result) verdict() string {
	if r.goal == nil {
		return ""
	}
	if len(r.runs[0]) == 0 {
		return "not measured"
	}
	own, met := median(r.runs[0]), true
	var ratios []string
	others := r.goal.against
	if len(others) == 0 {
		for i, c := range r.by {
			if strings.HasPrefix(c.name, "Kith") && (len(r.runs[i]) == 0 || missed(median(r.runs[i]), r.goal.factor, r.more)) {
				met = false
			}
		}
		return words(met)
	}
	for i, c := range r.by {
		if !slices.Contains(others, c.name) {
			continue
		}
		if len(r.runs[i]) == 0 {
			ratios = append(ratios, c.name+" missing")
			continue
		}
		other := median(r.runs[i])
		if r.more && own < other*r.goal.factor || !r.more && own > other*r.goal.factor {
			met = false
		}
		ratios = append(ratios, fmt.Sprintf("%.2f of %s", own/other, c.name))
	}
	return words(met) + " (" + strings.Join(ratios, ", ") + ")"
}

func words(met bool) string {
	if met {
		return "met"
	}
	return "**falls short**"
}

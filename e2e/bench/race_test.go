package bench

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/kith-web/kith/e2e/figure"
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
	goal  *figure.Goal
	note  string
	by    []contestant
}

// compete lets the contestants take turns and saves what came of it.
func (r race) compete(t *testing.T, b *bench, group string, place int) {
	t.Helper()
	f := figure.Figure{Group: group, Place: place, Title: r.title, Unit: r.unit, More: r.more, Note: r.note, Goal: r.goal}
	for _, c := range r.by {
		f.Contestants = append(f.Contestants, figure.Contestant{Name: c.name, Missing: c.missing, Version: b.versionOf(c.name)})
	}
	for round := range b.rounds {
		for i, c := range r.by {
			if c.missing != "" {
				continue
			}
			name := strings.ReplaceAll(fmt.Sprintf("%s/%s/%d", r.title, c.name, round+1), ",", "") // some options are lists
			of := &f.Contestants[i]
			of.Failed++
			t.Run(name, func(t *testing.T) {
				v := c.run(t)
				of.Samples = append(of.Samples, v)
				of.Failed--
				t.Logf("%.3f %s", v, r.unit)
			})
		}
	}
	figure.Save(t, f)
}

// versionOf is the version of the peer that a contestant is.
func (b *bench) versionOf(name string) string {
	for _, peer := range slices.Sorted(maps.Keys(b.versions)) {
		if strings.Contains(strings.ToLower(name), peer) {
			return b.versions[peer]
		}
	}
	return ""
}

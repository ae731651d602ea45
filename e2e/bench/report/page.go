package report

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/kith-web/kith/e2e/bench/chart"
	"github.com/kith-web/kith/e2e/figure"
)

const intro = `# Benchmarks

Whole programs doing whole jobs, beside the programs people use today, and how cost grows with work. Contestants take turns in one run on one machine; a figure is the median, with the lowest and highest run behind it. The goals were set before the first run, and where one is missed it says so.

`

const repeat = `
## How to repeat

` + "```" + `
./bench list                 what there is, and how long each group takes
./bench                      everything, which takes hours
./bench hot torrent          some groups; the figures of the others stay as they are
./bench --small growth-sites a quick try that everything works, in dist/bench
` + "```" + `

needs Linux, and root for devices nearby. It installs the peers it may (Debian's packages, npm, Go modules), says what it could not, and takes what the environment names: ` + "`KITH_KUBO`, `KITH_CHIHAYA`, `KITH_CROC`, `KITH_SYNCTHING`, `KITH_WORMHOLE_WILLIAM`, `KITH_WORMHOLE_MAILBOX`, `KITH_POSTGRES`" + `. Each group is kept as soon as it ends, so a run can be broken off. A figure from a busy machine, or one with somebody missing, does not replace a better one unless ` + "`--force`" + ` says so. All samples are in [results.json](benchmarks/results.json); the code is in [e2e/bench](../e2e/bench). What the figures do not say, and where the time goes: [measurements](measurements.md).

`

// Page tells all figures; images is where their drawings are, from the page.
func Page(all []figure.Figure, images string) string {
	var b bytes.Buffer
	b.WriteString(intro)
	p := page{&b, images, machines(all)}
	p.circumstances(all)
	p.goals(all)
	b.WriteString(repeat)
	for _, g := range Groups() {
		var of []figure.Figure
		for _, f := range all {
			if f.Group == g.Name {
				of = append(of, f)
			}
		}
		if len(of) == 0 {
			continue
		}
		fmt.Fprintf(&b, "## %s\n\n%s\n\n", g.Heading, g.About)
		for _, f := range of {
			p.figure(f)
		}
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// page is being written.
type page struct {
	*bytes.Buffer
	images   string
	machines []string
}

func machines(all []figure.Figure) []string {
	set := map[string]bool{}
	for _, f := range all {
		if f.Measured.Machine != "" {
			set[f.Measured.Machine] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// circumstances are the machines and the versions.
func (p page) circumstances(all []figure.Figure) {
	if len(p.machines) == 1 {
		fmt.Fprintf(p, "The machine: %s.\n\n", p.machines[0])
	} else {
		for i, m := range p.machines {
			fmt.Fprintf(p, "- Machine %c: %s.\n", 'A'+i, m)
		}
		p.WriteString("\n")
	}
	versions := map[string]bool{}
	for _, f := range all {
		for _, c := range f.Contestants {
			if c.Version != "" && !own(c) {
				versions[c.Version] = true
			}
		}
	}
	if len(versions) > 0 {
		fmt.Fprintf(p, "Beside Kith: %s.\n\n", strings.Join(slices.SortedFunc(maps.Keys(versions), func(a, b string) int {
			return cmp.Compare(strings.ToLower(a), strings.ToLower(b))
		}), ", "))
	}
}

// goals lists what was aimed at, what falls short first.
func (p page) goals(all []figure.Figure) {
	rows, count := map[State][]string{}, map[State]int{}
	for _, f := range all {
		state, words := Verdict(f)
		if state == NoGoal {
			continue
		}
		count[state]++
		goal := ""
		if f.Axis != nil {
			goal = f.Axis.Shape
			words = "exponent: " + words
		} else {
			goal = f.Goal.Text
		}
		rows[state] = append(rows[state], fmt.Sprintf("| [%s](#%s) | %s | %s | %s |\n", f.Title, anchor(f.Title), goal, words, state.String()+indication(f)))
	}
	fmt.Fprintf(p, "## Goals\n\nOf %d goals %d are met, %d fall short, %d are not measured.\n\n",
		count[Met]+count[FallsShort]+count[NotMeasured], count[Met], count[FallsShort], count[NotMeasured])
	p.WriteString("| | goal | measured | |\n| --- | --- | --- | --- |\n")
	for _, state := range []State{FallsShort, NotMeasured, Met} {
		p.WriteString(strings.Join(rows[state], ""))
	}
}

// indication marks what a busy machine measured.
func indication(f figure.Figure) string {
	if f.Measured.Busy > Quiet {
		return ", on a busy machine"
	}
	return ""
}

// figure writes one.
func (p page) figure(f figure.Figure) {
	fmt.Fprintf(p, "### %s\n\n", f.Title)
	state, words := Verdict(f)
	switch {
	case f.Axis != nil:
		fmt.Fprintf(p, "Expected: %s. Fitted exponent: %s. %s.\n\n", f.Axis.Shape, cmp.Or(words, "none"), sentence(state.String()))
	case f.Goal != nil && len(f.Goal.Rivals) == 0:
		fmt.Fprintf(p, "Goal: %s. %s.\n\n", f.Goal.Text, sentence(state.String()))
	case f.Goal != nil:
		fmt.Fprintf(p, "Goal: %s. %s (%s).\n\n", f.Goal.Text, sentence(state.String()), cmp.Or(words, "nobody to compare with"))
	}
	if Draw(f) != nil {
		fmt.Fprintf(p, "![%s](%s/%s.svg)\n\n", strings.NewReplacer("[", "", "]", "").Replace(f.Title), p.images, figure.Slug(f.Title))
	}
	if f.Axis != nil {
		p.curves(f)
	} else {
		p.table(f)
	}
	if f.Note != "" {
		fmt.Fprintf(p, "%s\n\n", f.Note)
	}
	fmt.Fprintf(p, "*%s*\n\n", p.when(f.Measured))
}

func (p page) table(f figure.Figure) {
	fmt.Fprintf(p, "| | %s | lowest – highest | runs |\n| --- | --- | --- | --- |\n", f.Unit)
	for _, c := range f.Contestants {
		if len(c.Samples) == 0 {
			fmt.Fprintf(p, "| %s | %s | | |\n", c.Name, cmp.Or(prefix("missing: ", c.Missing), "failed"))
			continue
		}
		spread := "–"
		if lo, hi := slices.Min(c.Samples), slices.Max(c.Samples); lo < hi {
			spread = chart.Number(lo) + " – " + chart.Number(hi)
		}
		fmt.Fprintf(p, "| %s | %s | %s | %s |\n", c.Name, chart.Number(figure.Median(c.Samples)), spread, runs(c))
	}
	p.WriteString("\n")
}

func runs(c figure.Contestant) string {
	if c.Failed > 0 {
		return fmt.Sprintf("%d of %d ended", len(c.Samples), len(c.Samples)+c.Failed)
	}
	return fmt.Sprint(len(c.Samples))
}

func prefix(with, s string) string {
	if s == "" {
		return ""
	}
	return with + s
}

// curves writes a table with a row for each place.
func (p page) curves(f figure.Figure) {
	var names, rule []string
	places := map[float64]bool{}
	for _, c := range f.Contestants {
		names, rule = append(names, c.Name), append(rule, "---")
		for _, pt := range c.Points {
			places[pt.X] = true
		}
	}
	fmt.Fprintf(p, "| %s | %s |\n| --- | %s |\n", f.Axis.Name, strings.Join(names, " | "), strings.Join(rule, " | "))
	for _, x := range slices.Sorted(maps.Keys(places)) {
		fmt.Fprintf(p, "| %s |", chart.Amount(x, f.Axis.Name == octets))
		for _, c := range f.Contestants {
			cell := ""
			for _, pt := range c.Points {
				if pt.X == x {
					cell = chart.Number(figure.Median(pt.Samples))
				}
			}
			fmt.Fprintf(p, " %s |", cell)
		}
		p.WriteString("\n")
	}
	fmt.Fprintf(p, "\nIn %s.\n\n", f.Unit)
}

// when says when a figure was measured and what else the machine did.
func (p page) when(m figure.Measured) string {
	s := "Measured on " + m.Time.Format("2 January 2006")
	if i := slices.Index(p.machines, m.Machine); i >= 0 && len(p.machines) > 1 {
		s += fmt.Sprintf(", machine %c", 'A'+i)
	}
	if m.Note != "" {
		return s + "; " + m.Note + "."
	}
	s += fmt.Sprintf("; load %.2f when it began", m.Load)
	if m.Busy > Quiet && m.Note == "" {
		s += fmt.Sprintf("; something else used %.0f %% of the processors: an indication only", m.Busy)
	}
	return s + "."
}

// anchor is the fragment by which pages link to a heading.
func anchor(heading string) string {
	drop := regexp.MustCompile(`[^\p{L}\p{N}\- ]`)
	return strings.ReplaceAll(drop.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
}

func sentence(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}

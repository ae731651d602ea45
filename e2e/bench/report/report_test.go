package report_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/bench/report"
	"github.com/kith-web/kith/e2e/figure"
)

// root is the repository's.
const root = "../../.."

func race(title string, kith, other float64) figure.Figure {
	return figure.Figure{
		Group: "hot", Title: title, Unit: "seconds", Goal: figure.Beat("a third of Kubo's time", 1.0/3, "Kubo"),
		Contestants: []figure.Contestant{{Name: "Kith", Samples: []float64{kith}}, {Name: "Kubo", Version: "Kubo 0.39.0", Samples: []float64{other}}},
		Measured:    figure.Measured{Time: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)},
	}
}

func curve(most float64, at func(x float64) float64) figure.Figure {
	f := figure.Figure{Group: "growth-sites", Title: "Curve", Unit: "ms", Axis: &figure.Axis{Name: "sites", Shape: "flat", Most: most}}
	c := figure.Contestant{Name: "Kith"}
	for x := 10.0; x <= 100_000; x *= 10 {
		c.Points = append(c.Points, figure.Point{X: x, Samples: []float64{at(x)}})
	}
	f.Contestants = append(f.Contestants, c)
	return f
}

func TestVerdicts(t *testing.T) {
	missing := race("f", 1, 0)
	missing.Contestants[1] = figure.Contestant{Name: "Kubo", Missing: "not installed"}
	failed := race("f", 0, 4)
	failed.Contestants[0].Samples = nil
	rate := race("f", 4, 1)
	rate.More, rate.Goal = true, figure.Beat("three times", 3, "Kubo")
	number := race("f", 5, 1)
	number.Goal = figure.Reach("at most 4", 4)
	free := race("f", 1, 1)
	free.Goal = nil
	for name, c := range map[string]struct {
		figure figure.Figure
		want   report.State
		words  string
	}{
		"met":                    {race("f", 1, 4), report.Met, "0.25 of Kubo"},
		"falls short":            {race("f", 2, 4), report.FallsShort, "0.50 of Kubo"},
		"nobody to compare with": {missing, report.NotMeasured, "Kubo did not run"},
		"did not end":            {failed, report.NotMeasured, ""},
		"more is better":         {rate, report.Met, "4.00 of Kubo"},
		"a number":               {number, report.FallsShort, "5.00 seconds"},
		"no goal":                {free, report.NoGoal, ""},
		"flat":                   {curve(0.1, func(float64) float64 { return 7 }), report.Met, "Kith 0.00"},
		"linear":                 {curve(0.1, func(x float64) float64 { return 3 * x }), report.FallsShort, "Kith 1.00"},
		"linear is allowed":      {curve(1.1, func(x float64) float64 { return 3 * x }), report.Met, "Kith 1.00"},
		"flat at first":          {curve(0.1, func(x float64) float64 { return max(1, x/100) }), report.FallsShort, "Kith 1.00"},
	} {
		state, words := report.Verdict(c.figure)
		if state != c.want || !strings.HasPrefix(words, c.words) {
			t.Errorf("%s: %v, %q", name, state, words)
		}
	}
}

func TestExponentNeedsTwoPlaces(t *testing.T) {
	if _, ok := report.Exponent([]figure.Point{{X: 5, Samples: []float64{1}}}); ok {
		t.Error("of one")
	}
	if e, ok := report.Exponent([]figure.Point{{X: 100, Samples: []float64{4}}, {X: 1, Samples: []float64{1}}, {X: 10, Samples: []float64{2}}}); !ok || math.Abs(e-math.Log10(2)) > 1e-9 {
		t.Errorf("%v, %v", e, ok)
	}
}

func TestTheNewestCounts(t *testing.T) {
	old := []figure.Figure{race("a", 1, 4), race("b", 1, 4), race("c", 1, 4), curve(1, math.Sqrt)}
	without := race("b", 9, 4)
	without.Contestants[1].Samples, without.Contestants[1].Missing = nil, "gone"
	busy := race("c", 9, 4)
	busy.Measured.Busy = 60
	fresh := race("d", 1, 1)
	fresh.Measured.Busy = 60
	newer := []figure.Figure{race("a", 2, 4), without, busy, fresh}
	merged, kept := report.Merge(old, newer, false)
	titles, values := "", []float64{}
	for _, f := range merged {
		titles += f.Title
		if f.Axis == nil {
			values = append(values, f.Contestants[0].Samples[0])
		}
	}
	if titles != "abcdCurve" || values[0] != 2 || values[1] != 1 || values[2] != 1 || values[3] != 1 {
		t.Errorf("%s: %v", titles, values)
	}
	if len(kept) != 2 || kept[0].Why != "Kubo did not run" || !strings.Contains(kept[1].Why, "60 percent") {
		t.Errorf("%v", kept)
	}
	if _, kept := report.Merge(old, newer, true); len(kept) != 0 {
		t.Errorf("forced, and kept: %v", kept)
	}
}

func TestThePage(t *testing.T) {
	short := race("Short | of", 2, 4)
	short.Note = "A note."
	busy := race("Busy", 1, 4)
	busy.Measured.Busy, busy.Contestants[1].Failed = 40, 2
	p := report.In(filepath.Join(t.TempDir(), "docs"))
	all, _ := report.Merge(nil, []figure.Figure{busy, short, curve(0.1, math.Sqrt)}, false)
	for range 2 { // the second time there is something to replace
		if err := p.Write(all); err != nil {
			t.Fatal(err)
		}
	}
	page, err := os.ReadFile(p.Page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Of 3 goals 1 are met, 2 fall short, 0 are not measured.", "Beside Kith: Kubo 0.39.0.", "**falls short** (0.50 of Kubo).", "A note.",
		"an indication only", "1 of 3 ended", "![Curve](images/bench/curve.svg)", "| 100,000 | 316 |", "Fitted exponent: Kith 0.50. **falls short**.", "### Busy\n",
	} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	again, err := report.Load(p.Results)
	if err != nil || len(again) != len(all) {
		t.Fatal(again, err)
	}
	if svg, err := os.ReadFile(filepath.Join(p.Images, "short-of.svg")); err != nil || !strings.Contains(string(svg), "goal: 1.33") {
		t.Errorf("%s: %v", svg, err)
	}
	if err := p.Write(all[:1]); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(p.Images, "*")); len(left) != 1 {
		t.Errorf("drawings of figures that are gone stay: %v", left)
	}
}

// TestTheCommittedPageIsThatOfTheResults, drawings and all.
func TestTheCommittedPageIsThatOfTheResults(t *testing.T) {
	docs := filepath.Join(root, "docs")
	committed := report.In(docs)
	all, err := report.Load(committed.Results)
	if err != nil || len(all) == 0 {
		t.Fatalf("%d figures: %v", len(all), err)
	}
	made := report.In(filepath.Join(t.TempDir(), "docs"))
	if err := made.Write(all); err != nil {
		t.Fatal(err)
	}
	same(t, committed.Page, made.Page)
	drawings, err := filepath.Glob(filepath.Join(made.Images, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range drawings {
		same(t, filepath.Join(committed.Images, filepath.Base(name)), name)
	}
	if there, _ := filepath.Glob(filepath.Join(committed.Images, "*")); len(there) != len(drawings) {
		t.Errorf("%d drawings are there, %d belong to figures", len(there), len(drawings))
	}
	names := map[string]bool{}
	for _, g := range report.Groups() {
		names[g.Name] = true
	}
	for _, f := range all {
		if !names[f.Group] {
			t.Errorf("%s: there is no group %s", f.Title, f.Group)
		}
	}
}

func same(t *testing.T, committed, made string) {
	t.Helper()
	a, err1 := os.ReadFile(committed)
	b, err2 := os.ReadFile(made)
	if err1 != nil || err2 != nil || string(a) != string(b) {
		t.Errorf("%s is not what results.json makes: './bench page' writes it (%v, %v)", committed, err1, err2)
	}
}

func TestGroupsAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, g := range report.Groups() {
		if seen[g.Name] || g.Heading == "" || g.About == "" || g.Takes == 0 || len(g.Steps) == 0 {
			t.Errorf("group %q: twice, or without something", g.Name)
		}
		seen[g.Name] = true
		for _, s := range g.Steps {
			if (s.Test == "") == (s.Bench == "") || s.Within <= g.Takes/4 {
				t.Errorf("group %q: %+v", g.Name, s)
			}
			if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(s.Package))); err != nil {
				t.Errorf("group %q: %v", g.Name, err)
			}
		}
	}
}

// FuzzLoad reads files of results that anything may be in.
func FuzzLoad(f *testing.F) {
	good, err := json.Marshal([]figure.Figure{race("a", 1, 2), curve(1, math.Sqrt)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`[{"group":"g","title":"t","unit":"u","contestants":[{"name":"x","samples":[1e308,-1e308]}]}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		file := filepath.Join(t.TempDir(), "results.json")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		all, err := report.Load(file)
		if err != nil {
			return
		}
		merged, _ := report.Merge(nil, all, false)
		_ = report.Page(merged, "images")
	})
}

package figure

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
)

// EnvResults names the folder that figures are written to.
const EnvResults = "KITH_RESULTS"

// Figure is what one measurement found: samples of every contestant, or a curve of
// how they grow.
type Figure struct {
	// Group is the group of ./bench that measures it.
	Group string `json:"group"`
	// Place orders the figures of a group; equal ones are in the order of their titles.
	Place int `json:"place,omitempty"`
	// Title says what was done; it is unique among all figures.
	Title string `json:"title"`
	// Unit is that of all samples.
	Unit string `json:"unit"`
	// More says that more is better.
	More bool `json:"more,omitempty"`
	// Goal is what was aimed at before the first run.
	Goal *Goal `json:"goal,omitempty"`
	// Contestants have Kith first.
	Contestants []Contestant `json:"contestants"`
	// Axis makes a curve of the figure: contestants have points, not samples.
	Axis *Axis `json:"axis,omitempty"`
	// Note is for the reader.
	Note string `json:"note,omitempty"`
	// Measured says when and under which circumstances; ./bench fills it in.
	Measured Measured `json:"measured"`
}

// Contestant is who did the work, and how it went.
type Contestant struct {
	// Name is Kith's, with what distinguishes this way of using it, or a peer's.
	Name string `json:"name"`
	// Version is the peer's.
	Version string `json:"version,omitempty"`
	// Samples are the runs.
	Samples []float64 `json:"samples,omitempty"`
	// Points are those of a curve.
	Points []Point `json:"points,omitempty"`
	// Missing says why it did not run.
	Missing string `json:"missing,omitempty"`
	// Failed is how many runs did not end.
	Failed int `json:"failed,omitempty"`
}

// Point is a place of a curve.
type Point struct {
	X       float64   `json:"x"`
	Samples []float64 `json:"samples"`
}

// Axis is what a curve grows with, on a logarithmic scale.
type Axis struct {
	// Name is "sites", or "octets" for sizes.
	Name string `json:"name"`
	// Shape says in words which one is expected.
	Shape string `json:"shape"`
	// Most is the exponent that the curve may have in the upper half of its range: 0
	// is flat, 1 linear.
	Most float64 `json:"most"`
}

// Goal compares the first contestant with rivals, or every one whose name begins
// with Kith with a number.
type Goal struct {
	// Text says it to the reader.
	Text string `json:"text"`
	// Number is what to reach where there are no rivals.
	Number float64 `json:"number,omitempty"`
	// Rivals are contestants, all of which count.
	Rivals []Rival `json:"rivals,omitempty"`
}

// Rival is a contestant to compare with; what is to be reached is its median times
// Factor.
type Rival struct {
	Name   string  `json:"name"`
	Factor float64 `json:"factor"`
}

// Reach is the goal to reach a number.
func Reach(text string, number float64) *Goal { return &Goal{Text: text, Number: number} }

// Beat is the goal to reach some others' median times a factor.
func Beat(text string, factor float64, names ...string) *Goal {
	g := &Goal{Text: text}
	for _, name := range names {
		g.Rivals = append(g.Rivals, Rival{name, factor})
	}
	return g
}

// Measured says how a figure came to be.
type Measured struct {
	Time    time.Time `json:"time"`
	Machine string    `json:"machine,omitempty"`
	// Load is the load average over a minute at the start, Busy the part of the
	// processors that others used just before it, in percent.
	Load float64 `json:"load"`
	Busy float64 `json:"busy"`
	// Note says it in words where it was not ./bench that measured.
	Note string `json:"note,omitempty"`
}

// At adds samples to the curve's place at x.
func (c *Contestant) At(x float64, samples ...float64) {
	for i := range c.Points {
		if c.Points[i].X == x {
			c.Points[i].Samples = append(c.Points[i].Samples, samples...)
			return
		}
	}
	c.Points = append(c.Points, Point{x, samples})
}

// Grows is a figure of curves: name says what they grow with, "octets" for sizes;
// shape and most are what is expected of them.
func Grows(group string, place int, title, unit, name, shape string, most float64, curves ...Contestant) Figure {
	return Figure{Group: group, Place: place, Title: title, Unit: unit, Contestants: curves, Axis: &Axis{Name: name, Shape: shape, Most: most}}
}

// Median is the middle of some samples, NaN of none.
func Median(samples []float64) float64 {
	v := slices.Sorted(slices.Values(samples))
	switch n := len(v); {
	case n == 0:
		return math.NaN()
	case n%2 == 1:
		return v[n/2]
	default:
		return (v[n/2-1] + v[n/2]) / 2
	}
}

// Quantile is the sample below which the part q of all lie, NaN of none.
func Quantile(samples []float64, q float64) float64 {
	if len(samples) == 0 {
		return math.NaN()
	}
	v := slices.Sorted(slices.Values(samples))
	return v[min(len(v)-1, int(q*float64(len(v))))]
}

// Check says what is wrong with a figure.
func (f Figure) Check() error {
	if f.Group == "" || f.Title == "" || f.Unit == "" || len(f.Contestants) == 0 {
		return fmt.Errorf("figure %q of group %q: it needs a group, a title, a unit and contestants", f.Title, f.Group)
	}
	for _, c := range f.Contestants {
		all := slices.Clone(c.Samples)
		for _, p := range c.Points {
			all = append(all, p.Samples...)
			if p.X <= 0 || len(p.Samples) == 0 {
				return fmt.Errorf("figure %q, %s: a point at %v with %d samples", f.Title, c.Name, p.X, len(p.Samples))
			}
		}
		if slices.ContainsFunc(all, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }) {
			return fmt.Errorf("figure %q, %s: not a number", f.Title, c.Name)
		}
		if f.Axis == nil && len(c.Points) > 0 || c.Missing != "" && len(all) > 0 {
			return fmt.Errorf("figure %q: %s is missing, and has samples, or has points without an axis", f.Title, c.Name)
		}
	}
	return nil
}

// Slug is the title as a file's name.
func Slug(title string) string {
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(title) {
		if r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			gap = r != ',' || gap
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte('-')
		}
		gap = false
		b.WriteRune(r)
	}
	return b.String()
}

// Save writes a figure to the results, if there is a folder for them, and shows it
// in the test's log.
func Save(t testing.TB, f Figure) {
	t.Helper()
	for _, c := range f.Contestants {
		t.Logf("%s: %s: %s %v %v %s", f.Title, c.Name, f.Unit, c.Samples, c.Points, c.Missing)
	}
	dir := os.Getenv(EnvResults)
	if dir == "" {
		return
	}
	if err := Write(dir, f); err != nil {
		t.Error(err)
	}
}

// Write writes a figure into a folder.
func Write(dir string, f Figure) error {
	if err := f.Check(); err != nil {
		return err
	}
	if f.Measured.Time.IsZero() {
		f.Measured.Time = time.Now().UTC().Truncate(time.Second)
	}
	data, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, Slug(f.Title)+".json"), data, 0o644)
}

// Read reads all figures of a folder, which may be missing.
func Read(dir string) (all []Figure, err error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, name := range names {
		var f Figure
		data, err := os.ReadFile(name)
		if err == nil {
			err = json.Unmarshal(data, &f)
		}
		if err == nil {
			err = f.Check()
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", filepath.Base(name), err))
			continue
		}
		all = append(all, f)
	}
	return all, errors.Join(errs...)
}

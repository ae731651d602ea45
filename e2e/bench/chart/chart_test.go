package chart_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kith-web/kith/e2e/bench/chart"
)

var update = flag.Bool("update", false, "write the drawings that are expected")

func bars() chart.BarChart {
	return chart.BarChart{
		Title: "Cold, 1,000 files & <more>", Unit: "seconds", Goal: 0.14,
		Bars: []chart.Bar{
			{Name: "Kith, through its gateway", Value: 0.24, Low: 0.18, High: 0.3, Own: true},
			{Name: "libtorrent", Value: 0.41, Low: 0.4, High: 1.09},
			{Name: "aria2c", Value: 3.63, Low: 3.63, High: 3.63},
			{Name: "rtorrent", Missing: "not installed"},
		},
	}
}

func curves() chart.CurveChart {
	return chart.CurveChart{
		Title: "Time of a request", Unit: "milliseconds", X: "sites",
		Curves: []chart.Curve{
			{Name: "first", Spots: []chart.Spot{{10, 1, 0.9, 1.2}, {100, 1.1, 1.1, 1.1}, {1000, 1.2, 1, 4}, {10000, 1.25, 1, 2}}},
			{Name: "second", Spots: []chart.Spot{{10, 1.5, 0, 0}, {10000, 1500, 0, 0}}},
			{Name: "third", Spots: []chart.Spot{{10, 2, 2, 2}, {10000, 1.2, 1, 2}}},
		},
	}
}

func TestDrawings(t *testing.T) {
	for name, draw := range map[string]func() []byte{"bars": bars().SVG, "curves": curves().SVG} {
		got := draw()
		if !bytes.Equal(got, draw()) {
			t.Errorf("%s: drawn twice, it differs", name)
		}
		wellFormed(t, name, got)
		file := filepath.Join("testdata", name+".svg")
		if *update {
			if err := os.WriteFile(file, got, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is drawn otherwise (%v); look at it, and run 'go test ./e2e/bench/chart -update'", file, err)
		}
	}
}

func TestValuesAreTextToo(t *testing.T) {
	for _, want := range []string{"Kith, through its gateway: 0.24 (0.18 to 0.30)", "rtorrent: not installed", "goal: 0.14", "Cold, 1,000 files &amp; &lt;more&gt;"} {
		if !strings.Contains(string(bars().SVG()), want) {
			t.Errorf("bars: no %q", want)
		}
	}
	for _, want := range []string{"1,500 at 10,000", "milliseconds by sites"} {
		if !strings.Contains(string(curves().SVG()), want) {
			t.Errorf("curves: no %q", want)
		}
	}
}

func TestSizesHaveUnits(t *testing.T) {
	g := chart.CurveChart{Title: "t", Unit: "s", X: "file size", Octets: true, Curves: []chart.Curve{
		{Name: "a", Spots: []chart.Spot{{X: 1 << 10, Y: 1}, {X: 1 << 20, Y: 2}, {X: 1 << 30, Y: 3}}},
	}}
	for _, want := range []string{"1 KiB", "1 MiB", "1 GiB"} {
		if !strings.Contains(string(g.SVG()), ">"+want+"<") {
			t.Errorf("no %s", want)
		}
	}
}

func TestOnePointAndNothing(t *testing.T) {
	wellFormed(t, "one point", chart.CurveChart{Curves: []chart.Curve{{Name: "a", Spots: []chart.Spot{{X: 1, Y: 5}}}}}.SVG())
	wellFormed(t, "nothing", chart.BarChart{Bars: []chart.Bar{{Name: "a"}}}.SVG())
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 1976: "1,976", 1234567: "1,234,567", 141.2: "141", 40.61: "40.6", 0.2349: "0.23", 0.00123: "0.0012", -5: "-5.00"} {
		if got := chart.Number(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
}

func wellFormed(t *testing.T, name string, svg []byte) {
	t.Helper()
	if bytes.Contains(svg, []byte("NaN")) || bytes.Contains(svg, []byte("Inf")) {
		t.Errorf("%s: a coordinate is no number:\n%s", name, svg)
	}
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, svg)
		}
	}
}

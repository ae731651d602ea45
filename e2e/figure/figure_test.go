package figure_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/kith-web/kith/e2e/figure"
)

func TestMiddles(t *testing.T) {
	for _, c := range []struct {
		samples     []float64
		median, p99 float64
	}{
		{[]float64{3, 1, 2}, 2, 3},
		{[]float64{4, 1, 2, 3}, 2.5, 4},
		{[]float64{7}, 7, 7},
	} {
		if got := figure.Median(c.samples); got != c.median {
			t.Errorf("median of %v: %v", c.samples, got)
		}
		if got := figure.Quantile(c.samples, 0.99); got != c.p99 {
			t.Errorf("p99 of %v: %v", c.samples, got)
		}
	}
	if !math.IsNaN(figure.Median(nil)) || !math.IsNaN(figure.Quantile(nil, 0.5)) {
		t.Error("nothing has a middle")
	}
}

func TestSlug(t *testing.T) {
	for title, want := range map[string]string{
		"Hot, 1,000 files of 10 KiB through the gateway": "hot-1000-files-of-10-kib-through-the-gateway",
		"Größe: 2 × 3!": "gr-e-2-3",
	} {
		if got := figure.Slug(title); got != want {
			t.Errorf("%q: %q", title, got)
		}
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(figure.EnvResults, dir)
	figure.Save(t, figure.Figure{
		Group: "hot", Title: "A", Unit: "s", Contestants: []figure.Contestant{{Name: "Kith", Samples: []float64{1, 2}}},
	})
	all, err := figure.Read(dir)
	if err != nil || len(all) != 1 || all[0].Contestants[0].Samples[1] != 2 || all[0].Measured.Time.IsZero() {
		t.Fatal(all, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "b.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if all, err := figure.Read(dir); err == nil || len(all) != 1 {
		t.Errorf("half a file is taken: %v, %v", all, err)
	}
}

func TestNonsenseIsRefused(t *testing.T) {
	one := []figure.Contestant{{Name: "Kith", Samples: []float64{1}}}
	for name, f := range map[string]figure.Figure{
		"no title":             {Group: "g", Unit: "s", Contestants: one},
		"nobody":               {Group: "g", Title: "t", Unit: "s"},
		"not a number":         {Group: "g", Title: "t", Unit: "s", Contestants: []figure.Contestant{{Name: "Kith", Samples: []float64{math.NaN()}}}},
		"there and missing":    {Group: "g", Title: "t", Unit: "s", Contestants: []figure.Contestant{{Name: "x", Missing: "gone", Samples: []float64{1}}}},
		"points without axis":  {Group: "g", Title: "t", Unit: "s", Contestants: []figure.Contestant{{Name: "x", Points: []figure.Point{{X: 1, Samples: []float64{1}}}}}},
		"a point at no amount": {Group: "g", Title: "t", Unit: "s", Axis: &figure.Axis{}, Contestants: []figure.Contestant{{Name: "x", Points: []figure.Point{{Samples: []float64{1}}}}}},
	} {
		if f.Check() == nil {
			t.Errorf("%s: it is taken", name)
		}
	}
}

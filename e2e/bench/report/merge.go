package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kith-web/kith/e2e/figure"
)

// Quiet is how much of the processors, in percent, others may use while a figure
// still counts as one from a quiet machine.
const Quiet = 10

// Kept is a new figure that did not replace the older one.
type Kept struct{ Title, Why string }

// Merge replaces each older figure by the newer one of the same title, but for those
// that say less: where somebody is missing who ran before, or the machine was busy
// and had been quiet. force replaces these, too.
func Merge(older, newer []figure.Figure, force bool) (merged []figure.Figure, kept []Kept) {
	byTitle := map[string]figure.Figure{}
	for _, f := range older {
		byTitle[f.Title] = f
	}
	for _, f := range newer {
		old, ok := byTitle[f.Title]
		if why := lesser(f, old); ok && why != "" && !force {
			kept = append(kept, Kept{f.Title, why})
			continue
		}
		byTitle[f.Title] = f
	}
	for _, f := range byTitle {
		merged = append(merged, f)
	}
	order := map[string]int{}
	for i, g := range Groups() {
		order[g.Name] = i + 1
	}
	slices.SortFunc(merged, func(a, b figure.Figure) int {
		return cmp.Or(cmp.Compare(order[a.Group], order[b.Group]), cmp.Compare(a.Place, b.Place), cmp.Compare(a.Title, b.Title))
	})
	return merged, kept
}

// lesser says why a new figure tells less than the older one, "" if it does not.
func lesser(f, old figure.Figure) string {
	var gone []string
	for _, c := range old.Contestants {
		if !ran(c) {
			continue
		}
		i := slices.IndexFunc(f.Contestants, func(x figure.Contestant) bool { return x.Name == c.Name })
		if i < 0 || !ran(f.Contestants[i]) {
			gone = append(gone, c.Name)
		}
	}
	if len(gone) > 0 {
		return strings.Join(gone, ", ") + " did not run"
	}
	if f.Measured.Busy > Quiet && old.Measured.Busy <= Quiet {
		return fmt.Sprintf("something else used %.0f percent of the processors", f.Measured.Busy)
	}
	return ""
}

func ran(c figure.Contestant) bool { return len(c.Samples)+len(c.Points) > 0 }

// Load reads a file of results; one that is not there has none.
func Load(file string) (all []figure.Figure, err error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	for _, f := range all {
		err = errors.Join(err, f.Check())
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return all, nil
}

// Paths are where a report is kept.
type Paths struct {
	// Results is the file of all figures, Page the page made of them, Images the
	// folder of its drawings.
	Results, Page, Images string
}

// In are the paths below a folder of documentation.
func In(docs string) Paths {
	return Paths{filepath.Join(docs, "benchmarks", "results.json"), filepath.Join(docs, "benchmarks.md"), filepath.Join(docs, "images", "bench")}
}

// Write writes results, page and drawings, and takes away drawings that belong to no
// figure any more.
func (p Paths) Write(all []figure.Figure) error {
	var data bytes.Buffer
	e := json.NewEncoder(&data)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(all); err != nil {
		return err
	}
	files := map[string][]byte{p.Results: data.Bytes()}
	images, err := filepath.Rel(filepath.Dir(p.Page), p.Images)
	if err != nil {
		return err
	}
	files[p.Page] = []byte(Page(all, filepath.ToSlash(images)))
	for _, f := range all {
		if svg := Draw(f); svg != nil {
			files[filepath.Join(p.Images, figure.Slug(f.Title)+".svg")] = svg
		}
	}
	old, err := filepath.Glob(filepath.Join(p.Images, "*.svg"))
	if err != nil {
		return err
	}
	for _, name := range old {
		if _, ok := files[name]; !ok {
			err = errors.Join(err, os.Remove(name))
		}
	}
	for name, data := range files {
		err = errors.Join(err, os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, data, 0o644))
	}
	return err
}

package publish

import (
	"reflect"
	"testing"

	"github.com/kith-web/kith/internal/engine"
)

func TestOrderOfFiles(t *testing.T) {
	files := []engine.SourceFile{
		{Path: "a.mp4", Size: 5 << 20},
		{Path: "a/x"},
		{Path: "a-b"},
		{Path: "index.html"},
		{Path: "a"},
		{Path: "z.iso", Size: large},
		{Path: "a/index.html"},
		{Path: "a/b/c"},
	}
	paths := func(hybrid bool) (out []string) {
		arrange(files, hybrid)
		for _, f := range files {
			out = append(out, f.Path)
		}
		return out
	}
	if got, want := paths(false), []string{
		"index.html", "a", "a/b/c", "a/index.html", "a/x", "a-b", "a.mp4", "z.iso",
	}; !reflect.DeepEqual(got, want) {
		t.Errorf("small first: %v", got)
	}
	// BEP 52: dictionaries sort by the raw octets of their keys, level by level.
	if got, want := paths(true), []string{
		"a", "a/b/c", "a/index.html", "a/x", "a-b", "a.mp4", "index.html", "z.iso",
	}; !reflect.DeepEqual(got, want) {
		t.Errorf("hybrid: %v", got)
	}
}

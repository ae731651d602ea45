package harness

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// Tree is the content of a folder, by path.
type Tree map[string][]byte

// Bytes are n bytes that look random and are always the same for one seed.
func Bytes(seed uint64, n int) []byte {
	var key [32]byte
	key[0], key[1] = byte(seed), byte(seed>>8)
	b := make([]byte, n)
	_, _ = rand.NewChaCha8(key).Read(b)
	return b
}

// Website is a small site with everything in it that trips programs up.
func Website() Tree {
	return Tree{
		"index.html":             []byte("<!doctype html><title>A site</title><h1>A site</h1><script src=app.js></script>"),
		"app.js":                 []byte("document.title += '!'"),
		"style/main.css":         []byte("body { margin: 0 }"),
		"about us/größe.html":    []byte("<!doctype html><p>größe"),
		"deep/er/and/deeper.txt": []byte("deep"),
		"empty.txt":              {},
		"photo.bin":              Bytes(1, 300<<10),
		"film.mp4":               Bytes(2, 5<<20+123),
	}
}

// Small is a site of n files of 10 KiB beside an index page.
func Small(n int) Tree {
	t := Tree{"index.html": []byte("<!doctype html><title>Small</title>")}
	for i := range n {
		t[fmt.Sprintf("%03d/file-%04d.bin", i/100, i)] = Bytes(uint64(i)+10, 10<<10)
	}
	return t
}

// Write writes the tree into a new folder called name and returns its path.
func (tree Tree) Write(t testing.TB, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	tree.WriteTo(t, dir)
	return dir
}

// WriteTo writes the tree into dir.
func (tree Tree) WriteTo(t testing.TB, dir string) {
	t.Helper()
	for name, data := range tree {
		full := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Compare says what of the tree a folder does not hold; nil when it holds all.
func (tree Tree) Compare(dir string) error {
	var errs []error
	for name, want := range tree {
		got, err := fs.ReadFile(os.DirFS(dir), name)
		if err != nil || !bytes.Equal(got, want) {
			errs = append(errs, fmt.Errorf("%s: %d bytes, want %d, %v", name, len(got), len(want), err))
		}
	}
	return errors.Join(errs...)
}

// CheckFolder fails t unless the folder holds the tree.
func (tree Tree) CheckFolder(t testing.TB, dir string) {
	t.Helper()
	if err := tree.Compare(dir); err != nil {
		t.Error(err)
	}
}

// CheckSite fails t unless the node shows the tree at address a.
func (tree Tree) CheckSite(t testing.TB, n *Node, a string) {
	t.Helper()
	for name, want := range tree {
		if got := n.Get(t, a, "/"+name); !bytes.Equal(got, want) {
			t.Errorf("%s of %s: %d bytes, want %d", name, a, len(got), len(want))
		}
	}
}

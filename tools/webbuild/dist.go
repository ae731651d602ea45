package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// write makes dist hold exactly the files of built.
func write(dist string, built map[string][]byte) error {
	if err := os.RemoveAll(dist); err != nil {
		return err
	}
	for name, data := range built {
		path := filepath.Join(dist, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// compare returns an error that names the first file in which dist differs
// from built.
func compare(dist string, built map[string][]byte) error {
	found := map[string]bool{}
	err := fs.WalkDir(os.DirFS(dist), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			found[name] = true
		}
		return err
	})
	if err != nil {
		return stale(dist, err.Error())
	}
	for _, name := range slices.Sorted(maps.Keys(built)) {
		data, err := os.ReadFile(filepath.Join(dist, filepath.FromSlash(name)))
		if err != nil || !bytes.Equal(data, built[name]) {
			return stale(dist, name+" is not what its sources make")
		}
		delete(found, name)
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		return stale(dist, name+" has no source")
	}
	return nil
}

// stale is the error for a dist folder that must be made again.
func stale(dist, what string) error {
	return fmt.Errorf("%s is stale: %s; run 'npm ci --prefix web' and 'go run -C tools ./webbuild'", filepath.ToSlash(dist), what)
}

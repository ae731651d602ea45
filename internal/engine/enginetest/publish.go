package enginetest

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
)

// Publish publishes folder as package publish does, with one engine, and
// returns the address and the files whose bytes the engine asked for.
func Publish(
	t testing.TB, p engine.Publisher, folder string, o engine.DraftOptions,
) (a address.Address, needed []string) {
	t.Helper()
	src := scan(t, folder)
	d, err := p.Draft(t.Context(), src, o)
	if err != nil {
		t.Fatalf("draft: %v", err)
	}
	defer d.Abort()
	for i, f := range src.Files {
		if !d.Need(i) {
			continue
		}
		needed = append(needed, f.Path)
		if err := writeFile(d, i, filepath.Join(folder, filepath.FromSlash(f.Path))); err != nil {
			t.Fatalf("draft: %s: %v", f.Path, err)
		}
	}
	a, err = d.Commit(t.Context())
	if err != nil {
		t.Fatalf("commit: %v", err)
	}
	if !a.Valid() || !a.Immutable() || a.Network() != p.Network() {
		t.Fatalf("commit: %v is no immutable address of the engine's network", a)
	}
	return a, needed
}

// scan lists folder in the order of its paths.
func scan(t testing.TB, folder string) engine.Source {
	t.Helper()
	src := engine.Source{Root: folder, Name: "site"}
	err := filepath.WalkDir(folder, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(folder, name)
		if err != nil {
			return err
		}
		src.Files = append(src.Files, engine.SourceFile{
			Path: filepath.ToSlash(rel), Size: info.Size(), ModTime: info.ModTime(),
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// writeFile gives a draft the bytes of one file, in uneven parts.
func writeFile(d engine.Draft, i int, name string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	w, err := d.File(i)
	if err != nil {
		return err
	}
	for part := 1; len(data) > 0; part = part*3 + 1 {
		n := min(part, len(data))
		buffer := append([]byte(nil), data[:n]...)
		if _, err := w.Write(buffer); err != nil {
			return err
		}
		clear(buffer) // the writer owns none of it
		data = data[n:]
	}
	return w.Close()
}

package enginetest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/kith-web/kith/internal/engine"
)

func publishedIsFS(t *testing.T, h Harness) {
	s := h.serve(t, Tree())
	checkFS(t, s.site.FS(h.ctx(t)), s.files)
}

func fetchedIsFS(t *testing.T, h Harness) {
	s := h.serve(t, Tree())
	got := h.open(t, h.reader(t, s.by), s.address)
	if got.Address().Key() != s.address.Key() {
		t.Errorf("Site.Address() = %v, want %v", got.Address(), s.address)
	}
	checkFS(t, got.FS(h.ctx(t)), s.files)
}

// checkFS holds a file system against the files it should have.
func checkFS(t *testing.T, fsys fs.FS, files map[string][]byte) {
	t.Helper()
	if err := fstest.TestFS(fsys, slices.Sorted(maps.Keys(files))...); err != nil {
		t.Error(err)
	}
	checkBytes(t, fsys, files)
	if _, ok := fsys.(fs.ReadDirFS); !ok {
		t.Error("the file system does not implement fs.ReadDirFS")
	}
	if _, ok := fsys.(fs.StatFS); !ok {
		t.Error("the file system does not implement fs.StatFS")
	}
}

// checkBytes demands exactly these files with exactly these bytes.
func checkBytes(t *testing.T, fsys fs.FS, files map[string][]byte) {
	t.Helper()
	found := 0
	err := fs.WalkDir(fsys, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		found++
		want, ok := files[name]
		if !ok {
			t.Errorf("%q is in the site but not in the folder", name)
			return nil
		}
		got, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%q: %d bytes, not the %d published", name, len(got), len(want))
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if found != len(files) {
		t.Errorf("the site has %d files, the folder %d", found, len(files))
	}
}

func fetchedBytes(t *testing.T, h Harness) {
	s := h.serve(t, Large())
	got := h.open(t, h.reader(t, s.by), s.address)
	checkBytes(t, got.FS(h.ctx(t)), s.files)
}

// openFile opens a regular file, which must be an engine.File.
func openFile(t *testing.T, fsys fs.FS, name string) engine.File {
	t.Helper()
	f, err := fsys.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	file, ok := f.(engine.File)
	if !ok {
		t.Fatalf("%s: %T does not implement engine.File", name, f)
	}
	return file
}

func filesSeek(t *testing.T, h Harness) {
	s := h.serve(t, Large())
	want := s.files[BigName]
	f := openFile(t, h.open(t, h.reader(t, s.by), s.address).FS(h.ctx(t)), BigName)
	for _, c := range []struct {
		offset int64
		whence int
		want   int64
	}{
		{BigSize / 2, io.SeekStart, BigSize / 2},
		{-1000, io.SeekEnd, BigSize - 1000},
		{0, io.SeekStart, 0},
		{300000, io.SeekCurrent, 300100}, // 100 bytes were read
		{-200000, io.SeekCurrent, 100200},
	} {
		at, err := f.Seek(c.offset, c.whence)
		if err != nil || at != c.want {
			t.Fatalf("Seek(%d, %d) = %d, %v; want %d", c.offset, c.whence, at, err, c.want)
		}
		got := make([]byte, 100)
		if _, err := io.ReadFull(f, got); err != nil || !bytes.Equal(got, want[at:at+100]) {
			t.Errorf("after Seek(%d, %d): wrong bytes, %v", c.offset, c.whence, err)
		}
	}
	if _, err := f.Seek(-1, io.SeekStart); err == nil {
		t.Error("Seek before the beginning succeeded")
	}
	if at, err := f.Seek(10, io.SeekEnd); err != nil || at != BigSize+10 {
		t.Errorf("Seek past the end = %d, %v", at, err)
	}
	if n, err := f.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("Read past the end = %d, %v; want EOF", n, err)
	}
	if n, err := f.WriteTo(io.Discard); n != 0 || err != nil {
		t.Errorf("WriteTo past the end = %d, %v; want nothing", n, err)
	}
}

func rangesAcrossBorders(t *testing.T, h Harness) {
	s := h.serve(t, Large())
	want := s.files[BigName]
	f := openFile(t, h.open(t, h.reader(t, s.by), s.address).FS(h.ctx(t)), BigName)
	for _, border := range []int{16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20} {
		for _, r := range [][2]int{{border - 1, 2}, {border - 1, 1}, {border, 1}, {border - 5000, 300000}} {
			got := make([]byte, r[1])
			if n, err := f.ReadAt(got, int64(r[0])); err != nil || !bytes.Equal(got, want[r[0]:r[0]+r[1]]) {
				t.Errorf("ReadAt(%d bytes, %d) = %d, %v or wrong bytes", r[1], r[0], n, err)
			}
		}
		// What the gateway does for "bytes=border-7-": seek, then hand over the rest.
		if _, err := f.Seek(int64(border)-7, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		var rest bytes.Buffer
		n, err := f.WriteTo(&rest)
		if err != nil || n != int64(rest.Len()) || !bytes.Equal(rest.Bytes(), want[border-7:]) {
			t.Errorf("WriteTo from %d = %d, %v or wrong bytes", border-7, n, err)
		}
	}
	if n, err := f.ReadAt(make([]byte, 10), BigSize-4); n != 4 || !errors.Is(err, io.EOF) {
		t.Errorf("ReadAt over the end = %d, %v; want 4, EOF", n, err)
	}
	if _, err := f.ReadAt(make([]byte, 1), -1); err == nil {
		t.Error("ReadAt before the beginning succeeded")
	}
}

func parallelReaders(t *testing.T, h Harness) {
	s := h.serve(t, Large())
	fsys := h.open(t, h.reader(t, s.by), s.address).FS(h.ctx(t))
	var wg sync.WaitGroup
	errs := make(chan error, 8)
	for reader := range cap(errs) {
		wg.Go(func() {
			f, err := fsys.Open(BigName)
			if err != nil {
				errs <- err
				return
			}
			defer f.Close()
			from := reader * BigSize / 8
			got := make([]byte, BigSize/8)
			if _, err := f.(io.ReaderAt).ReadAt(got, int64(from)); err != nil {
				errs <- err
			} else if !bytes.Equal(got, s.files[BigName][from:from+len(got)]) {
				errs <- fmt.Errorf("reader %d got wrong bytes", reader)
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
}

func identityFollowsContent(t *testing.T, h Harness) {
	s := h.serve(t, Tree())
	fsys := s.site.FS(h.ctx(t))
	id := func(name string) string {
		info, err := fs.Stat(fsys, name)
		if err != nil {
			t.Fatal(err)
		}
		identity, ok := info.(engine.Identity)
		if !ok {
			t.Skip("the engine's files have no identity")
		}
		return identity.ContentID()
	}
	seen := map[string]string{}
	for name, data := range s.files {
		got := id(name)
		if other, dup := seen[got]; dup && got != "" && !bytes.Equal(s.files[other], data) {
			t.Errorf("%q and %q differ and have the same identity %q", name, other, got)
		}
		seen[got] = name
	}
}

func missingNames(t *testing.T, h Harness) {
	s := h.serve(t, Tree())
	fsys := h.open(t, h.reader(t, s.by), s.address).FS(h.ctx(t))
	for _, name := range []string{"nothing", "css/nothing", "index.html/below", "INDEX.HTML", "percent encoded/.txt"} {
		if _, err := fsys.Open(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Open(%q): %v; want fs.ErrNotExist", name, err)
		}
		if _, err := fs.Stat(fsys, name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Stat(%q): %v; want fs.ErrNotExist", name, err)
		}
	}
	for _, name := range []string{"/index.html", "../index.html", "css/../index.html", "css//site.css", ""} {
		if _, err := fsys.Open(name); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("Open(%q): %v; want fs.ErrInvalid", name, err)
		}
	}
}

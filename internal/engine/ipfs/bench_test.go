package ipfs_test

import (
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/enginetest"
	"github.com/kith-web/kith/internal/engine/ipfs"
)

// folderOf makes a folder of files of one size.
func folderOf(b *testing.B, count, size int) string {
	b.Helper()
	dir := b.TempDir()
	for i := range count {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%04d.bin", i)), random(i, size), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}

// random returns n bytes that differ for every seed.
func random(seed, n int) []byte {
	out := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16)}).Read(out)
	return out
}

// published makes an engine that serves a folder.
func published(b *testing.B, dir string) (*ipfs.Engine, address.Address, engine.Site) {
	b.Helper()
	e := isolated(b)
	a, _ := enginetest.Publish(b, e, dir, engine.DraftOptions{})
	s, err := e.Open(b.Context(), a)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	return e, a, s
}

// readAll reads every file of a site, one after the other, as a browser that
// knows no better would.
func readAll(b *testing.B, fsys fs.FS) {
	b.Helper()
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := fsys.Open(name)
		if err != nil {
			return err
		}
		_, err = f.(io.WriterTo).WriteTo(io.Discard)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
}

// cold measures reading a site from one peer that has it.
func cold(b *testing.B, count, size int) {
	from, a, _ := published(b, folderOf(b, count, size))
	b.SetBytes(int64(count * size))
	for b.Loop() {
		b.StopTimer()
		e := isolated(b)
		connect(b, from, e)
		b.StartTimer()
		s, err := e.Open(b.Context(), a)
		if err != nil {
			b.Fatal(err)
		}
		readAll(b, s.FS(b.Context()))
		b.StopTimer()
		_ = s.Close()
		_ = e.Close()
		b.StartTimer()
	}
}

func BenchmarkColdSmallFiles(b *testing.B) { cold(b, 1000, 10<<10) }
func BenchmarkColdLargeFile(b *testing.B)  { cold(b, 1, 200<<20) }

// hot measures reading a site from disk through HTTP.
func hot(b *testing.B, count, size int) {
	_, _, s := published(b, folderOf(b, count, size))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, err := s.FS(r.Context()).Open(r.URL.Path[1:])
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		defer func() { _ = f.Close() }()
		info, _ := f.Stat()
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", fmt.Sprint(info.Size()))
		_, _ = f.(io.WriterTo).WriteTo(w)
	}))
	defer server.Close()
	b.SetBytes(int64(count * size))
	buf := make([]byte, 1<<20)
	for b.Loop() {
		for i := range count {
			res, err := server.Client().Get(fmt.Sprintf("%s/%04d.bin", server.URL, i))
			if err != nil {
				b.Fatal(err)
			}
			n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, res.Body, buf)
			_ = res.Body.Close()
			if err != nil || n != int64(size) {
				b.Fatal(n, err)
			}
		}
	}
}

func BenchmarkHotSmallFiles(b *testing.B) { hot(b, 1000, 10<<10) }
func BenchmarkHotLargeFile(b *testing.B)  { hot(b, 1, 200<<20) }

// BenchmarkPublish measures publishing a file, its bytes read anew each time.
func BenchmarkPublish(b *testing.B) {
	const size = 256 << 20
	dir := folderOf(b, 1, size)
	e := isolated(b)
	b.SetBytes(size)
	for b.Loop() {
		b.StopTimer()
		again := filepath.Join(b.TempDir(), "again")
		if err := os.Rename(dir, again); err != nil {
			b.Fatal(err)
		}
		dir = again
		b.StartTimer()
		publishStreaming(b, e, dir)
	}
}

// publishStreaming publishes the one file of folderOf as package publish does.
func publishStreaming(b *testing.B, e *ipfs.Engine, dir string) {
	b.Helper()
	name := filepath.Join(dir, "0000.bin")
	f, err := os.Open(name)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		b.Fatal(err)
	}
	d, err := e.Draft(b.Context(), engine.Source{Root: dir, Files: []engine.SourceFile{
		{Path: "0000.bin", Size: info.Size(), ModTime: info.ModTime()},
	}}, engine.DraftOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer d.Abort()
	w, err := d.File(0)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{f}, make([]byte, 1<<20)); err != nil {
		b.Fatal(err)
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	if _, err := d.Commit(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkStart measures how long an engine takes to be ready.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		e := isolated(b)
		b.StopTimer()
		_ = e.Close()
		b.StartTimer()
	}
}

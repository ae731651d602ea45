package bittorrent_test

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/enginetest"
)

// small is a site of 1,000 files of 10 KiB, big one of a single file.
func small() map[string][]byte {
	files := map[string][]byte{}
	for i := range 1000 {
		files[fmt.Sprintf("page/%04d.html", i)] = enginetest.Bytes(byte(i), 10<<10)
	}
	return files
}

func big(n int) map[string][]byte { return map[string][]byte{"video.bin": enginetest.Bytes(1, n)} }

// cold reads a site from one peer, with a reader that has nothing, b.N times.
func cold(b *testing.B, files map[string][]byte) {
	p := start(b, loopback(b))
	a, _, _ := publish(b, p, files, engine.DraftOptions{})
	a.Hints = hints(b, p.Engine)
	size := 0
	for _, data := range files {
		size += len(data)
	}
	b.SetBytes(int64(size))
	for b.Loop() {
		b.StopTimer()
		r := start(b, loopback(b))
		b.StartTimer()
		s, err := r.Open(within(b, time.Minute), a)
		if err != nil {
			b.Fatal(err)
		}
		readAll(b, s.FS(within(b, time.Minute)))
		b.StopTimer()
		_ = r.Close()
		b.StartTimer()
	}
}

// readAll reads every file as the gateway does, one after the other.
func readAll(b testing.TB, fsys fs.FS) {
	b.Helper()
	err := fs.WalkDir(fsys, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		f, err := fsys.Open(name)
		if err != nil {
			return err
		}
		defer f.Close() //nolint:errcheck // read only
		_, err = io.Copy(io.Discard, f)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
}

func BenchmarkCold1000Files(b *testing.B) { cold(b, small()) }
func BenchmarkCold200MiB(b *testing.B)    { cold(b, big(200<<20)) }

func BenchmarkHot1000Files(b *testing.B) {
	p := start(b, loopback(b))
	_, s, _ := publish(b, p, small(), engine.DraftOptions{})
	b.SetBytes(1000 * 10 << 10)
	for b.Loop() {
		readAll(b, s.FS(b.Context()))
	}
}

// BenchmarkSeek jumps to the middle of a 1 GiB video that a peer has.
func BenchmarkSeek(b *testing.B) {
	p := start(b, loopback(b))
	a, _, _ := publish(b, p, big(1<<30), engine.DraftOptions{})
	a.Hints = hints(b, p.Engine)
	for b.Loop() {
		b.StopTimer()
		r := start(b, loopback(b))
		s, err := r.Open(within(b, time.Minute), a)
		if err != nil {
			b.Fatal(err)
		}
		f, err := s.FS(within(b, time.Minute)).Open("video.bin")
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		_, err = f.(engine.File).Seek(1<<29, io.SeekStart)
		if err == nil {
			_, err = io.ReadFull(f, make([]byte, 64<<10))
		}
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		_ = r.Close()
		b.StartTimer()
	}
}

// BenchmarkPublish hashes 256 MiB that the engine never saw.
func BenchmarkPublish(b *testing.B) {
	folder := b.TempDir()
	enginetest.Write(b, folder, big(256<<20))
	b.SetBytes(256 << 20)
	for b.Loop() {
		b.StopTimer()
		p := start(b, loopback(b))
		b.StartTimer()
		publishFast(b, p.Engine, folder+"/video.bin")
		b.StopTimer()
		_ = p.Close()
		b.StartTimer()
	}
}

// publishFast publishes one file with as little around it as can be.
func publishFast(b *testing.B, p engine.Publisher, name string) {
	info, err := os.Stat(name)
	if err != nil {
		b.Fatal(err)
	}
	d, err := p.Draft(b.Context(), engine.Source{
		Root: filepath.Dir(name), Name: "site",
		Files: []engine.SourceFile{{Path: filepath.Base(name), Size: info.Size(), ModTime: info.ModTime()}},
	}, engine.DraftOptions{})
	if err != nil {
		b.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // read only
	w, err := d.File(0)
	if err == nil {
		_, err = io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{f}, make([]byte, 1<<20))
	}
	if err == nil {
		err = w.Close()
	}
	if err == nil {
		_, err = d.Commit(b.Context())
	}
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkStart starts an engine with everything on that needs no network.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		o := loopback(b)
		o.DHT, o.WebRTC, o.NoUTP = true, true, false
		b.StartTimer()
		e := start(b, o)
		b.StopTimer()
		_ = e.Close()
		b.StartTimer()
	}
}

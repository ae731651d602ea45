package gateway_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/kith-web/kith/internal/engine/enginetest"
	"github.com/kith-web/kith/internal/gateway"
)

// published is a world whose gateway serves what its own engine published.
func published(b *testing.B, files map[string][]byte) (*world, string) {
	b.Helper()
	w := newWorld(b, gateway.Options{})
	origin, _ := w.publishBy(w.to, files)
	return w, origin
}

// fetch reads a response into nothing.
func fetch(b *testing.B, w *world, r *http.Request, buffer []byte) int64 {
	res, err := w.client.Do(r)
	if err != nil {
		b.Error(err)
		return 0
	}
	defer res.Body.Close()
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, res.Body, buffer)
	if err != nil || res.StatusCode != 200 {
		b.Errorf("%d %v", res.StatusCode, err)
	}
	return n
}

// BenchmarkHotSite reads a site of 1,000 files of 10 KiB over four kept
// connections, client and gateway in one process.
func BenchmarkHotSite(b *testing.B) {
	files := map[string][]byte{}
	for i := range 1000 {
		files[fmt.Sprintf("page/%04d.html", i)] = enginetest.Bytes(byte(i), 10<<10)
	}
	w, origin := published(b, files)
	buffers := [4][]byte{}
	for i := range buffers {
		buffers[i] = make([]byte, 32<<10)
	}
	b.SetBytes(1000 * 10 << 10)
	b.ReportAllocs()
	for b.Loop() {
		var wg sync.WaitGroup
		for c := range 4 {
			wg.Go(func() {
				for i := c; i < 1000; i += 4 {
					fetch(b, w, w.request("GET", fmt.Sprintf("%s/page/%04d.html", origin, i)), buffers[c])
				}
			})
		}
		wg.Wait()
	}
}

// BenchmarkHotFile reads one file of 200 MiB.
func BenchmarkHotFile(b *testing.B) {
	const size = 200 << 20
	w, origin := published(b, map[string][]byte{"video.mp4": enginetest.Bytes(1, size)})
	buffer := make([]byte, 256<<10)
	b.SetBytes(size)
	for b.Loop() {
		if n := fetch(b, w, w.request("GET", origin+"/video.mp4"), buffer); n != size {
			b.Fatal(n)
		}
	}
}

// BenchmarkRaw sends the same bytes by io.Copy over the same kind of
// connection: what this machine can do without HTTP.
func BenchmarkRaw(b *testing.B) {
	const size = 200 << 20
	name := filepath.Join(b.TempDir(), "f")
	if err := os.WriteFile(name, enginetest.Bytes(1, size), 0o600); err != nil {
		b.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			f, err := os.Open(name)
			if err == nil {
				_, _ = io.Copy(c, f)
				_ = f.Close()
			}
			_ = c.Close()
		}
	}()
	buffer := make([]byte, 256<<10)
	b.SetBytes(size)
	for b.Loop() {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{c}, buffer)
		if err != nil || n != size {
			b.Fatal(n, err)
		}
		_ = c.Close()
	}
}

// BenchmarkRequest is the gateway's own share of a small file: no network.
func BenchmarkRequest(b *testing.B) {
	w, origin := published(b, map[string][]byte{"page.html": enginetest.Bytes(1, 1<<10)})
	r := w.request("GET", origin+"/page.html")
	out := &discard{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(out.header)
		w.gateway.ServeHTTP(out, r)
	}
	if out.status != 200 {
		b.Fatal(out.status)
	}
}

type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }

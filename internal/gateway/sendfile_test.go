package gateway_test

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/enginetest"
	"github.com/kith-web/kith/internal/gateway"
)

// witness is a site of one file on disk that says what it was asked to write
// to, and what came of it.
type witness struct {
	name string
	mu   sync.Mutex
	saw  []string
}

func (s *witness) Open(context.Context, address.Address) (gateway.Handle, error) { return s, nil }
func (s *witness) PolicyOf(address.Address) gateway.Policy                       { return gateway.Policy{} }
func (s *witness) Look(address.Address) engine.Stats                             { return engine.Stats{} }
func (s *witness) FS(context.Context) fs.FS                                      { return witnessFS{s} }
func (s *witness) Target() address.Address                                       { return address.FromInfoHash([20]byte{1}) }
func (s *witness) Policy() gateway.Policy                                        { return gateway.Policy{} }
func (s *witness) ClearOnNext() bool                                             { return false }
func (s *witness) Close()                                                        {}

type witnessFS struct{ s *witness }

func (f witnessFS) Open(name string) (fs.File, error) {
	if name != "f.mp4" {
		return nil, fs.ErrNotExist
	}
	file, err := os.Open(f.s.name)
	return witnessFile{file, f.s}, err
}

type witnessFile struct {
	*os.File
	s *witness
}

// WriteTo does what engines do, and notes whether the writer takes the file
// from the kernel: the server's own writer, or one that hands the file on to it.
func (f witnessFile) WriteTo(w io.Writer) (int64, error) {
	what := "a plain writer"
	if _, ok := w.(io.ReaderFrom); ok {
		what = "io.ReaderFrom"
	}
	f.s.mu.Lock()
	f.s.saw = append(f.s.saw, what)
	f.s.mu.Unlock()
	return io.Copy(w, io.LimitReader(f.File, 1<<40))
}

// TestTheKernelCopies: nothing stands between a file and the connection, for a
// whole file and for one range of it.
func TestTheKernelCopies(t *testing.T) {
	want := enginetest.Bytes(1, 1<<20)
	s := &witness{name: filepath.Join(t.TempDir(), "f")}
	if err := os.WriteFile(s.name, want, 0o600); err != nil {
		t.Fatal(err)
	}
	g, err := gateway.New(gateway.Options{Sites: s})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(g)
	defer server.Close()
	for header, part := range map[string][]byte{"": want, "bytes=100000-900000": want[100000:900001], "bytes=100000-": want[100000:]} {
		r := httptest.NewRequest("GET", server.URL+"/f.mp4", nil).WithContext(t.Context())
		r.RequestURI, r.Host = "", "wtp-0100000000000000000000000000000000000000.localhost"
		if header != "" {
			r.Header.Set("Range", header)
		}
		res, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || !bytes.Equal(got, part) {
			t.Errorf("%q: %d, %d bytes instead of %d, %v", header, res.StatusCode, len(got), len(part), err)
		}
	}
	if len(s.saw) != 3 {
		t.Fatalf("WriteTo was called %d times, not 3", len(s.saw))
	}
	for _, what := range s.saw {
		if what != "io.ReaderFrom" {
			t.Errorf("WriteTo got %s", what)
		}
	}
}

// TestTimesAreThoseOfTheStandardLibrary holds conditions on dates against
// http.ServeContent.
func TestTimesAreThoseOfTheStandardLibrary(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	data := enginetest.Bytes(1, 1000)
	s := &witness{name: filepath.Join(t.TempDir(), "f")}
	if err := os.WriteFile(s.name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	modified := time.Date(2024, 2, 29, 12, 0, 0, 500, time.UTC)
	if err := os.Chtimes(s.name, modified, modified); err != nil {
		t.Fatal(err)
	}
	g, err := gateway.New(gateway.Options{Sites: s})
	if err != nil {
		t.Fatal(err)
	}
	const url = "http://wtp-0100000000000000000000000000000000000000.localhost/f.mp4"
	ours := func(r *http.Request) *http.Response {
		out := httptest.NewRecorder()
		g.ServeHTTP(out, r)
		return out.Result()
	}
	etag := ours(w.request("GET", url)).Header.Get("Etag")
	theirs := func(r *http.Request) *http.Response {
		out := httptest.NewRecorder()
		out.Header().Set("Etag", etag)
		http.ServeContent(out, r, "f.mp4", modified, bytes.NewReader(data))
		return out.Result()
	}
	for _, name := range []string{"If-Modified-Since", "If-Unmodified-Since", "If-Range"} {
		for _, at := range []time.Duration{-time.Hour, -time.Second, 0, time.Second, time.Hour} {
			for _, other := range []string{"", `If-None-Match: "x"`, "If-None-Match: " + etag, "If-Match: " + etag, `If-Match: "x"`} {
				headers := []string{name + ": " + modified.Add(at).Format(http.TimeFormat), "Range: bytes=0-9", other}
				got, want := ours(w.request("GET", url, headers...)), theirs(w.request("GET", url, headers...))
				if got.StatusCode != want.StatusCode ||
					want.StatusCode < 300 && got.Header.Get("Last-Modified") != want.Header.Get("Last-Modified") {
					t.Errorf("%q: %d %q, want %d %q", headers, got.StatusCode, got.Header.Get("Last-Modified"),
						want.StatusCode, want.Header.Get("Last-Modified"))
				}
			}
		}
	}
}

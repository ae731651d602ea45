package front_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/front"
	"github.com/kith-web/kith/internal/store"
)

// patience bounds waiting in tests.
const patience = 30 * time.Second

// website is an origin server that counts.
type website struct {
	*httptest.Server
	mu    sync.Mutex
	files map[string]webFile
	count map[string]int // requests by path; with " 304" or " 206" behind it, the answers
	last  http.Header    // of the last request of a visitor
	down  bool
}

type webFile struct {
	body    string
	headers []string // "Name: value"
}

func newWebsite(t *testing.T) *website {
	t.Helper()
	s := &website{files: map[string]webFile{}, count: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

// set is how the website answers for path: what may be kept, unless headers say else.
func (s *website) set(path, body string, headers ...string) {
	if !strings.Contains(strings.Join(headers, "\n"), "Cache-Control: ") {
		headers = append(headers, "Cache-Control: public")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[path] = webFile{body, headers}
}

func (s *website) remove(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.files, path)
}

func (s *website) stop(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

func (s *website) asked(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count[path]
}

type counting struct {
	http.ResponseWriter
	status int
}

func (c *counting) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

func (s *website) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	path := r.URL.RequestURI()
	f, ok := s.files[path]
	s.count[path]++
	if r.UserAgent() != "kith-front" {
		s.last = r.Header.Clone()
		s.last.Set("Host", r.Host)
	}
	down := s.down
	s.mu.Unlock()
	if down {
		panic(http.ErrAbortHandler)
	}
	if !ok {
		http.NotFound(w, r)
		return
	}
	for _, line := range f.headers {
		name, value, _ := strings.Cut(line, ": ")
		w.Header().Add(name, value)
	}
	if location := w.Header().Get("Location"); location != "" {
		w.WriteHeader(http.StatusFound)
		return
	}
	w.Header().Set("ETag", fmt.Sprintf(`"%x"`, len(f.body)))
	c := &counting{w, http.StatusOK}
	http.ServeContent(c, r, "", time.Time{}, strings.NewReader(f.body))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count[fmt.Sprintf("%s %d", path, c.status)]++
}

// world is a front before a website.
type world struct {
	*website
	t     *testing.T
	o     front.Options
	front *front.Front
	http  *httptest.Server
	end   func()
}

const html = "Content-Type: text/html; charset=utf-8"

func newWorld(t *testing.T, change func(*front.Options)) *world {
	t.Helper()
	s, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	bucket, err := s.Bucket("front")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{website: newWebsite(t), t: t}
	w.o = front.Options{
		Origin: w.URL, Site: "https://www.my.site", Store: bucket, Dir: t.TempDir(),
		Crawl: -1, CrawlRate: 500, Every: 20 * time.Millisecond, Lifetime: time.Hour, Patience: patience,
	}
	if change != nil {
		change(&w.o)
	}
	return w
}

// start begins, or begins again.
func (w *world) start() {
	w.t.Helper()
	var err error
	if w.front, err = front.New(w.o); err != nil {
		w.t.Fatal(err)
	}
	w.http = httptest.NewServer(w.front)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.front.Run(ctx) }()
	var once sync.Once
	w.end = func() {
		once.Do(func() {
			w.http.Close()
			cancel()
			if err := <-done; err != nil {
				w.t.Errorf("Run: %v", err)
			}
		})
	}
	w.t.Cleanup(w.end)
}

// get asks the front; headers are "Name: value".
func (w *world) get(method, path string, headers ...string) (*http.Response, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.http.URL+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	return response, string(body)
}

// wait waits for a version for which ok holds.
func (w *world) wait(what string, ok func(files map[string]front.File) bool) *front.Version {
	w.t.Helper()
	changed, stop := w.front.Watch()
	defer stop()
	late := time.After(patience)
	for {
		v := w.front.Current()
		files := map[string]front.File{}
		for _, f := range v.Manifest().Files {
			files[f.Path] = f
		}
		if ok(files) {
			return v
		}
		select {
		case <-changed:
		case <-late:
			w.t.Fatalf("%s: not in time; there are %v", what, names(files))
		}
	}
}

func names(files map[string]front.File) (out []string) {
	for path := range files {
		out = append(out, path)
	}
	return out
}

// has waits for a version with these paths, and no others.
func (w *world) has(paths ...string) *front.Version {
	w.t.Helper()
	return w.wait(fmt.Sprint(paths), func(files map[string]front.File) bool {
		for _, path := range paths {
			if _, ok := files[path]; !ok {
				return false
			}
		}
		return len(files) == len(paths)
	})
}

// content reads a file of a version piece by piece.
func content(t *testing.T, v *front.Version, path string) (string, error) {
	t.Helper()
	i := 0
	for _, f := range v.Manifest().Files {
		if f.Path != path {
			i += len(f.Hashes)
			continue
		}
		var out bytes.Buffer
		for range f.Hashes {
			data, err := v.Piece(t.Context(), i)
			if err != nil {
				return "", err
			}
			out.Write(data)
			i++
		}
		return out.String(), nil
	}
	t.Fatalf("there is no %s", path)
	return "", nil
}

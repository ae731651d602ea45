package host_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/front"
	"github.com/kith-web/kith/internal/host"
	"github.com/kith-web/kith/internal/store"
)

// noSites is for a host of a website alone.
type noSites struct{}

func (noSites) Open(context.Context, address.Address) (host.Handle, error) {
	return nil, fault.New(fault.NotFound, "there are no sites")
}

// website is what stands behind.
func website(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/":
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("ETag", `"v1"`)
		if r.Header.Get("If-None-Match") == `"v1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(w, "<head><title>Website</title></head>")
	case "/mine":
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Cache-Control", "private")
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "1"})
		_, _ = io.WriteString(w, "<p>yours, "+r.Header.Get("X-Forwarded-For")+r.Header.Get("X-Forwarded-Proto"))
	default:
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, r.Method+" "+r.URL.Path+" "+string(body))
	}
}

// newFrontHost returns a host before a website, at www.example.org.
func newFrontHost(t *testing.T) (*host.Host, *front.Front) {
	t.Helper()
	behind := httptest.NewServer(http.HandlerFunc(website))
	t.Cleanup(behind.Close)
	s, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	bucket, err := s.Bucket("front")
	if err != nil {
		t.Fatal(err)
	}
	f, err := front.New(front.Options{
		Origin: behind.URL, Site: "http://www.example.org", Store: bucket, Dir: t.TempDir(), CrawlRate: 200, Every: 20 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	h, err := host.New(host.Options{
		Domain: "www.example.org", Sites: noSites{}, Gateway: http.NotFoundHandler(), Assets: fstest.MapFS{"loader.js": {Data: []byte("1")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Serve([]host.Site{{Front: f, Name: "@", Title: "Website"}}); err != nil {
		t.Fatal(err)
	}
	return h, f
}

// askFront asks for a page; headers are "Name: value".
func askFront(t *testing.T, h http.Handler, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "http://www.example.org"+path, strings.NewReader(body))
	if body == "" {
		r.Body, r.ContentLength = http.NoBody, 0
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestAWebsiteStaysItself(t *testing.T) {
	h, _ := newFrontHost(t)
	const page = "<head><title>Website</title></head>"
	if w := askFront(t, h, "GET", "/", ""); w.Code != 200 || w.Body.String() != page || w.Header().Get("ETag") != `"v1"` {
		t.Errorf("a program gets %d %v %q", w.Code, w.Header(), w.Body)
	}
	w := askFront(t, h, "GET", "/", "", "Sec-Fetch-Dest: document", "Accept-Encoding: gzip")
	tag := w.Header().Get("ETag")
	if !strings.Contains(w.Body.String(), `<head><script src="/.kith/loader.js" async></script><title>`) || tag == `"v1"` || !strings.HasPrefix(tag, `"v1`) {
		t.Errorf("a browser gets %q with %s", w.Body, tag)
	}
	if w := askFront(t, h, "GET", "/", "", "Sec-Fetch-Dest: document", "If-None-Match: "+tag); w.Code != 304 || w.Header().Get("ETag") != tag {
		t.Errorf("the same again: %d %v", w.Code, w.Header())
	}
	w = askFront(t, h, "GET", "/mine", "", "Sec-Fetch-Dest: document")
	if len(w.Result().Cookies()) != 1 || w.Header().Get("Cache-Control") != "private" || !strings.Contains(w.Body.String(), "192.0.2.1http") {
		t.Errorf("a page for one person: %v %q", w.Header(), w.Body)
	}
	for _, name := range []string{"X-Content-Type-Options", "Origin-Agent-Cluster", "Referrer-Policy"} {
		if v := w.Header().Get(name); v != "" {
			t.Errorf("the website said nothing of %s: %s", name, v)
		}
	}
	if w := askFront(t, h, "POST", "/form", "a=b"); w.Body.String() != "POST /form a=b" {
		t.Errorf("a form: %d %q", w.Code, w.Body)
	}
	if w := askFront(t, h, "GET", "/ipfs/a", ""); w.Body.String() != "GET /ipfs/a " {
		t.Errorf("a path of its own: %d %q", w.Code, w.Body)
	}
	if w := askFront(t, h, "POST", "/.kith/site", ""); w.Code != 405 {
		t.Errorf("POST to the host itself: %d", w.Code)
	}
	if w := askFront(t, h, "GET", "/.kith/seed/x", ""); w.Code != 404 {
		t.Errorf("a web seed: %d", w.Code)
	}
}

func TestAWebsiteIsHandedOutInPieces(t *testing.T) {
	h, f := newFrontHost(t)
	changed, stop := f.Watch()
	defer stop()
	late := time.After(30 * time.Second)
	for len(f.Current().Manifest().Files) == 0 {
		select {
		case <-changed:
		case <-late:
			t.Fatal("the website was not looked at in time")
		}
	}
	var info host.Info
	if err := json.Unmarshal(askFront(t, h, "GET", "/.kith/site", "").Body.Bytes(), &info); err != nil {
		t.Fatal(err)
	}
	if info.Kind != "front" || info.Address != "http://www.example.org" || info.Key == "" || info.Node != "" || info.ID != info.Swarm {
		t.Errorf("visitors are told %+v", info)
	}
	document := askFront(t, h, "GET", info.Index, "").Body.Bytes()
	m, err := front.Open(document, f.Key(), time.Now())
	if err != nil || len(m.Files) == 0 {
		t.Fatalf("the index: %+v, %v", m, err)
	}
	if w := askFront(t, h, "GET", info.Piece+"0", ""); w.Code != 200 || w.Body.String() != "<head><title>Website</title></head>" {
		t.Errorf("piece 0: %d %q", w.Code, w.Body)
	}
	if w := askFront(t, h, "GET", info.Piece+"99", ""); w.Code != 404 {
		t.Errorf("piece 99: %d", w.Code)
	}
	if w := askFront(t, h, "GET", "/.kith/index/0123", ""); w.Code != 404 {
		t.Errorf("another version: %d", w.Code)
	}
}

package app_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/app"
	"github.com/kith-web/kith/internal/sharing"
	"github.com/kith-web/kith/internal/store"
)

// patience is how long something is waited for that has to come.
const patience = 30 * time.Second

// world is a home with its person, and the host that apps ask.
type world struct {
	t       *testing.T
	home    string
	sharing *sharing.Service
	host    *app.Host
	close   func()
}

func newWorld(t *testing.T, o app.Options) *world {
	t.Helper()
	w := &world{t: t, home: t.TempDir()}
	w.open(o)
	t.Cleanup(func() { w.close() })
	return w
}

// open starts the home, again.
func (w *world) open(o app.Options) {
	w.t.Helper()
	s, err := store.Open(w.home)
	w.must(err)
	bucket := func(name string) *store.Bucket {
		b, err := s.Bucket(name)
		w.must(err)
		return b
	}
	w.sharing, err = sharing.New(w.t.Context(), sharing.Options{
		Dir: filepath.Join(w.home, "friends"), Device: bucket("device"), Exchange: bucket("exchange"),
	})
	w.must(err)
	o.Sharing, o.Store, o.Console = w.sharing, bucket("app"), "http://localhost:5484"
	w.host, err = app.New(o)
	w.must(err)
	w.close = func() {
		w.must(w.host.Close())
		w.must(w.sharing.Close())
		w.must(s.Close())
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// page is a page of an origin.
type page struct {
	w    *world
	from app.Origin
}

func (w *world) page(label string) page {
	return page{w, app.Origin{Label: label, URL: "http://" + label + ".localhost:5484", Address: "wtp://" + label, App: true}}
}

// request is what the page's browser sends.
func (p page) request(ctx context.Context, method, path, body string, headers ...string) *http.Request {
	r := httptest.NewRequestWithContext(ctx, method, p.from.URL+"/.kith/"+path, strings.NewReader(body))
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if method != http.MethodGet && method != http.MethodHead {
		r.Header.Set("Origin", p.from.URL)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func (p page) ask(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	p.w.t.Helper()
	out := httptest.NewRecorder()
	p.w.host.ServeHTTP(out, p.request(p.w.t.Context(), method, path, body, headers...), p.from)
	return out
}

// gets asks, and wants a status.
func (p page) gets(status int, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	p.w.t.Helper()
	out := p.ask(method, path, body, headers...)
	if out.Code != status {
		p.w.t.Fatalf("%s %s is answered %d, want %d: %s", method, path, out.Code, status, out.Body)
	}
	return out
}

// asks asks for something that the person decides on.
func (p page) asks(method, path, body string, a app.Answer) *httptest.ResponseRecorder {
	p.w.t.Helper()
	done := make(chan *httptest.ResponseRecorder)
	go func() {
		out := httptest.NewRecorder()
		p.w.host.ServeHTTP(out, p.request(p.w.t.Context(), method, path, body), p.from)
		done <- out
	}()
	q := p.w.question(p.from.Label)
	if err := p.w.host.Answer(p.w.t.Context(), q.ID, a); err != nil {
		p.w.t.Error(err)
	}
	return <-done
}

// question waits for one of an origin.
func (w *world) question(label string) app.Ask {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	for st := w.host.State(); ; {
		for _, a := range st.Asks {
			if a.Label == label {
				return a
			}
		}
		var err error
		if st, err = w.host.Changed(ctx, st.Version); err != nil {
			w.t.Fatal("the person is asked nothing")
		}
	}
}

// connect connects a page as an app.
func (p page) connect(name string) page {
	p.w.t.Helper()
	out := p.asks("POST", "connect", `{"app":"`+name+`","title":"T","wants":["data","friends","share"]}`, app.Answer{Allow: true})
	if out.Code != http.StatusOK {
		p.w.t.Fatalf("connecting is answered %d: %s", out.Code, out.Body)
	}
	return p
}

// body is what an answer says.
func body[T any](t *testing.T, r *httptest.ResponseRecorder) (v T) {
	t.Helper()
	if err := json.Unmarshal(r.Body.Bytes(), &v); err != nil {
		t.Fatalf("%s: %v", r.Body, err)
	}
	return v
}

type problem struct {
	Title, Detail, Hint, Code string
	Status                    int
}

type items struct {
	Items []struct {
		Path, Type, ETag string
		Size             int64
		Audience         struct{ Kind string }
	}
	Folders []string
	Next    string
}

func (i items) paths() string {
	var out []string
	for _, x := range i.Items {
		out = append(out, x.Path)
	}
	return strings.Join(out, " ")
}

// stream reads events of a page until a test has what it wants.
type stream struct {
	t    *testing.T
	out  *io.PipeReader
	stop context.CancelFunc
	text strings.Builder
}

// pipeWriter is a response that is read while it is written.
type pipeWriter struct {
	header http.Header
	w      *io.PipeWriter
	code   int
}

func (p *pipeWriter) Header() http.Header         { return p.header }
func (p *pipeWriter) WriteHeader(code int)        { p.code = code }
func (p *pipeWriter) Write(b []byte) (int, error) { return p.w.Write(b) }
func (p *pipeWriter) Flush()                      {}

func (p page) stream(path string, headers ...string) *stream {
	p.w.t.Helper()
	ctx, stop := context.WithCancel(p.w.t.Context())
	in, out := io.Pipe()
	s := &stream{t: p.w.t, out: in, stop: stop}
	w := &pipeWriter{header: http.Header{}, w: out}
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.w.host.ServeHTTP(w, p.request(ctx, "GET", path, "", append(headers, "Accept", "text/event-stream")...), p.from)
		_ = out.Close()
	}()
	p.w.t.Cleanup(func() {
		stop()
		_ = in.Close()
		<-done
	})
	s.until(":\n\n")
	return s
}

// until reads until the text has come, and returns all that came.
func (s *stream) until(text string) string {
	s.t.Helper()
	timer := time.AfterFunc(patience, func() { _ = s.out.CloseWithError(context.DeadlineExceeded) })
	defer timer.Stop()
	buf := make([]byte, 4096)
	for !strings.Contains(s.text.String(), text) {
		n, err := s.out.Read(buf)
		s.text.Write(buf[:n])
		if err != nil && n == 0 {
			s.t.Fatalf("%q did not come, but %q: %v", text, s.text.String(), err)
		}
	}
	return s.text.String()
}

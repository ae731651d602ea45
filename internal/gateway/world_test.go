package gateway_test

import (
	"context"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/enginetest"
	"github.com/kith-web/kith/internal/engine/memory"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/gateway"
)

// world is a gateway on a real socket in front of a reading engine, and a
// publishing engine that is its peer.
type world struct {
	t       testing.TB
	network *memory.Network
	from    *memory.Engine
	to      *memory.Engine
	sites   *sites
	gateway *gateway.Gateway
	server  *httptest.Server
	client  *http.Client
	port    string // ":1234"
}

func newWorld(t testing.TB, o gateway.Options) *world {
	t.Helper()
	w := &world{t: t, network: memory.NewNetwork()}
	w.from, w.to = w.engine(), w.engine()
	w.sites = &sites{engine: w.to, policies: map[string]gateway.Policy{}, names: map[string]address.Address{}}
	o.Sites = w.sites
	g, err := gateway.New(o)
	if err != nil {
		t.Fatal(err)
	}
	w.gateway = g
	w.server = httptest.NewServer(g)
	t.Cleanup(func() {
		w.network.Release()
		w.server.CloseClientConnections()
		w.server.Close()
		_ = g.Close()
	})
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", w.server.Listener.Addr().String())
	}
	transport := &http.Transport{DialContext: dial, DisableCompression: true, MaxIdleConnsPerHost: 16}
	t.Cleanup(transport.CloseIdleConnections)
	w.client = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	_, port, _ := net.SplitHostPort(w.server.Listener.Addr().String())
	w.port = ":" + port
	return w
}

func (w *world) engine() *memory.Engine {
	w.t.Helper()
	e, err := memory.New(memory.Options{Network: w.network, PieceSize: 16 << 10})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = e.Close() })
	return e
}

// publish makes files a site that the peer serves, and returns its origin.
func (w *world) publish(files map[string][]byte) (origin string, a address.Address) {
	w.t.Helper()
	return w.publishBy(w.from, files)
}

func (w *world) publishBy(e *memory.Engine, files map[string][]byte) (string, address.Address) {
	w.t.Helper()
	folder := w.t.TempDir()
	enginetest.Write(w.t, folder, files)
	a, _ := enginetest.Publish(w.t, e, folder, engine.DraftOptions{})
	if _, err := e.Open(context.Background(), a); err != nil {
		w.t.Fatal(err)
	}
	return w.origin(a), a
}

func (w *world) origin(a address.Address) string {
	w.t.Helper()
	label, err := a.Label()
	if err != nil {
		w.t.Fatal(err)
	}
	return "http://" + label + ".localhost" + w.port
}

// answer is a response with its whole body.
type answer struct {
	status int
	header http.Header
	body   string
	err    error // from reading the body
}

// get sends a request; headers are "Name: value".
func (w *world) get(url string, headers ...string) answer { return w.do("GET", url, headers...) }

func (w *world) do(method, url string, headers ...string) answer {
	w.t.Helper()
	res, err := w.client.Do(w.request(method, url, headers...))
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, url, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(body), err}
}

func (w *world) request(method, url string, headers ...string) *http.Request {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, url, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, h := range headers {
		name, value, ok := strings.Cut(h, ": ")
		if !ok {
			continue
		}
		if name == "Host" {
			r.Host = value
			continue
		}
		r.Header.Add(name, value)
	}
	return r
}

// What browsers send.
func navigation(site string) []string {
	return []string{
		"Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document", "Sec-Fetch-Site: " + site,
		"Accept: text/html,application/xhtml+xml,*/*;q=0.8",
	}
}

func frame(site, referer string) []string {
	out := []string{
		"Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe", "Sec-Fetch-Site: " + site, "Accept: text/html,*/*;q=0.8",
	}
	if referer != "" {
		out = append(out, "Referer: "+referer)
	}
	return out
}

// sites is the smallest site manager: an engine, names and policies.
type sites struct {
	engine   engine.Engine
	mu       sync.Mutex
	policies map[string]gateway.Policy
	names    map[string]address.Address
	clear    bool
	opened   int
	hints    address.Hints // of the last address opened
}

func (s *sites) Open(ctx context.Context, a address.Address) (gateway.Handle, error) {
	s.mu.Lock()
	target, named := s.names[a.Key()]
	s.opened++
	s.hints = a.Hints
	s.mu.Unlock()
	if !named {
		target = a
		if !a.Immutable() {
			return nil, fault.New(fault.NotFound, "nobody knows the name %q", a)
		}
	}
	site, err := s.engine.Open(ctx, target)
	if err != nil {
		return nil, err
	}
	return &handle{sites: s, key: a.Key(), site: site, folder: strings.TrimPrefix(target.Path, "/")}, nil
}

func (s *sites) PolicyOf(a address.Address) gateway.Policy {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.policies[a.Key()]
}

func (s *sites) Look(a address.Address) (stats engine.Stats) {
	if a.Immutable() {
		stats, _ = s.engine.Stats(a)
	}
	return stats
}

func (s *sites) set(a address.Address, p gateway.Policy) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.policies[a.Key()] = p
}

func (s *sites) openedTimes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opened
}

type handle struct {
	sites  *sites
	key    string
	site   engine.Site
	folder string
}

func (h *handle) FS(ctx context.Context) fs.FS {
	if h.folder == "" {
		return h.site.FS(ctx)
	}
	sub, err := fs.Sub(h.site.FS(ctx), h.folder)
	if err != nil {
		panic(err)
	}
	return sub
}

func (h *handle) Target() address.Address {
	a := h.site.Address()
	if h.folder != "" {
		a.Path = "/" + h.folder
	}
	return a
}

func (h *handle) Close() { _ = h.site.Close() }
func (h *handle) Policy() gateway.Policy {
	h.sites.mu.Lock()
	defer h.sites.mu.Unlock()
	return h.sites.policies[h.key]
}

func (h *handle) ClearOnNext() bool {
	h.sites.mu.Lock()
	defer h.sites.mu.Unlock()
	was := h.sites.clear
	h.sites.clear = false
	return was
}

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

func escape(name string) string { return (&url.URL{Path: "/" + name}).EscapedPath() }

func mustName(t testing.TB, name string) address.Address {
	t.Helper()
	a, err := address.FromName(name)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

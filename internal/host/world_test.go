package host_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/enginetest"
	"github.com/kith-web/kith/internal/engine/memory"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/gateway"
	"github.com/kith-web/kith/internal/host"
	"github.com/kith-web/kith/internal/relay/tracker"
	"github.com/kith-web/kith/internal/site"
	"github.com/kith-web/kith/internal/store"
)

const domain = "host.example"

// world is a host on a real socket, over a real gateway, site manager, tracker
// and engine; a second engine publishes, and is its peer.
type world struct {
	t       testing.TB
	network *memory.Network
	from    *memory.Engine
	manager *site.Manager
	names   *names
	host    *host.Host
	server  *httptest.Server
	client  *http.Client
}

func newWorld(t testing.TB, o host.Options) *world {
	t.Helper()
	w := &world{t: t, network: memory.NewNetwork(), names: &names{led: map[string][]address.Address{}}}
	w.from = w.engine()
	db, err := store.Open(t.TempDir())
	check(t, err)
	t.Cleanup(func() { _ = db.Close() })
	bucket, err := db.Bucket("site")
	check(t, err)
	w.manager, err = site.New(site.Options{Engines: []engine.Engine{w.engine()}, Resolver: w.names, Store: bucket})
	check(t, err)
	t.Cleanup(func() { _ = w.manager.Close() })
	g, err := gateway.New(gateway.Options{Sites: w, Patience: o.Patience})
	check(t, err)
	t.Cleanup(func() { _ = g.Close() })
	if o.Assets == nil {
		o.Assets = fstest.MapFS{
			"loader.js":   {Data: []byte("// " + strings.Repeat("loads ", 100))},
			"worker.js":   {Data: []byte("// works")},
			"served.html": {Data: []byte("<!doctype html><title>served</title>")},
		}
		o.AssetPolicy = "default-src 'none'"
	}
	track, err := tracker.New(tracker.Options{Allow: func(h tracker.InfoHash) bool { return w.host.InSwarm(h) }})
	check(t, err)
	o.Domain, o.Sites, o.Gateway, o.Names, o.Tracker = domain, hostSites{w.manager}, g, w.names, track
	w.host, err = host.New(o)
	check(t, err)
	w.server = httptest.NewServer(w.host)
	t.Cleanup(func() {
		w.network.Release()
		w.server.CloseClientConnections()
		w.server.Close()
	})
	w.client = clientOf(t, w.server.Listener.Addr().String())
	return w
}

// clientOf finds every name at addr.
func clientOf(t testing.TB, addr string) *http.Client {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", addr)
		},
		DisableCompression: true, MaxIdleConnsPerHost: 16,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) engine() *memory.Engine {
	w.t.Helper()
	e, err := memory.New(memory.Options{Network: w.network, PieceSize: 16 << 10})
	check(w.t, err)
	w.t.Cleanup(func() { _ = e.Close() })
	return e
}

// publish makes files a site that a peer serves.
func (w *world) publish(files map[string][]byte) address.Address {
	w.t.Helper()
	folder := w.t.TempDir()
	enginetest.Write(w.t, folder, files)
	a, _ := enginetest.Publish(w.t, w.from, folder, engine.DraftOptions{})
	if _, err := w.from.Open(context.Background(), a); err != nil {
		w.t.Fatal(err)
	}
	return a
}

// show publishes files and serves them under a name.
func (w *world) show(name string, files map[string][]byte) address.Address {
	w.t.Helper()
	a := w.publish(files)
	check(w.t, w.host.Serve([]host.Site{{Address: a, Name: name, Alone: true, Title: "A site"}}))
	return a
}

// answer is a response with its whole body.
type answer struct {
	status int
	header http.Header
	body   string
	err    error // from reading the body
}

func (w *world) get(url string, headers ...string) answer {
	w.t.Helper()
	return w.do(http.MethodGet, url, headers...)
}

// do sends a request; headers are "Name: value".
func (w *world) do(method, url string, headers ...string) answer {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, url, nil)
	check(w.t, err)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			r.Host = value
		} else {
			r.Header.Add(name, value)
		}
	}
	res, err := w.client.Do(r)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, url, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(body), err}
}

// navigation is what a browser sends for a page in a tab.
func navigation() []string {
	return []string{
		"Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document", "Sec-Fetch-Site: cross-site",
		"Accept: text/html,application/xhtml+xml,*/*;q=0.8", "Cookie: a=b",
	}
}

// Open implements gateway.Sites.
func (w *world) Open(ctx context.Context, a address.Address) (gateway.Handle, error) {
	h, err := w.manager.Open(ctx, a)
	if err != nil {
		return nil, err
	}
	return gatewayHandle{h}, nil
}

func (w *world) PolicyOf(address.Address) gateway.Policy { return gateway.Policy{} }
func (w *world) Look(address.Address) engine.Stats       { return engine.Stats{} }

type gatewayHandle struct{ *site.Handle }

func (gatewayHandle) Policy() gateway.Policy { return gateway.Policy{} }

type hostSites struct{ m *site.Manager }

func (s hostSites) Open(ctx context.Context, a address.Address) (host.Handle, error) {
	h, err := s.m.Open(ctx, a)
	if err != nil {
		return nil, err
	}
	return h, nil
}

// names is a resolver of names that a test leads.
type names struct {
	mu    sync.Mutex
	led   map[string][]address.Address
	asked int
}

func (n *names) lead(name string, to ...address.Address) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.led[name] = to
}

func (n *names) Follow(_ context.Context, a address.Address) ([]address.Address, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked++
	if to := n.led[a.Key()]; to != nil {
		return append([]address.Address{a}, to...), nil
	}
	return []address.Address{a}, fault.New(fault.NotFound, "no site at %s", a.Key())
}

func (n *names) Resolve(_ context.Context, a address.Address) (site.Resolved, error) {
	if a.Immutable() {
		return site.Resolved{Candidates: []address.Address{a}}, nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	to := n.led[a.Key()]
	if to == nil {
		return site.Resolved{}, fault.New(fault.NotFound, "no site at %s", a.Key())
	}
	return site.Resolved{Candidates: to}, nil
}

func labelOf(t testing.TB, a address.Address) string {
	t.Helper()
	label, err := a.Label()
	check(t, err)
	return label
}

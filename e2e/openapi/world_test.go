package openapi

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/node"
)

// patience is for everything that has to come.
const patience = 60 * time.Second

// world is a node that reaches nobody, and what requests to it are made of.
type world struct {
	t       testing.TB
	home    string
	port    string
	token   string
	client  *http.Client
	ended   chan error
	log     *watchful
	site    string // a folder to publish
	server  *httptest.Server
	waiting time.Duration // how long operations that wait are waited for
	pool    *pool
}

// watchful looks for panics in what the node logs.
type watchful struct {
	mu     sync.Mutex
	panics []string
}

func (w *watchful) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("panic")) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.panics = append(w.panics, string(p))
	}
	return len(p), nil
}

// newWorld starts a node in this process.
func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, home: t.TempDir(), log: &watchful{}, ended: make(chan error, 1), waiting: 150 * time.Millisecond}
	n, err := node.New(t.Context(), node.Options{Home: w.home, Config: offline(t), Version: "test", Log: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	go func() { w.ended <- n.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		w.end()
	})
	u, err := url.Parse(n.Console())
	must(t, err)
	w.port = u.Port()
	token, err := os.ReadFile(filepath.Join(w.home, "token"))
	must(t, err)
	w.token = strings.TrimSpace(string(token))
	w.site = t.TempDir()
	must(t, os.WriteFile(filepath.Join(w.site, "index.html"), []byte("<h1>Site</h1>"), 0o600))
	w.server = httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(w.server.Close)
	w.client = &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{MaxIdleConnsPerHost: 64, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", "127.0.0.1:"+w.port)
		}},
	}
	t.Cleanup(w.client.CloseIdleConnections)
	w.pool = newPool(w)
	return w
}

// end waits until the node has ended.
func (w *world) end() {
	w.t.Helper()
	select {
	case err, open := <-w.ended:
		if err != nil {
			w.t.Errorf("the node ended: %v", err)
		}
		if open {
			close(w.ended)
		}
	case <-time.After(patience):
		w.t.Error("the node does not end")
	}
	w.log.mu.Lock()
	defer w.log.mu.Unlock()
	for _, p := range w.log.panics {
		w.t.Errorf("the node logs a panic: %s", p)
	}
}

// offline is a configuration that reaches nobody.
func offline(t testing.TB) node.Config {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "cmd", "kith", "testdata", "offline.toml"))
	must(t, err)
	c := node.Default()
	must(t, node.Decode(string(text), &c))
	c.Gateway.Listen, c.Friends.Listen, c.Friends.Keyring = "127.0.0.1:0", "127.0.0.1:0", false
	c.Nearby.Enabled, c.Nearby.Interfaces, c.Nearby.Listen = true, node.List{"lo"}, "127.0.0.1:0"
	c.Nearby.Name, c.Nearby.Dir = "desk", t.TempDir()
	c.Mailbox.Relays = node.List{"ws://127.0.0.1:9"} // nobody listens there
	c.Gateway.Timeout = node.Duration(2 * time.Second)
	return c
}

// console is the host of the console's origin.
func (w *world) console() string { return "localhost:" + w.port }

// request is what is sent.
type request struct {
	op      *operation
	method  string
	path    string // with its query, as it stands in the first line
	header  http.Header
	host    string
	body    []byte
	note    string // what is wrong with it; "" for nothing that is known of
	refused bool   // it must not be done
	foreign bool   // it is not this caller's: the gateway may answer it as it likes
	patient bool   // an operation that waits is waited for
	mangled bool   // its path may be redirected, or lead elsewhere
}

func (r *request) String() string {
	return fmt.Sprintf("%s %s (%s)\nHost: %s\n%v\n%.2000q", r.method, r.path, r.note, r.host, r.header, r.body)
}

// answered is what came back; waited is true for an operation that may wait, and
// did.
type answered struct {
	status int
	header http.Header
	body   []byte
	cut    bool // the body goes on
	waited bool
}

// most is how much of a body is read.
const most = 8 << 20

// send sends a request.
func (w *world) send(r *request) (answered, error) {
	limit := patience
	if r.op != nil && r.op.waits && !r.patient {
		limit = w.waiting
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	var content io.Reader
	if r.body != nil {
		content = bytes.NewReader(r.body)
	}
	q, err := http.NewRequestWithContext(ctx, r.method, "http://"+r.host+"/", content)
	if err != nil {
		return answered{}, err
	}
	q.URL.Opaque = "//" + r.host + r.path
	q.Header = r.header
	resp, err := w.client.Do(q)
	if err != nil {
		if ctx.Err() != nil && limit != patience {
			return answered{waited: true}, nil
		}
		return answered{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	out := answered{status: resp.StatusCode, header: resp.Header}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return out, nil
	}
	out.body, err = io.ReadAll(io.LimitReader(resp.Body, most))
	out.cut = len(out.body) == most || err != nil && ctx.Err() != nil
	if out.cut {
		err = nil
	}
	return out, err
}

// request begins one of an operation, with what it needs to be let in.
func (w *world) request(o *operation) *request {
	r := &request{op: o, method: o.method, header: http.Header{}, host: w.console(), path: o.path}
	if !o.open {
		r.header.Set("Authorization", "Bearer "+w.token)
	}
	return r
}

package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/memory"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/publish"
	"github.com/kith-web/kith/internal/resolve"
	"github.com/kith-web/kith/internal/site"
	"github.com/kith-web/kith/internal/store"
)

// world is an API on a real port, over real parts and engines in memory.
type world struct {
	t      *testing.T
	home   string
	token  string
	port   int
	client *api.Client
	api    *api.Server
	server *http.Server
}

// resolver adapts a resolve.Resolver as package node does.
type resolver struct{ r *resolve.Resolver }

func (r resolver) Resolve(ctx context.Context, a address.Address) (site.Resolved, error) {
	res, err := r.r.Resolve(ctx, a)
	return site.Resolved{Candidates: res.Candidates, Expires: res.Expires, Stale: res.Stale}, err
}

func newWorld(t *testing.T, change func(*api.Options)) *world {
	t.Helper()
	w := &world{t: t, home: t.TempDir()}
	o := api.Options{Version: "test", Home: w.home}
	w.compose(&o)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	w.check(err)
	w.port = l.Addr().(*net.TCPAddr).Port
	o.Port = w.port
	o.Token, err = api.Token(w.home)
	w.check(err)
	w.token = o.Token
	if change != nil {
		change(&o)
	}
	s, err := api.New(o)
	w.check(err)
	w.api, w.server = s, &http.Server{Handler: s.Measure(s)}
	go func() { _ = w.server.Serve(l) }()
	t.Cleanup(func() { _ = w.server.Close() })
	w.check(api.WriteBeacon(w.home, api.Beacon{PID: os.Getpid(), Listen: l.Addr().String(), Console: s.Console()}))
	w.client, err = api.Dial(t.Context(), w.home)
	w.check(err)
	return w
}

func (w *world) compose(o *api.Options) {
	db, err := store.Open(w.home)
	w.check(err)
	w.t.Cleanup(func() { _ = db.Close() })
	bucket := func(name string) *store.Bucket {
		b, err := db.Bucket(name)
		w.check(err)
		return b
	}
	var publishers []engine.Publisher
	for _, network := range []address.Network{address.NetworkIPFS, address.NetworkBitTorrent} {
		e, err := memory.New(memory.Options{As: network})
		w.check(err)
		w.t.Cleanup(func() { _ = e.Close() })
		o.Engines, publishers = append(o.Engines, e), append(publishers, e)
	}
	r, err := resolve.New(resolve.Options{Store: bucket("resolve")})
	w.check(err)
	w.t.Cleanup(func() { _ = r.Close() })
	sites, err := site.New(site.Options{Engines: o.Engines, Resolver: resolver{r}, Store: bucket("site")})
	w.check(err)
	w.t.Cleanup(func() { _ = sites.Close() })
	p, err := publish.New(publish.Options{
		Engines: publishers, Publications: bucket("publish"), Names: bucket("name"), Keeper: sites,
	})
	w.check(err)
	o.Sites, o.Resolver, o.Publisher = sites, r, p
}

func (w *world) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// folder makes a folder of files, given as path, content, path, content….
func (w *world) folder(files ...string) string {
	w.t.Helper()
	dir := w.t.TempDir()
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(dir, filepath.FromSlash(files[i]))
		w.check(os.MkdirAll(filepath.Dir(path), 0o700))
		w.check(os.WriteFile(path, []byte(files[i+1]), 0o600))
	}
	return dir
}

func (w *world) publish(folder string) publish.Publication {
	w.t.Helper()
	var out publish.Publication
	w.check(w.client.Publish(w.t.Context(), api.PublishRequest{Folder: folder}, func(e api.PublishEvent) {
		if e.Result != nil {
			out = *e.Result
		}
	}))
	return out
}

// do sends a request with the token and the headers given as "Name: value".
func (w *world) do(method, path string, body io.Reader, headers ...string) (*http.Response, []byte) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, "http://127.0.0.1:"+strconv.Itoa(w.port)+path, body)
	w.check(err)
	r.Host = "localhost:" + strconv.Itoa(w.port)
	r.Header.Set("Authorization", "Bearer "+w.token)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			r.Host = value
		} else if r.Header.Set(name, value); value == "" {
			r.Header.Del(name)
		}
	}
	resp, err := http.DefaultClient.Do(r)
	w.check(err)
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	w.check(err)
	return resp, data
}

// call is do with JSON; it fails unless the answer has the status.
func (w *world) call(method, path, body string, status int, out any) {
	w.t.Helper()
	resp, data := w.do(method, path, strings.NewReader(body))
	if resp.StatusCode != status {
		w.t.Fatalf("%s %s: %s %s, want %d", method, path, resp.Status, data, status)
	}
	if status >= 400 {
		if err := fault.Decode(data); fault.Status(err) != status {
			w.t.Errorf("%s %s: the body of a %d is %s", method, path, status, data)
		}
	}
	if out != nil {
		w.check(json.NewDecoder(bytes.NewReader(data)).Decode(out))
	}
}

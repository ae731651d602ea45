package node_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/node"
)

// offline is a configuration that reaches nobody.
func offline(t *testing.T) node.Config {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "cmd", "kith", "testdata", "offline.toml"))
	if err != nil {
		t.Fatal(err)
	}
	c := node.Default()
	if err := node.Decode(string(text), &c); err != nil {
		t.Fatal(err)
	}
	c.Gateway.Listen = "127.0.0.1:0"
	return c
}

// run starts a node and returns it with a function that ends it and returns
// what Run did.
func run(t *testing.T, o node.Options) (n *node.Node, end func() error) {
	t.Helper()
	n, err := node.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	end = func() error {
		cancel()
		err, ok := <-ended
		if ok {
			close(ended)
		}
		return err
	}
	t.Cleanup(func() { _ = end() })
	return n, end
}

func TestOneNodeAHomeAndAPort(t *testing.T) {
	home := t.TempDir()
	first, end := run(t, node.Options{Home: home, Config: offline(t)})
	_, err := node.New(t.Context(), node.Options{Home: home, Config: offline(t)})
	if fault.KindOf(err) != fault.InUse || !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) ||
		!strings.Contains(err.Error(), first.Console()) {
		t.Errorf("the same home: %v", err)
	}
	u, err := url.Parse(first.Console())
	if err != nil {
		t.Fatal(err)
	}
	c, other := offline(t), t.TempDir()
	c.Gateway.Listen = "127.0.0.1:" + u.Port()
	if _, err = node.New(t.Context(), node.Options{Home: other, Config: c}); fault.KindOf(err) != fault.InUse {
		t.Errorf("the same port: %v", err)
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	for _, h := range []string{home, other} { // nothing is held any more
		_, end := run(t, node.Options{Home: h, Config: offline(t)})
		if err := end(); err != nil {
			t.Error(err)
		}
	}
}

func TestBothLoopbackAddressesAnswer(t *testing.T) {
	n, _ := run(t, node.Options{Home: t.TempDir(), Config: offline(t)})
	u, err := url.Parse(n.Console())
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1", "::1"} {
		if l, err := net.Listen("tcp", net.JoinHostPort(host, "0")); err != nil {
			t.Logf("no %s here", host)
			continue
		} else {
			_ = l.Close()
		}
		c, err := net.Dial("tcp", net.JoinHostPort(host, u.Port()))
		if err != nil {
			t.Errorf("%s: %v", host, err)
			continue
		}
		_ = c.Close()
	}
}

func TestReadyIsOneLineWithTheConsole(t *testing.T) {
	var out bytes.Buffer
	n, end := run(t, node.Options{
		Home: t.TempDir(), Config: offline(t), Log: slog.New(slog.NewTextHandler(&out, nil)),
	})
	if err := end(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(out.String(), "msg=ready console="+n.Console()+"\n"); got != 1 {
		t.Errorf("%d lines that say ready:\n%s", got, out.String())
	}
}

func TestANodeEndsWhileClientsListen(t *testing.T) {
	home := t.TempDir()
	_, end := run(t, node.Options{Home: home, Config: offline(t)})
	client, err := api.Dial(t.Context(), home)
	if err != nil {
		t.Fatal(err)
	}
	token, err := os.ReadFile(filepath.Join(home, "token"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, client.Console()+"api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	resp, err := client.HTTP().Do(r)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%v, %v", resp, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if err := end(); err != nil {
		t.Error(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body) // ends, because the node did
}

func TestAPublishedSiteIsReadThroughTheGateway(t *testing.T) {
	home, folder := t.TempDir(), t.TempDir()
	files := fstest.MapFS{
		"index.html": {Data: []byte("<h1>hi")}, "sub/a b.txt": {Data: bytes.Repeat([]byte("x"), 1<<20)},
	}
	if err := os.CopyFS(folder, files); err != nil {
		t.Fatal(err)
	}
	_, _ = run(t, node.Options{Home: home, Config: offline(t)})
	client, err := api.Dial(t.Context(), home)
	if err != nil {
		t.Fatal(err)
	}
	var urls []string
	err = client.Publish(t.Context(), api.PublishRequest{Folder: folder}, func(e api.PublishEvent) {
		if e.Result != nil {
			urls = e.Result.URLs
		}
	})
	if err != nil || len(urls) == 0 {
		t.Fatalf("%d URLs, %v", len(urls), err)
	}
	for _, u := range urls {
		for name, file := range files {
			resp, err := client.HTTP().Get(u + strings.ReplaceAll(name, " ", "%20"))
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if err != nil || resp.StatusCode != http.StatusOK || !bytes.Equal(data, file.Data) {
				t.Errorf("%s%s: %s, %d bytes, %v", u, name, resp.Status, len(data), err)
			}
		}
	}
}

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
	"github.com/kith-web/kith/internal/address"
)

// binary is the kith program, built once.
var binary string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "kith-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if binary, err = harness.Build(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// start starts a node with the given configuration over one that talks to
// nobody.
func start(t *testing.T, c harness.Config) *harness.Node {
	t.Helper()
	return harness.StartNode(t, harness.Options{Binary: binary, Config: c})
}

// only switches the other network off.
func only(n address.Network, more harness.Config) harness.Config {
	c := harness.Config{"ipfs.enabled": n == address.NetworkIPFS, "bittorrent.enabled": n == address.NetworkBitTorrent}
	for k, v := range more {
		c[k] = v
	}
	return c
}

// eventually waits until f returns nil, and fails t with its last error after a
// minute. It is for states of other programs, which do not say when they change.
func eventually(t *testing.T, f func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal(err)
		}
	}
}

// short is a context for what must fail soon.
func short(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// request makes a request; pairs are header names and values, "Host" among them.
func request(t *testing.T, method, url string, pairs ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(short(t, time.Minute), method, url, nil)
	must(t, err)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] == "Host" {
			r.Host = pairs[i+1]
			continue
		}
		r.Header.Set(pairs[i], pairs[i+1])
	}
	return r
}

func decode[T any](t *testing.T, data []byte) (v T) {
	t.Helper()
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("%v in %.500s", err, data)
	}
	return v
}

package bittorrent_test

import (
	"context"
	"encoding/hex"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/bittorrent"
	"github.com/kith-web/kith/internal/engine/enginetest"
	"github.com/kith-web/kith/internal/store"
)

// node is an engine of a test and what it was made with.
type node struct {
	*bittorrent.Engine
	o bittorrent.Options
}

// loopback makes options for an engine that only sees this computer.
func loopback(t testing.TB) bittorrent.Options {
	t.Helper()
	dir := t.TempDir()
	db, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	bucket, err := db.Bucket("bittorrent")
	if err != nil {
		t.Fatal(err)
	}
	o := bittorrent.Options{Dir: dir + "/pieces", Store: bucket, Listen: "127.0.0.1:0", NoUTP: true}
	if os.Getenv("KITH_TEST_LOG") != "" {
		o.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return o
}

func start(t testing.TB, o bittorrent.Options) *node {
	t.Helper()
	e, err := bittorrent.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return &node{e, o}
}

// tcpAddr is where the engine listens.
func tcpAddr(t testing.TB, e engine.Engine) string {
	t.Helper()
	for _, l := range e.Status().Listen {
		if a, ok := strings.CutPrefix(l, "tcp://"); ok {
			return a
		}
	}
	t.Fatalf("the engine listens at %q", e.Status().Listen)
	return ""
}

func hints(t testing.TB, e engine.Engine) address.Hints {
	return address.Hints{Peers: []string{tcpAddr(t, e)}}
}

// meet makes two engines know each other in the DHT.
func meet(t testing.TB, a, b *bittorrent.Engine) {
	t.Helper()
	for _, n := range []struct{ from, to *bittorrent.Engine }{{a, b}, {b, a}} {
		addr := tcpAddr(t, n.to)
		if _, _, err := net.SplitHostPort(addr); err != nil {
			t.Fatal(err)
		}
		if err := n.from.AddDHTNode(addr); err != nil {
			t.Fatal(err)
		}
	}
	deadline := time.Now().Add(10 * time.Second)
	for a.Status().DHTNodes == 0 || b.Status().DHTNodes == 0 {
		if time.Now().After(deadline) {
			t.Fatal("the nodes do not find each other in the DHT")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestSuite(t *testing.T) {
	var mu sync.Mutex
	options := map[engine.Engine]bittorrent.Options{}
	open := func(t *testing.T, o bittorrent.Options) engine.Engine {
		e := start(t, o).Engine
		mu.Lock()
		defer mu.Unlock()
		options[e] = o
		return e
	}
	enginetest.Run(t, enginetest.Harness{
		New: func(t *testing.T) engine.Engine {
			o := loopback(t)
			o.DHT = true
			return open(t, o)
		},
		Connect: func(t *testing.T, a, b engine.Engine) {
			meet(t, a.(*bittorrent.Engine), b.(*bittorrent.Engine))
		},
		Hints: func(e engine.Engine) address.Hints { return hints(t, e) },
		Reopen: func(t *testing.T, e engine.Engine) engine.Engine {
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			mu.Lock()
			o := options[e]
			mu.Unlock()
			return open(t, o)
		},
		Timeout: 20 * time.Second,
	})
}

// publish publishes files in a new folder and serves them.
func publish(t testing.TB, n *node, files map[string][]byte, o engine.DraftOptions) (address.Address, engine.Site, string) {
	t.Helper()
	folder := t.TempDir()
	enginetest.Write(t, folder, files)
	a, _ := enginetest.Publish(t, n.Engine, folder, o)
	s, err := n.Open(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return a, s, folder
}

// within is a context that ends with the test or after a while.
func within(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }

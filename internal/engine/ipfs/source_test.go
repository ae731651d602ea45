package ipfs_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/enginetest"
	"github.com/kith-web/kith/internal/engine/ipfs"
	"github.com/kith-web/kith/internal/fault"
)

// origin publishes files and serves them through the engine's own gateway.
func origin(t *testing.T, files map[string][]byte) (address.Address, *httptest.Server) {
	t.Helper()
	e := isolated(t)
	dir := t.TempDir()
	enginetest.Write(t, dir, files)
	a, _ := enginetest.Publish(t, e, dir, engine.DraftOptions{})
	s, err := e.Open(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	server := httptest.NewServer(e.Gateway())
	t.Cleanup(server.Close)
	return a, server
}

// from makes an engine that takes blocks from gateways only.
func from(t *testing.T, gateways ...string) *ipfs.Engine {
	t.Helper()
	return start(t, t.TempDir(), func(o *ipfs.Options) { o.Listen, o.Gateways = nil, gateways })
}

// readSite opens a site and demands its files.
func readSite(t *testing.T, e *ipfs.Engine, a address.Address, files map[string][]byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	s, err := e.Open(ctx, a)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for name, want := range files {
		if got, err := fs.ReadFile(s.FS(ctx), name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, %v; want %d", name, len(got), err, len(want))
		}
	}
}

func TestBlocksComeFromHTTPGateways(t *testing.T) {
	files := enginetest.Tree()
	a, server := origin(t, files)
	e := from(t, server.URL)
	s, err := e.Open(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	readSite(t, e, a, files)
	st, _ := e.Stats(a)
	if len(st.Peers) != 1 || st.Peers[0].Kind != engine.PeerHTTP || st.Peers[0].ID != server.URL || st.Peers[0].Downloaded == 0 {
		t.Errorf("peers: %+v; want the gateway with what it sent", st.Peers)
	}
	if st.Peers[0].Downloaded != st.Downloaded {
		t.Errorf("the gateway sent %d bytes, %d were downloaded", st.Peers[0].Downloaded, st.Downloaded)
	}
}

// TestAGatewayThatLiesIsDropped has a gateway answer every block with another
// one, beside an honest one that says at first that it has nothing.
func TestAGatewayThatLiesIsDropped(t *testing.T) {
	files := enginetest.Tree()
	a, honest := origin(t, files)
	var lies atomic.Int64
	liar := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lies.Add(1)
		_, _ = fmt.Fprintf(w, "this is not %s", r.URL.Path)
	}))
	defer liar.Close()
	alone := from(t, liar.URL)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := alone.Open(ctx, a); fault.KindOf(err) != fault.Unreachable {
		t.Errorf("opening from a liar alone: %v", err)
	}
	if n := lies.Load(); n != 1 {
		t.Errorf("the liar was asked %d times, not once", n)
	}
	if s := alone.Status().Services; len(s) != 1 || !strings.Contains(s[0].Error, "hash") {
		t.Errorf("services: %+v; want it said that the gateway lied", s)
	}
	readSite(t, from(t, liar.URL, honest.URL), a, files)
}

// TestGatewaysThatFailAreAskedAgain has a gateway fail in several ways first.
func TestGatewaysThatFailAreAskedAgain(t *testing.T) {
	files := map[string][]byte{"a": []byte("a")}
	a, honest := origin(t, files)
	var asked atomic.Int64
	flaky := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch asked.Add(1) {
		case 1:
			w.WriteHeader(http.StatusTooManyRequests)
			return
		case 2:
			w.Header().Set("Content-Length", "99999999")
			return
		}
		res, err := http.Get(honest.URL + r.URL.RequestURI())
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer func() { _ = res.Body.Close() }()
		_, _ = io.Copy(w, res.Body)
	}))
	defer flaky.Close()
	readSite(t, from(t, flaky.URL), a, files)
}

func TestNamesComeFromGatewaysAndStayOffline(t *testing.T) {
	e := isolated(t)
	dir := t.TempDir()
	enginetest.Write(t, dir, map[string][]byte{"index.html": []byte("named")})
	target, _ := enginetest.Publish(t, e, dir, engine.DraftOptions{})
	name, err := e.PublishName(t.Context(), ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32)), target)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(e.Gateway())
	reader := from(t, server.URL)
	got, ttl, err := reader.ResolveName(t.Context(), name)
	if err != nil || got.Key() != target.Key() || ttl <= 0 {
		t.Fatalf("through the gateway: %v, %v, %v", got, ttl, err)
	}
	server.Close()
	if got, _, err := reader.ResolveName(t.Context(), name); err != nil || got.Key() != target.Key() {
		t.Errorf("with the gateway gone: %v, %v", got, err)
	}
}

// TestARecordOfAnotherNameIsRefused serves one name's record under another.
func TestARecordOfAnotherNameIsRefused(t *testing.T) {
	e := isolated(t)
	target, err := address.Parse("ipfs://bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354")
	if err != nil {
		t.Fatal(err)
	}
	names := make([]address.Address, 2)
	for i := range names {
		if names[i], err = e.PublishName(t.Context(), ed25519.NewKeyFromSeed(bytes.Repeat([]byte{byte(i)}, 32)), target); err != nil {
			t.Fatal(err)
		}
	}
	inner := e.Gateway()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = "/ipns/" + strings.TrimPrefix(names[1].Root().String(), "ipns://")
		inner.ServeHTTP(w, r)
	}))
	defer server.Close()
	reader := from(t, server.URL)
	if got, _, err := reader.ResolveName(t.Context(), names[0]); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("another name's record gave %v, %v", got, err)
	}
	if _, _, err := reader.ResolveName(t.Context(), names[1]); err != nil {
		t.Errorf("its own record: %v", err)
	}
}

// TestWhatIsStoredNeedsNoNetwork opens a complete site with an engine that has
// nobody to ask.
func TestWhatIsStoredNeedsNoNetwork(t *testing.T) {
	files := enginetest.Tree()
	a, server := origin(t, files)
	dir := t.TempDir()
	e := start(t, dir, func(o *ipfs.Options) { o.Gateways = []string{server.URL} })
	s, err := e.Open(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Complete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	server.Close()
	offline := start(t, dir, func(o *ipfs.Options) { o.Listen = nil })
	readSite(t, offline, a, files)
	if err := offline.Remove(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if size := sizeOf(t, filepath.Join(dir, "sites")); size != 0 {
		t.Errorf("%d bytes are left after Remove", size)
	}
}

// sizeOf is how many bytes the files below a folder have.
func sizeOf(t *testing.T, dir string) (size int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		size += info.Size()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return size
}

// TestKilledWhileFetching copies the folder of an engine that is in the middle
// of a site, as kill -9 would leave it, and goes on from there.
func TestKilledWhileFetching(t *testing.T) {
	files := map[string][]byte{"big": random(1, 12<<20)}
	for i := range 300 {
		files[fmt.Sprintf("small/%d", i)] = random(i, 3000)
	}
	a, server := origin(t, files)
	dir := t.TempDir()
	e := start(t, dir, func(o *ipfs.Options) { o.Gateways = []string{server.URL} })
	s, err := e.Open(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	crashed := t.TempDir()
	done := make(chan error, 1)
	go func() { done <- s.Complete(t.Context()) }()
	for finished := false; !finished; {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			finished = true
		default:
		}
		if st, _ := e.Stats(a); st.Stored > 4<<20 || finished {
			copySites(t, dir, crashed)
			break
		}
	}
	after := start(t, crashed, func(o *ipfs.Options) { o.Gateways = []string{server.URL} })
	readSite(t, after, a, files)
}

// copySites copies the sites of an engine as they are, indexes before data: as
// with a disk that stops, no index is ahead of its data.
func copySites(t *testing.T, from, to string) {
	t.Helper()
	for _, part := range []string{"index", "data"} {
		files, err := filepath.Glob(filepath.Join(from, "sites", "*", part))
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for _, name := range files {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(to, "sites", filepath.Base(filepath.Dir(name)))
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, part), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

package bittorrent_test

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/loud"
	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/enginetest"
)

// aria2 finds the program, or skips.
func aria2(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("aria2c")
	if err != nil {
		loud.Skip(t, "aria2c is not installed, so nothing was tried against another BitTorrent program")
	}
	return program
}

// torrentFile writes the .torrent file of a site.
func torrentFile(t *testing.T, n *node, a address.Address) string {
	t.Helper()
	h, _ := a.InfoHash()
	data, err := n.o.Store.Get("index/" + hexOf(h[:]))
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "site.torrent")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// freePort is a port that nobody listens at.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // test
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// arguments are those every run of aria2c has: nothing but loopback.
func arguments(dir, port string, more ...string) []string {
	return append([]string{
		"--no-conf", "--dir=" + dir, "--listen-port=" + port, "--interface=127.0.0.1",
		"--enable-dht=false", "--enable-dht6=false", "--bt-enable-lpd=false", "--enable-peer-exchange=false",
		"--file-allocation=none", "--summary-interval=0", "--console-log-level=warn",
	}, more...)
}

// aria2 takes a site from Kith, pad files and all.
func TestAria2Leeches(t *testing.T) {
	program := aria2(t)
	tracker := httpTracker(t)
	o := loopback(t)
	o.Trackers = []string{tracker}
	p := start(t, o)
	files := enginetest.Large()
	a, _, _ := publish(t, p, files, engine.DraftOptions{Trackers: []string{tracker}})
	dir := t.TempDir()
	cmd := exec.CommandContext(within(t, time.Minute), program,
		arguments(dir, freePort(t), "--seed-time=0", torrentFile(t, p, a))...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("aria2c: %v\n%s", err, out)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(dir, "site", filepath.FromSlash(name)))
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%s: %d bytes instead of %d, %v", name, len(got), len(want), err)
		}
	}
}

// Kith takes a site from aria2.
func TestAria2Seeds(t *testing.T) {
	program := aria2(t)
	p := start(t, loopback(t))
	files := map[string][]byte{"video.bin": enginetest.Bytes(1, 3<<20+5)}
	a, _, _ := publish(t, p, files, engine.DraftOptions{})
	torrent := torrentFile(t, p, a)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	dir, port := t.TempDir(), freePort(t)
	enginetest.Write(t, filepath.Join(dir, "site"), files)
	cmd := exec.CommandContext(within(t, time.Minute), program,
		arguments(dir, port, "--check-integrity=true", "--seed-ratio=0.0", torrent)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	a = a.Root()
	a.Hints.Peers = []string{"127.0.0.1:" + port}
	reads(t, start(t, loopback(t)), a, files)
}

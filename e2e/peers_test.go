package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
	"github.com/kith-web/kith/internal/address"
)

// torrent makes a .torrent of a folder by a program that is not ours.
func torrent(t *testing.T, folder string, trackers ...string) (file, magnet string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "site.torrent")
	args := []string{"-o", file, "-l", "16", folder} // pieces of 64 KiB
	for _, tr := range trackers {
		args = append(args, "-a", tr)
	}
	harness.Run(t, harness.Program{Path: harness.Need(t, "mktorrent"), Args: args})
	data, err := os.ReadFile(file)
	must(t, err)
	a, err := address.FromTorrent(data)
	must(t, err)
	return file, a.Root().Magnet()
}

// aria2 starts aria2c on a torrent; more are further options.
func aria2(t *testing.T, dir, what string, more ...string) (*harness.Process, string) {
	t.Helper()
	return aria2At(t, "127.0.0.1", dir, what, more...)
}

func aria2At(t *testing.T, ip, dir, what string, more ...string) (*harness.Process, string) {
	t.Helper()
	port := harness.FreePort(t)
	args := append([]string{
		"--dir=" + dir, "--listen-port=" + strconv.Itoa(port), "--enable-dht=false", "--enable-dht6=false",
		"--bt-enable-lpd=false", "--enable-peer-exchange=false", "--interface=" + ip, "--file-allocation=none",
		"--no-conf", "--summary-interval=0", "--disable-ipv6=true",
	}, more...)
	p := harness.Start(t, harness.Program{Path: harness.Need(t, "aria2c"), Args: append(args, what)})
	return p, net.JoinHostPort(ip, strconv.Itoa(port))
}

// listening waits until a program takes connections.
func listening(t *testing.T, addr string) {
	t.Helper()
	eventually(t, func() error {
		c, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			err = c.Close()
		}
		return err
	})
}

func TestAria2SeedsToKith(t *testing.T) {
	harness.Need(t, "aria2c")
	tree := harness.Website()
	folder := tree.Write(t, "site")
	file, magnet := torrent(t, folder)
	_, peer := aria2(t, filepath.Dir(folder), file, "--seed-ratio=0", "--check-integrity=true")
	listening(t, peer)
	b := start(t, only(address.NetworkBitTorrent, nil))
	b.Open(t, harness.WithPeers(magnet, peer))
	tree.CheckSite(t, b, magnet)
}

func TestAria2LeechesFromKith(t *testing.T) {
	harness.Need(t, "aria2c")
	tracker := harness.StartTracker(t)
	tree := harness.Website()
	// Trackers on this computer count only where they are configured: an address
	// must not make a node talk to its own neighbourhood.
	a := start(t, only(address.NetworkBitTorrent, harness.Config{"bittorrent.trackers": []string{tracker.URL}}))
	pub := a.Publish(t, tree.Write(t, "site"), "--tracker", tracker.URL)
	dir := t.TempDir()
	p, _ := aria2(t, dir, pub.Magnet, "--seed-time=0")
	must(t, p.Wait(short(t, time.Minute)))
	tree.CheckFolder(t, filepath.Join(dir, pub.Name))
}

func TestTransmission(t *testing.T) {
	daemon := harness.Need(t, "transmission-daemon")
	space, ip := harness.Namespace(t)
	tree := harness.Website()
	delete(tree, "empty.txt") // Transmission makes no empty files
	folder := tree.Write(t, "site")
	file, magnet := torrent(t, folder)
	tracker := harness.StartTrackerOn(t, harness.ListenIn(t, space, ip+":0"))
	c := only(address.NetworkBitTorrent, harness.Config{
		"bittorrent.listen": ip + ":0", "bittorrent.trackers": []string{tracker.URL},
	})
	node := func() *harness.Node {
		return harness.StartNode(t, harness.Options{Binary: binary, Config: c, Namespace: space})
	}
	transmission := func(dir string) (remote func(args ...string) string, end func()) {
		p := harness.Start(t, harness.Program{Path: daemon, Namespace: space, Args: []string{
			"--foreground", "--config-dir", t.TempDir(), "--download-dir", dir, "--no-dht", "--no-lpd", "--no-portmap",
			"--no-auth", "--port", "19091", "--peerport", "51413", "--bind-address-ipv4", ip, "--no-utp", "--log-error",
		}})
		remote = func(args ...string) string {
			out, _, _ := harness.TryRun(t, harness.Program{
				Path: harness.Need(t, "transmission-remote"), Namespace: space, Args: append([]string{"127.0.0.1:19091"}, args...),
			})
			return out
		}
		eventually(t, func() error {
			if !strings.Contains(remote("-si"), "VERSION") {
				return fmt.Errorf("transmission-daemon does not answer")
			}
			return nil
		})
		return remote, p.Kill // the next one takes its ports
	}
	t.Run("seeds to Kith", func(t *testing.T) {
		remote, end := transmission(filepath.Dir(folder))
		defer end()
		remote("-a", file)
		remote("-t", "1", "-v")
		eventually(t, func() error {
			if out := remote("-t", "1", "-i"); !strings.Contains(out, "Percent Done: 100%") {
				return fmt.Errorf("transmission has not verified its files: %s", out)
			}
			return nil
		})
		out := filepath.Join(t.TempDir(), "copy")
		node().CLI(t, "get", harness.WithPeers(magnet, ip+":51413"), "-o", out)
		tree.CheckFolder(t, out)
	})
	t.Run("leeches from Kith", func(t *testing.T) {
		a := node()
		pub := a.Publish(t, folder, "--tracker", tracker.URL)
		dir := t.TempDir()
		remote, end := transmission(dir)
		defer end()
		remote("-a", pub.Magnet)
		eventually(t, func() error { return tree.Compare(filepath.Join(dir, pub.Name)) })
	})
}

// webSocketTracker starts a tracker for peers in browsers.
func webSocketTracker(t *testing.T) (dir, url string) {
	t.Helper()
	dir = harness.NeedModules(t, harness.Root())
	p := harness.Start(t, harness.Program{Path: harness.Need(t, "node"), Args: []string{"tracker.js"}, Dir: dir})
	m, err := p.Await(short(t, 30*time.Second), regexp.MustCompile(`"url":"([^"]*)"`))
	must(t, err)
	return dir, m[1]
}

func TestWebTorrent(t *testing.T) {
	dir, tracker := webSocketTracker(t)
	tree := harness.Website()
	delete(tree, "empty.txt") // webtorrent 1.9 hangs on empty files
	folder := tree.Write(t, "site")
	c := only(address.NetworkBitTorrent, harness.Config{"bittorrent.webrtc": true, "bittorrent.trackers": []string{tracker}})
	webtorrent := func(t *testing.T, args ...string) *harness.Process {
		return harness.Start(t, harness.Program{
			Path: harness.Need(t, "node"), Args: append([]string{"webtorrent.js"}, args...), Dir: dir,
		})
	}
	t.Run("seeds to Kith by WebRTC", func(t *testing.T) {
		p := webtorrent(t, "seed", folder, tracker)
		m, err := p.Await(short(t, 30*time.Second), regexp.MustCompile(`"seeding":"([^"]*)"`))
		must(t, err)
		b := start(t, c)
		b.Open(t, m[1])
		tree.CheckSite(t, b, m[1]) // nothing else leads to the seeder: no hint, no other tracker
	})
	t.Run("leeches from Kith by WebRTC", func(t *testing.T) {
		a := start(t, c)
		pub := a.Publish(t, folder, "--tracker", tracker)
		out := t.TempDir()
		p := webtorrent(t, "get", pub.Magnet, out)
		m, err := p.Await(short(t, time.Minute), regexp.MustCompile(`"done":.*"wires":(\[.*\])`))
		must(t, err)
		if !strings.Contains(m[1], "webrtc") {
			t.Errorf("wires are %s", m[1])
		}
		tree.CheckFolder(t, filepath.Join(out, pub.Name))
	})
}

// TestALyingTorrentPeer has a seeder serve bytes that do not match, which it
// trusts because it is told not to check them.
func TestALyingTorrentPeer(t *testing.T) {
	harness.Need(t, "aria2c")
	tree := harness.Tree{"index.html": []byte("<h1>x"), "big.bin": harness.Bytes(3, 2<<20)}
	good := tree.Write(t, "site")
	file, magnet := torrent(t, good)
	lie := append([]byte(nil), tree["big.bin"]...)
	for i := 0; i < len(lie); i += 100_000 {
		lie[i] ^= 1
	}
	bad := harness.Tree{"index.html": tree["index.html"], "big.bin": lie}.Write(t, "site")
	// A liar is banned by its IP address, so it has one of its own.
	_, liar := aria2At(t, "127.0.0.2", filepath.Dir(bad), file, "--seed-ratio=0", "--bt-seed-unverified=true")
	listening(t, liar)
	b := start(t, only(address.NetworkBitTorrent, harness.Config{"gateway.timeout": "4s"}))
	b.Open(t, harness.WithPeers(magnet, liar))
	got, err := b.TryGet(t, short(t, 20*time.Second), magnet, "/big.bin")
	if err == nil && got.Status == 200 {
		t.Fatalf("a liar's %d bytes were served", len(got.Body))
	}
	_, honest := aria2(t, filepath.Dir(good), file, "--seed-ratio=0", "--check-integrity=true")
	listening(t, honest)
	b.Open(t, harness.WithPeers(magnet, honest))
	eventually(t, func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		got, err := b.TryGet(t, ctx, magnet, "/big.bin")
		if err != nil || !bytes.Equal(got.Body, tree["big.bin"]) {
			return fmt.Errorf("status %d, %d bytes, %v", got.Status, len(got.Body), err)
		}
		return nil
	})
}

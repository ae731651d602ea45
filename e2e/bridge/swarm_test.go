package bridge

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/kith-web/kith/e2e/harness"
	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine/bittorrent"
	"github.com/kith-web/kith/internal/engine/bittorrent/metafile"
)

// magnetOf is the magnet link of a .torrent with one tracker.
func magnetOf(t *testing.T, file, tracker string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	must(t, err)
	a, err := address.FromTorrent(data)
	must(t, err)
	a = a.Root()
	a.Hints.Trackers = []string{tracker}
	return a.Magnet()
}

// site is a website without what other programs trip over: webtorrent 1.9 hangs
// on empty files, Transmission makes none.
func site() harness.Tree {
	tree := harness.Website()
	delete(tree, "empty.txt")
	return tree
}

// webtorrent starts npm's webtorrent in Node.js, which meets others by WebSocket
// trackers alone.
func webtorrent(t *testing.T, args ...string) *harness.Process {
	t.Helper()
	dir := harness.NeedModules(t, harness.Root())
	return harness.Start(t, harness.Program{
		Path: harness.Need(t, "node"), Args: append([]string{"webtorrent.js"}, args...), Dir: dir,
	})
}

// TestBrowsersGetWhatOnlyTCPHas has aria2c seed, which knows no WebRTC, and
// webtorrent fetch, in Node.js and in Chromium, which know no TCP tracker.
func TestBrowsersGetWhatOnlyTCPHas(t *testing.T) {
	harness.Need(t, "aria2c")
	tree := site()
	folder := tree.Write(t, "site")
	r := startRelay(t)
	file := torrent(t, folder, r.http)
	_ = aria2(t, filepath.Dir(folder), file, "--seed-ratio=0", "--check-integrity=true")
	n := r.node(t, harness.Config{"ipfs.enabled": false})
	magnet := magnetOf(t, file, r.ws)
	n.CLI(t, "pin", magnet)
	t.Run("webtorrent in Node.js", func(t *testing.T) {
		out := t.TempDir()
		p := webtorrent(t, "get", magnet, out)
		m, err := p.Await(within(t), regexp.MustCompile(`"done":.*"wires":(\[.*\])`))
		must(t, err)
		if !strings.Contains(m[1], "webrtc") {
			t.Errorf("it was connected by %s", m[1])
		}
		tree.CheckFolder(t, filepath.Join(out, "site"))
	})
	t.Run("webtorrent in Chromium", func(t *testing.T) {
		got := inChromium(t, file, r.ws)
		for name, data := range tree {
			if sum := sha256.Sum256(data); got["site/"+name] != hex.EncodeToString(sum[:]) {
				t.Errorf("the page got another %q", name)
			}
		}
		if len(got) != len(tree) {
			t.Errorf("the page got %d files of %d", len(got), len(tree))
		}
	})
	checkKinds(t, n, "tcp", "webrtc")
}

// TestTCPGetsWhatOnlyBrowsersHave is the reverse: webtorrent seeds by WebRTC, and
// aria2c, which knows TCP alone, fetches.
func TestTCPGetsWhatOnlyBrowsersHave(t *testing.T) {
	harness.Need(t, "aria2c")
	tree := site()
	folder := tree.Write(t, "site")
	r := startRelay(t)
	p := webtorrent(t, "seed", folder, r.ws)
	m, err := p.Await(within(t), regexp.MustCompile(`"seeding":"([^"]*)"`))
	must(t, err)
	n := r.node(t, harness.Config{"ipfs.enabled": false})
	n.CLI(t, "pin", m[1])
	tree.CheckSite(t, n, m[1]) // the node has it before others ask it for the list of files
	out := t.TempDir()
	must(t, aria2(t, out, torrentOf(t, n, m[1], r.http), "--seed-time=0").Wait(within(t)))
	tree.CheckFolder(t, filepath.Join(out, "site"))
	checkKinds(t, n, "tcp", "webrtc")
}

// torrentOf is the .torrent of a site that a node has, with one tracker. Magnet
// links would not do: aria2c says of one that it lacks nothing, and trackers tell
// seeds of no others.
func torrentOf(t *testing.T, n *harness.Node, magnet, tracker string) string {
	t.Helper()
	e, err := bittorrent.New(bittorrent.Options{Dir: t.TempDir(), Store: bucket(t, "bittorrent")})
	must(t, err)
	defer e.Close() //nolint:errcheck // test
	a, err := address.Parse(harness.WithPeers(magnet, n.TorrentPeer(t, "127.0.0.1")))
	must(t, err)
	_, x := pieces(t, e, a)
	meta, err := metafile.ParseInfo(x.Data, metafile.Limits{})
	must(t, err)
	file := filepath.Join(t.TempDir(), "site.torrent")
	must(t, os.WriteFile(file, (&metafile.Torrent{Meta: meta, Trackers: []string{tracker}}).Encode(), 0o600))
	return file
}

// checkKinds demands that the node had peers of these kinds.
func checkKinds(t *testing.T, n *harness.Node, kinds ...string) {
	t.Helper()
	sites := n.CLI(t, "sites", "--json")
	for _, kind := range kinds {
		if !strings.Contains(sites, `"kind":"`+kind+`"`) && !strings.Contains(sites, `"kind": "`+kind+`"`) {
			t.Errorf("the node had no peer by %s: %s", kind, sites)
		}
	}
}

// page fetches a torrent with webtorrent and tells the SHA-256 of each file.
const page = `<!doctype html><title>A peer</title><script type="module">
const tell = (path, what) => fetch(path, { method: "POST", body: JSON.stringify(what) });
addEventListener("unhandledrejection", (e) => tell("/failed", String(e.reason)));
addEventListener("error", (e) => tell("/failed", e.message));
const { default: WebTorrent } = await import("/webtorrent.js");
const { tracker } = await (await fetch("/told")).json();
const torrent = new Uint8Array(await (await fetch("/torrent")).arrayBuffer());
const client = new WebTorrent({ tracker: { rtcConfig: { iceServers: [] } } });
client.on("error", (e) => tell("/failed", String(e)));
client.add(torrent, { announce: [tracker] }, (t) => t.on("done", async () => {
  const files = {};
  for (const file of t.files) {
    const sum = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
    files[file.path] = [...new Uint8Array(sum)].map((b) => b.toString(16).padStart(2, "0")).join("");
  }
  await tell("/done", files);
}));
</script>`

// inChromium opens the page in a Chromium of its own and returns what it tells.
func inChromium(t *testing.T, torrent, tracker string) map[string]string {
	t.Helper()
	chromium := harness.NeedChromium(t)
	script := filepath.Join(harness.Root(), "e2e", "node_modules", "webtorrent", "dist", "webtorrent.min.js")
	if _, err := os.Stat(script); err != nil {
		harness.Skip(t, "webtorrent is not installed for pages: npm ci --prefix e2e")
	}
	done, failed := make(chan map[string]string, 1), make(chan string, 8)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(page))
	})
	mux.HandleFunc("GET /webtorrent.js", func(w http.ResponseWriter, q *http.Request) { http.ServeFile(w, q, script) })
	mux.HandleFunc("GET /torrent", func(w http.ResponseWriter, q *http.Request) { http.ServeFile(w, q, torrent) })
	mux.HandleFunc("GET /told", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"tracker": tracker})
	})
	mux.HandleFunc("POST /done", func(_ http.ResponseWriter, q *http.Request) {
		var files map[string]string
		if json.NewDecoder(q.Body).Decode(&files) == nil {
			done <- files
		}
	})
	mux.HandleFunc("POST /failed", func(_ http.ResponseWriter, q *http.Request) {
		var why string
		_ = json.NewDecoder(q.Body).Decode(&why)
		failed <- why
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	at, err := url.Parse(server.URL)
	must(t, err)
	args := []string{
		"--headless=new", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--allow-loopback-in-peer-connection",
		"--disable-features=WebRtcHideLocalIpsWithMdns", "--user-data-dir=" + t.TempDir(), "http://localhost:" + at.Port() + "/",
	}
	if os.Geteuid() == 0 {
		args = append([]string{"--no-sandbox"}, args...)
	}
	browser := harness.Start(t, harness.Program{Path: chromium, Args: args})
	defer browser.Kill()
	select {
	case files := <-done:
		return files
	case why := <-failed:
		t.Fatalf("the page failed: %s", why)
	case <-within(t).Done():
		t.Fatalf("the page did not get the site\n%s", browser.Output())
	}
	return nil
}

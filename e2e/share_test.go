package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/site"
)

func TestSharedByBitTorrent(t *testing.T) {
	tree := harness.Website()
	a := start(t, only(address.NetworkBitTorrent, nil))
	pub := a.Publish(t, tree.Write(t, "site"))
	if pub.Files != len(tree) || pub.IPFS != "" {
		t.Errorf("%+v", pub)
	}
	b := start(t, only(address.NetworkBitTorrent, nil))
	b.Open(t, harness.WithPeers(pub.Magnet, a.TorrentPeer(t, "127.0.0.1")))
	tree.CheckSite(t, b, pub.WTP)
	if page := b.Get(t, pub.WTP, "/"); !bytes.Equal(page, tree["index.html"]) {
		t.Errorf("/ is %q", page)
	}
	tree.CheckSite(t, a, pub.WTP) // also where it was published
}

func TestSharedAsHybridTorrent(t *testing.T) {
	tree := harness.Website()
	a := start(t, only(address.NetworkBitTorrent, nil))
	pub := a.Publish(t, tree.Write(t, "site"), "--hybrid")
	b := start(t, only(address.NetworkBitTorrent, nil))
	b.Open(t, harness.WithPeers(pub.Magnet, a.TorrentPeer(t, "127.0.0.1")))
	tree.CheckSite(t, b, pub.WTP)
}

func TestSharedByIPFS(t *testing.T) {
	tree := harness.Website()
	a := start(t, only(address.NetworkIPFS, nil))
	pub := a.Publish(t, tree.Write(t, "site"))
	b := start(t, only(address.NetworkIPFS, harness.Config{"ipfs.bootstrap": a.Multiaddrs(t)}))
	tree.CheckSite(t, b, pub.IPFS)
	tree.CheckSite(t, a, pub.IPFS)
}

func TestEveryReaderServesItOn(t *testing.T) {
	tree := harness.Website()
	for _, network := range []address.Network{address.NetworkBitTorrent, address.NetworkIPFS} {
		t.Run(string(network), func(t *testing.T) {
			a := start(t, only(network, nil))
			pub := a.Publish(t, tree.Write(t, "site"))
			reader := func(from *harness.Node) (*harness.Node, string) {
				if network == address.NetworkIPFS {
					return start(t, only(network, harness.Config{"ipfs.bootstrap": from.Multiaddrs(t)})), pub.IPFS
				}
				n := start(t, only(network, nil))
				n.Open(t, harness.WithPeers(pub.Magnet, from.TorrentPeer(t, "127.0.0.1")))
				return n, pub.WTP
			}
			b, at := reader(a)
			tree.CheckSite(t, b, at)
			a.Kill()
			c, _ := reader(b)
			tree.CheckSite(t, c, at)
		})
	}
}

func TestACachedSiteNeedsNoNetwork(t *testing.T) {
	tree := harness.Website()
	for _, network := range []address.Network{address.NetworkBitTorrent, address.NetworkIPFS} {
		t.Run(string(network), func(t *testing.T) {
			a := start(t, only(network, nil))
			pub := a.Publish(t, tree.Write(t, "site"))
			c, at := harness.Config{}, pub.WTP
			if network == address.NetworkIPFS {
				c["ipfs.bootstrap"], at = a.Multiaddrs(t), pub.IPFS
			}
			b := start(t, only(network, c))
			if network == address.NetworkBitTorrent {
				b.Open(t, harness.WithPeers(pub.Magnet, a.TorrentPeer(t, "127.0.0.1")))
			}
			tree.CheckSite(t, b, at)
			a.End(t)
			b.End(t)
			b = b.Restart(t)
			tree.CheckSite(t, b, at)
			begin := time.Now()
			b.Get(t, at, "/")
			if took := time.Since(begin); took > time.Second {
				t.Errorf("a page from the cache took %v", took)
			}
		})
	}
}

func TestNamesByDNS(t *testing.T) {
	tree := harness.Website()
	for network, record := range map[address.Network]int{address.NetworkIPFS: 0, address.NetworkBitTorrent: 1} {
		t.Run(string(network), func(t *testing.T) {
			names := harness.StartDNS(t)
			a := start(t, nil)
			pub := a.Publish(t, tree.Write(t, "site"))
			if len(pub.DNS) != 2 {
				t.Fatalf("%+v", pub.DNS)
			}
			r := pub.DNS[record]
			names.Set(strings.Replace(r.Name, "example.org", "my-site.example", 1), r.Value)
			c := harness.Config{"dns.server": names.Addr, "ipfs.bootstrap": a.Multiaddrs(t)}
			if network == address.NetworkBitTorrent {
				tracker := harness.StartTracker(t)
				c["bittorrent.trackers"] = []string{tracker.URL}
				a.End(t)
				harness.StartNode(t, harness.Options{
					Binary: binary, Home: a.Home, Config: harness.Config{"bittorrent.trackers": []string{tracker.URL}},
				})
			}
			b := start(t, only(network, c))
			tree.CheckSite(t, b, "my-site.example")
			if got := names.Asked(r.Name[:len(r.Name)-len("example.org")] + "my-site.example"); got == 0 {
				t.Error("the name server was not asked")
			}
		})
	}
}

func TestAMutableNameMoves(t *testing.T) {
	// Everybody enters one distributed hash table by way of the first node.
	first := start(t, only(address.NetworkBitTorrent, harness.Config{"bittorrent.dht": true}))
	moves(t, address.NetworkBitTorrent, only(address.NetworkBitTorrent, harness.Config{
		"bittorrent.dht": true, "bittorrent.dht_bootstrap": []string{first.TorrentPeer(t, "127.0.0.1")},
	}))
}

func TestAnIPNSNameMoves(t *testing.T) {
	first := start(t, only(address.NetworkIPFS, harness.Config{"ipfs.dht": "server"}))
	moves(t, address.NetworkIPFS, only(address.NetworkIPFS, harness.Config{
		"ipfs.dht": "server", "ipfs.bootstrap": first.Multiaddrs(t),
	}))
}

// moves publishes two versions under one name. Each is looked up by readers that
// are new every time: one that was told once that there is no such name, or
// where it leads, does not ask again for a while.
func moves(t *testing.T, network address.Network, c harness.Config) {
	a := start(t, c)
	eventually(t, func() error {
		if s := a.Status(t).Engines[string(network)]; s.DHTNodes < 1 {
			return errors.New("nobody is in the hash table")
		}
		return nil
	})
	folder := harness.Tree{"index.html": []byte("one")}.Write(t, "site")
	pub := a.Publish(t, folder, "--name", "blog")
	name := pub.IPNS
	if network == address.NetworkBitTorrent {
		name = pub.WTPKey
	}
	readers := func(want string) {
		t.Helper()
		eventually(t, func() error {
			b := start(t, c)
			defer b.Kill()
			got, err := b.TryGet(t, short(t, 10*time.Second), name, "/")
			if err != nil || got.Status != http.StatusOK || string(got.Body) != want {
				return fmt.Errorf("%s is %d %.300q, %v; want %q", name, got.Status, got.Body, err, want)
			}
			return nil
		})
	}
	readers("one")
	harness.Tree{"index.html": []byte("number two")}.WriteTo(t, folder)
	again := a.Publish(t, folder)
	if again.WTPKey != pub.WTPKey || again.IPNS != pub.IPNS || again.Mutable != "blog" {
		t.Fatalf("%+v after %+v", again, pub)
	}
	if got := string(a.Get(t, name, "/")); got != "number two" {
		t.Errorf("the publisher still shows %q", got)
	}
	readers("number two")
}

func TestWatchRepublishes(t *testing.T) {
	a := start(t, nil)
	tree := harness.Tree{"index.html": []byte("one")}
	folder := tree.Write(t, "site")
	watch := harness.Start(t, harness.Program{
		Path: binary, Args: []string{"publish", folder, "--watch", "--json", "--home", a.Home},
	})
	results := func(n int) []string {
		var lines []string
		eventually(t, func() error {
			lines = lines[:0]
			d := json.NewDecoder(strings.NewReader(watch.Output()))
			for {
				var p struct{ IPFS string }
				if d.Decode(&p) != nil {
					break
				}
				lines = append(lines, p.IPFS)
			}
			if len(lines) < n {
				return fmt.Errorf("%d of %d publications: %s", len(lines), n, watch.Output())
			}
			return nil
		})
		return lines
	}
	results(1)
	harness.Tree{"index.html": []byte("number two"), "new/page.html": []byte("new")}.WriteTo(t, folder)
	last := results(2)
	eventually(t, func() error {
		last = results(2)
		got, err := a.TryGet(t, short(t, 10*time.Second), last[len(last)-1], "/new/page.html")
		if err != nil || string(got.Body) != "new" {
			return fmt.Errorf("%d %.300q %v", got.Status, got.Body, err)
		}
		return nil
	})
}

func TestPublishedFilesThatChangeAreNotServedWrong(t *testing.T) {
	tree := harness.Website()
	folder := tree.Write(t, "site")
	a := start(t, harness.Config{"gateway.timeout": "3s"})
	pub := a.Publish(t, folder)
	changed := append([]byte(nil), tree["film.mp4"]...)
	for i := range changed {
		changed[i] ^= 0xff
	}
	must(t, os.WriteFile(filepath.Join(folder, "film.mp4"), changed, 0o600))
	b := start(t, harness.Config{"ipfs.bootstrap": a.Multiaddrs(t), "gateway.timeout": "3s"})
	b.Open(t, harness.WithPeers(pub.Magnet, a.TorrentPeer(t, "127.0.0.1")))
	for _, n := range []*harness.Node{a, b} {
		for _, at := range []string{pub.IPFS, pub.WTP} {
			if got, err := n.TryGet(t, short(t, 20*time.Second), at, "/film.mp4"); err == nil && got.Status == http.StatusOK {
				t.Errorf("%s was served: %d bytes, the old ones: %v", at, len(got.Body), bytes.Equal(got.Body, tree["film.mp4"]))
			}
			if got := n.Get(t, at, "/app.js"); !bytes.Equal(got, tree["app.js"]) {
				t.Errorf("app.js of %s is %q", at, got)
			}
		}
	}
}

func TestPinnedSitesAreFetchedWhole(t *testing.T) {
	tree := harness.Website()
	a := start(t, nil)
	pub := a.Publish(t, tree.Write(t, "site"))
	b := start(t, harness.Config{"ipfs.bootstrap": a.Multiaddrs(t)})
	b.Open(t, harness.WithPeers(pub.Magnet, a.TorrentPeer(t, "127.0.0.1")))
	for _, at := range []string{pub.IPFS, pub.WTP} {
		b.CLI(t, "pin", at)
		eventually(t, complete(t, b, at))
	}
	a.Kill()
	b.End(t)
	b = b.Restart(t)
	for _, at := range []string{pub.IPFS, pub.WTP} {
		tree.CheckSite(t, b, at)
	}
}

// complete reports whether the node has all of a site.
func complete(t *testing.T, n *harness.Node, at string) func() error {
	return func() error {
		known := knownSite(t, n, at)
		if !known.Pinned || known.Stats.Total == 0 || known.Stats.Stored < known.Stats.Total {
			return fmt.Errorf("%s: pinned %v, %d of %d bytes", at, known.Pinned, known.Stats.Stored, known.Stats.Total)
		}
		return nil
	}
}

func knownSite(t *testing.T, n *harness.Node, at string) site.Site {
	t.Helper()
	parsed, err := address.Parse(at)
	must(t, err)
	known, err := n.Client.Site(t.Context(), parsed.Root())
	must(t, err)
	return known
}

func TestGetWritesFolders(t *testing.T) {
	tree := harness.Website()
	a := start(t, nil)
	pub := a.Publish(t, tree.Write(t, "site"))
	b := start(t, harness.Config{"ipfs.bootstrap": a.Multiaddrs(t)})
	out := filepath.Join(t.TempDir(), "copy")
	b.CLI(t, "get", pub.IPFS, "-o", out)
	tree.CheckFolder(t, out)
	file := filepath.Join(t.TempDir(), "film")
	b.CLI(t, "get", pub.IPFS+"/film.mp4", "-o", file)
	if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, tree["film.mp4"]) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// Package extension runs the browser extension in a real Chromium beside a real
// node: connected by consent, followed through links, typed addresses and domains,
// and disconnected again. The cases are Playwright's, in tests.
package extension_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
)

const allWithin = 8 * time.Minute

func TestExtension(t *testing.T) {
	if testing.Short() {
		harness.Skip(t, "the browser tests are long")
	}
	cases := harness.NeedPlaywright(t, ".", allWithin)
	kith, err := harness.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	names := harness.StartDNS(t)
	// Slow, so that the two still have something for each other when it is looked.
	author := harness.StartNode(t, harness.Options{Binary: kith, Config: harness.Config{"bittorrent.upload_rate": "200 kB"}})
	site := harness.Tree{
		"index.html":  []byte("<!doctype html><title>Seen by peers</title><h1>Seen by peers</h1><a href=second.html>Second</a>"),
		"second.html": []byte("<!doctype html><title>Second</title><h1>Second</h1>"),
		"big.bin":     harness.Bytes(5, 48<<20),
	}
	pub := author.Publish(t, site.Write(t, "site"))
	names.Set("_dnslink.names.example", "dnslink="+pub.IPFS)
	names.Set("names.example", "wtpkey="+pub.WTP[len("wtp://"):])
	reader := harness.StartNode(t, harness.Options{Binary: kith, Config: harness.Config{
		"dns.server": names.Addr, "ipfs.bootstrap": author.Multiaddrs(t),
	}})
	// Known by its peer before the browser asks for it by its bare address.
	reader.Open(t, harness.WithPeers(pub.Magnet, author.TorrentPeer(t, "127.0.0.1")))
	reader.Get(t, pub.WTP, "/second.html")
	cases.Env = []string{
		"TMPDIR=" + t.TempDir(), "KITH_READER=" + reader.Console, "KITH_WTP=" + pub.WTP, "KITH_IPFS=" + pub.IPFS, "KITH_DOMAIN=names.example",
		"KITH_EXTENSION=" + filepath.Join(harness.Root(), "web", "dist", "extension"),
	}
	cases.Run(t)
}

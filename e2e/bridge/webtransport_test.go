package bridge

import (
	"strings"
	"testing"

	"github.com/kith-web/kith/e2e/harness"
	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/bittorrent"
	"github.com/kith-web/kith/internal/engine/bittorrent/metafile"
	"github.com/kith-web/kith/internal/engine/enginetest"
	"github.com/kith-web/kith/internal/engine/ipfs"
	"github.com/kith-web/kith/internal/store"
)

// bucket is a store for an engine of the test's own.
func bucket(t *testing.T, name string) *store.Bucket {
	t.Helper()
	db, err := store.Open(t.TempDir())
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	b, err := db.Bucket(name)
	must(t, err)
	return b
}

// pieces is a site opened in the test's own process, for its index.
func pieces(t *testing.T, e engine.Engine, a address.Address) (engine.Piecer, engine.Index) {
	t.Helper()
	s, err := e.Open(within(t), a)
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	p, ok := s.(engine.Piecer)
	if !ok {
		t.Fatalf("%T is no engine.Piecer", s)
	}
	x, err := p.Index(within(t))
	must(t, err)
	return p, x
}

// TestABrowserGetsATorrentOverWebTransport finds a node by a tracker as browsers
// do, and takes a whole site over WebTransport.
func TestABrowserGetsATorrentOverWebTransport(t *testing.T) {
	r := startRelay(t)
	n := r.node(t, harness.Config{"ipfs.enabled": false})
	tree := harness.Website()
	pub := n.Publish(t, tree.Write(t, "site"))
	e, err := bittorrent.New(bittorrent.Options{Dir: t.TempDir(), Store: bucket(t, "bittorrent")})
	must(t, err)
	t.Cleanup(func() { _ = e.Close() })
	a, err := address.Parse(harness.WithPeers(pub.Magnet, n.TorrentPeer(t, "127.0.0.1")))
	must(t, err)
	_, x := pieces(t, e, a)
	meta, err := metafile.ParseInfo(x.Data, metafile.Limits{})
	must(t, err)
	at := ask(t, r.ws, x.Swarm)
	l, err := newLeech(dial(t, at), x, func(i int) int { return int(meta.PieceSize(i)) })
	must(t, err)
	enginetest.CheckPieces(t, within(t), l, tree)
	if !strings.Contains(n.CLI(t, "sites", "--json"), `"webtransport"`) {
		t.Errorf("the node does not tell of its peer: %s", n.CLI(t, "sites", "--json"))
	}
}

// TestABrowserGetsAnIPFSSiteOverWebTransport does the same with a site of which
// BitTorrent programs know nothing.
func TestABrowserGetsAnIPFSSiteOverWebTransport(t *testing.T) {
	r := startRelay(t)
	n := r.node(t, nil)
	tree := harness.Website()
	folder := tree.Write(t, "site")
	pub := n.Publish(t, folder)
	e, err := ipfs.New(ipfs.Options{Dir: t.TempDir(), Store: bucket(t, "ipfs"), Listen: []string{"/ip4/127.0.0.1/tcp/0"}})
	must(t, err)
	t.Cleanup(func() { _ = e.Close() })
	a, _ := enginetest.Publish(t, e, folder, engine.DraftOptions{})
	p, x := pieces(t, e, a)
	if !strings.Contains(pub.IPFS, a.CID().String()) {
		t.Fatalf("the node published %s, the test %v", pub.IPFS, a)
	}
	at := ask(t, r.ws, x.Swarm)
	l, err := newLeech(dial(t, at), x, func(i int) int {
		data, err := p.Piece(within(t), i)
		if err != nil {
			t.Error(err)
		}
		return len(data)
	})
	must(t, err)
	enginetest.CheckPieces(t, within(t), l, tree)
}

package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
	"github.com/kith-web/kith/internal/address"
)

func TestKuboServesToKith(t *testing.T) {
	k := harness.StartKubo(t, harness.NeedKubo(t))
	tree := harness.Website()
	folder := tree.Write(t, "site")
	for name, more := range map[string][]string{
		"raw leaves": nil, "without raw leaves": {"--raw-leaves=false"}, "trickle": {"--trickle"}, "CIDv0": {"--cid-version=0"},
	} {
		t.Run(name, func(t *testing.T) {
			at := "ipfs://" + k.Add(t, folder, more...)
			b := start(t, only(address.NetworkIPFS, harness.Config{"ipfs.bootstrap": []string{k.Multiaddr(t)}}))
			tree.CheckSite(t, b, at)
		})
	}
}

func TestKuboFetchesFromKith(t *testing.T) {
	k := harness.StartKubo(t, harness.NeedKubo(t))
	tree := harness.Website()
	delete(tree, "empty.txt") // Kubo gets no empty raw block over bitswap, from Kubo neither
	a := start(t, only(address.NetworkIPFS, nil))
	pub := a.Publish(t, tree.Write(t, "site"))
	k.Run(t, "swarm", "connect", a.Multiaddrs(t)[0])
	out := filepath.Join(t.TempDir(), "copy")
	k.Run(t, "get", "--timeout=60s", "-o", out, pub.IPFS[len("ipfs://"):])
	tree.CheckFolder(t, out)
}

// TestKithAndKuboGiveOneCID: the same folder has the same address in the profile
// unixfs-v1-2025 (IPIP-499), so that Kubo's users and Kith's serve each other.
func TestKithAndKuboGiveOneCID(t *testing.T) {
	k := harness.NewKubo(t, harness.NeedKubo(t))
	folder := harness.Website().Write(t, "site")
	a := start(t, only(address.NetworkIPFS, nil))
	pub := a.Publish(t, folder)
	if cid := k.Add(t, folder, "--only-hash", "--chunker=size-1048576", "--max-file-links=1024"); "ipfs://"+cid != pub.IPFS {
		t.Errorf("Kubo says %s, Kith %s", cid, pub.IPFS)
	}
}

// TestALyingGateway has an HTTP gateway answer every request for a block with
// another one.
func TestALyingGateway(t *testing.T) {
	tree := harness.Website()
	a := start(t, only(address.NetworkIPFS, nil))
	pub := a.Publish(t, tree.Write(t, "site"))
	asked := make(chan struct{}, 1000)
	liar := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case asked <- struct{}{}:
		default:
		}
		w.Header().Set("Content-Type", "application/vnd.ipld.raw")
		_, _ = w.Write(tree["photo.bin"])
	}))
	defer liar.Close()
	alone := start(t, only(address.NetworkIPFS, harness.Config{"ipfs.gateways": []string{liar.URL}, "gateway.timeout": "4s"}))
	if got, err := alone.TryGet(t, short(t, 20*time.Second), pub.IPFS, "/app.js"); err == nil && got.Status == http.StatusOK {
		t.Errorf("a liar's answer was served: %.100q", got.Body)
	}
	if len(asked) == 0 {
		t.Error("the gateway was not asked: the test tries nothing")
	}
	both := start(t, only(address.NetworkIPFS, harness.Config{
		"ipfs.gateways": []string{liar.URL}, "ipfs.bootstrap": a.Multiaddrs(t),
	}))
	tree.CheckSite(t, both, pub.IPFS)
}

// TestAnHonestGateway reads a site through a trustless HTTP gateway alone:
// another node's.
func TestAnHonestGateway(t *testing.T) {
	tree := harness.Website()
	a := start(t, only(address.NetworkIPFS, nil))
	pub := a.Publish(t, tree.Write(t, "site"))
	b := start(t, only(address.NetworkIPFS, harness.Config{
		"ipfs.gateways": []string{fmt.Sprintf("http://127.0.0.1:%s", a.Port)},
	}))
	tree.CheckSite(t, b, pub.IPFS)
}

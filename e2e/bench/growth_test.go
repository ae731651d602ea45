package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/figure"
	"github.com/kith-web/kith/e2e/harness"
	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/publish"
)

// growing skips t unless curves are asked for, and says how many of the amounts to
// take: all, or the first two.
func growing[T any](t *testing.T, amounts ...T) []T {
	t.Helper()
	if os.Getenv(envGrowth) == "" {
		t.Skip("measured when " + envGrowth + " is set")
	}
	if os.Getenv(envSmall) != "" {
		return amounts[:2]
	}
	return amounts
}

// publishBy publishes a folder by a node's API, without a process of its own.
func publishBy(ctx context.Context, n *harness.Node, folder string) (p publish.Publication, err error) {
	err = n.Client.Publish(ctx, api.PublishRequest{Folder: folder}, func(e api.PublishEvent) {
		if e.Result != nil {
			p = *e.Result
		}
	})
	if err == nil && p.IPFS == "" {
		err = fmt.Errorf("%s: no result came", folder)
	}
	return p, err
}

// TestGrowthOfSize publishes, reads and fetches a file of every size.
func TestGrowthOfSize(t *testing.T) {
	sizes := growing(t, kib, 32*kib, mib, 32*mib, 1024*mib)
	b := newBench(t)
	pub, hot := figure.Contestant{Name: "Kith, to both networks"}, figure.Contestant{Name: "Kith, hot"}
	torrent, ipfs := figure.Contestant{Name: "Kith, cold by BitTorrent"}, figure.Contestant{Name: "Kith, cold by IPFS"}
	for _, size := range sizes {
		x := float64(size)
		folder, names := largeSite(t, size)
		read := func(n *harness.Node, at string) float64 {
			return 1000 * timed(func() {
				got, err := get(timeout(t, 5*time.Minute), n.Client.HTTP(), site(t, n, at)+"/"+names[0], "")
				must(t, err)
				check(t, got, int64(size))
			})
		}
		for range b.rounds {
			source := b.node(t, nil)
			var p publish.Publication
			pub.At(x, 1000*timed(func() {
				var err error
				p, err = publishBy(timeout(t, 5*time.Minute), source, folder)
				must(t, err)
			}))
			read(source, p.IPFS)
			hot.At(x, read(source, p.IPFS))
			n := b.node(t, nil)
			n.Open(t, harness.WithPeers(p.Magnet, source.TorrentPeer(t, "127.0.0.1")))
			torrent.At(x, read(n, p.WTP))
			n.End(t)
			n = b.node(t, harness.Config{"bittorrent.enabled": false, "ipfs.bootstrap": source.Multiaddrs(t)})
			connected(t, n)
			ipfs.At(x, read(n, p.IPFS))
			n.End(t)
			source.End(t)
		}
		must(t, os.RemoveAll(folder))
	}
	const group, axis, shape = "growth-size", "octets", "at most linear"
	figure.Save(t, figure.Grows(group, 1, "Publishing a file, by its size", "milliseconds", axis, shape, 1.05, pub))
	figure.Save(t, figure.Grows(group, 2, "Reading a file, by its size", "milliseconds", axis, shape, 1.05, hot, torrent, ipfs))
}

// TestGrowthOfSites has one node know ever more sites.
func TestGrowthOfSites(t *testing.T) {
	amounts := growing(t, 10, 100, 1000, 10_000)
	b := newBench(t)
	n := b.node(t, nil)
	memory, request, restart := figure.Contestant{Name: "Kith, memory"}, figure.Contestant{Name: "Kith, a page"}, figure.Contestant{Name: "Kith, start until ready"}
	publishing := figure.Contestant{Name: "Kith, publishing one more"}
	dir := t.TempDir()
	var known []string
	for _, amount := range amounts {
		x := float64(amount)
		before := len(known)
		took := timed(func() { known = append(known, b.moreSites(t, n, dir, before, amount)...) })
		publishing.At(x, 1000*took/float64(amount-before))
		u, err := harness.UsageOf(n.PID())
		must(t, err)
		memory.At(x, float64(u.RSS)/mib)
		for k := range 50 {
			at := site(t, n, known[(k*7919+13)%len(known)])
			request.At(x, 1000*timed(func() {
				_, err := get(timeout(t, time.Minute), n.Client.HTTP(), at+"/", "")
				must(t, err)
			}))
		}
		n.End(t)
		restart.At(x, 1000*timed(func() { n = n.Restart(t) }))
	}
	const group, axis = "growth-sites", "sites"
	figure.Save(t, figure.Grows(group, 1, "A request, by the sites a node knows", "milliseconds", axis, "flat", 0.25, request))
	figure.Save(t, figure.Grows(group, 2, "Publishing one more site, by the sites a node knows", "milliseconds", axis, "flat", 0.25, publishing))
	figure.Save(t, figure.Grows(group, 3, "Memory of a node, by its sites", "MiB", axis, "at most linear", 1, memory))
	figure.Save(t, figure.Grows(group, 4, "Start of a node, by its sites", "milliseconds", axis, "at most linear", 1, restart))
}

// moreSites publishes sites of one page, four at a time, and returns their addresses.
func (b *bench) moreSites(t *testing.T, n *harness.Node, dir string, from, to int) []string {
	t.Helper()
	all := make([]string, to-from)
	next := make(chan int, to-from)
	for i := range all {
		next <- i
	}
	close(next)
	errs := make(chan error, 4)
	ctx := timeout(t, 30*time.Minute)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range next {
				folder := filepath.Join(dir, fmt.Sprint(from+i))
				err := os.Mkdir(folder, 0o755)
				if err == nil {
					err = os.WriteFile(filepath.Join(folder, "index.html"), fmt.Appendf(nil, "<!doctype html><title>Site %d</title>", from+i), 0o644)
				}
				var p publish.Publication
				if err == nil {
					p, err = publishBy(ctx, n, folder)
				}
				if err != nil {
					errs <- err
					return
				}
				all[i] = p.IPFS
			}
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		t.Fatal(err)
	default:
	}
	return all
}

// TestGrowthOfPeers fetches one file from ever more peers at once.
func TestGrowthOfPeers(t *testing.T) {
	const size = 128 * mib
	amounts := growing(t, 1, 2, 4, 8, 16, 32)
	b := newBench(t)
	folder, names := largeSite(t, size)
	took, cpu := figure.Contestant{Name: "Kith, time"}, figure.Contestant{Name: "Kith, processor of who fetches"}
	var peers []string
	var pub publish.Publication
	for _, amount := range amounts {
		for len(peers) < amount {
			seeder := b.node(t, harness.Config{"ipfs.enabled": false})
			pub = seeder.Publish(t, folder)
			peers = append(peers, seeder.TorrentPeer(t, "127.0.0.1"))
		}
		for range b.rounds {
			n := b.node(t, harness.Config{"ipfs.enabled": false})
			before, err := harness.UsageOf(n.PID())
			must(t, err)
			took.At(float64(amount), timed(func() {
				n.Open(t, harness.WithPeers(pub.Magnet, peers...))
				check(t, fetch(t, n.Client.HTTP(), site(t, n, pub.WTP), names), size)
			}))
			after, err := harness.UsageOf(n.PID())
			must(t, err)
			cpu.At(float64(amount), (after.CPU - before.CPU).Seconds())
			n.End(t)
		}
	}
	figure.Save(t, figure.Grows("growth-peers", 1, "128 MiB by BitTorrent, by the peers who have it", "seconds", "peers", "flat: two cores bound it, whoever gives", 0.25, took, cpu))
}

package bench

import (
	"testing"

	"github.com/kith-web/kith/e2e/figure"
	"github.com/kith-web/kith/e2e/harness"
)

// coldIPFS reads from one peer of the same kind.
func (b *bench) coldIPFS(t *testing.T) []race {
	small, names := smallSite(t)
	large, film := largeSite(t, 200*mib)
	source := b.node(t, harness.Config{"bittorrent.enabled": false})
	pubs := map[string]string{small: source.Publish(t, small).IPFS, large: source.Publish(t, large).IPFS}
	peers := source.Multiaddrs(t)
	kith := func(dir string, files []string, size int64, result func(took float64) float64) func(*testing.T) float64 {
		return func(t *testing.T) float64 {
			n := b.node(t, harness.Config{"bittorrent.enabled": false, "ipfs.bootstrap": peers})
			connected(t, n)
			url := site(t, n, pubs[dir])
			return result(timed(func() { check(t, fetch(t, n.Client.HTTP(), url, files), size) }))
		}
	}
	var origin *harness.Kubo
	cids := map[string]string{}
	if b.kubo != "" {
		origin = harness.StartKubo(t, b.kubo)
		cids = map[string]string{small: origin.Add(t, small), large: origin.Add(t, large)}
	}
	kubo := func(dir string, files []string, size int64, result func(took float64) float64) func(*testing.T) float64 {
		return func(t *testing.T) float64 {
			k := harness.StartKubo(t, b.kubo)
			k.Run(t, "swarm", "connect", origin.Multiaddr(t))
			url := k.Gateway + "/ipfs/" + cids[dir]
			return result(timed(func() { check(t, fetch(t, client(t), url, files), size) }))
		}
	}
	seconds := func(took float64) float64 { return took }
	ms := func(took float64) float64 { return 1000 * took }
	rate := func(took float64) float64 { return 200 / took }
	none := missing(b.kubo != "", "set "+harness.EnvKubo)
	return []race{
		{
			title: "IPFS, cold, 200 MiB from one peer", unit: "MiB/s", more: true,
			goal: figure.Beat("1.3 times Kubo's rate", 1.3, "Kubo to Kubo"),
			by: []contestant{
				{name: "Kith to Kith", run: kith(large, film, 200*mib, rate)},
				{name: "Kubo to Kubo", run: kubo(large, film, 200*mib, rate), missing: none},
			},
		},
		{
			title: "IPFS, cold, 1,000 files of 10 KiB from one peer", unit: "seconds",
			goal: figure.Beat("a fifth of Kubo's time", 1.0/5, "Kubo to Kubo"),
			by: []contestant{
				{name: "Kith to Kith", run: kith(small, names, 1000*10*kib, seconds)},
				{name: "Kubo to Kubo", run: kubo(small, names, 1000*10*kib, seconds), missing: none},
			},
		},
		{
			title: "IPFS, cold, one file of 10 KiB of that site", unit: "milliseconds",
			goal: figure.Beat("no later than Kubo", 1, "Kubo to Kubo"),
			by: []contestant{
				{name: "Kith to Kith", run: kith(small, names[:1], 10*kib, ms)},
				{name: "Kubo to Kubo", run: kubo(small, names[:1], 10*kib, ms), missing: none},
			},
		},
	}
}

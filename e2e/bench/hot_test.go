package bench

import (
	"net/http"
	"testing"

	"github.com/kith-web/kith/e2e/figure"
	"github.com/kith-web/kith/e2e/harness"
)

// hot reads what was published, through the gateway of the same node.
func (b *bench) hot(t *testing.T) []race {
	small, names := smallSite(t)
	large, film := largeSite(t, 200*mib)
	kith := b.node(t, nil)
	pubSmall, pubLarge := kith.Publish(t, small), kith.Publish(t, large)
	own := kith.Client.HTTP()
	var kubo *harness.Kubo
	kuboURL := func(string) string { return "" }
	if b.kubo != "" {
		kubo = harness.StartKubo(t, b.kubo)
		cids := map[string]string{small: kubo.Add(t, small), large: kubo.Add(t, large)}
		kuboURL = func(dir string) string { return kubo.Gateway + "/ipfs/" + cids[dir] }
	}
	read := func(c *http.Client, url string, files []string, size int64, rate bool) func(*testing.T) float64 {
		return func(t *testing.T) float64 {
			fetch(t, c, url, files) // so that all find everything in the page cache
			took := timed(func() { check(t, fetch(t, c, url, files), size) })
			if rate {
				return float64(size) / mib / took
			}
			return took
		}
	}
	const smallSize, largeSize = 1000 * 10 * kib, 200 * mib
	other := client(t)
	none := missing(b.kubo != "", "set "+harness.EnvKubo)
	return []race{
		{
			title: "Hot, 1,000 files of 10 KiB through the gateway", unit: "seconds",
			goal: figure.Beat("a third of Kubo's time", 1.0/3, "Kubo"),
			by: []contestant{
				{name: "Kith, IPFS address", run: read(own, site(t, kith, pubSmall.IPFS), names, smallSize, false)},
				{name: "Kith, BitTorrent address", run: read(own, site(t, kith, pubSmall.WTP), names, smallSize, false)},
				{name: "Kubo", run: read(other, kuboURL(small), names, smallSize, false), missing: none},
			},
		},
		{
			title: "Hot, 200 MiB through the gateway", unit: "MiB/s", more: true,
			goal: figure.Beat("1.5 times Kubo's rate", 1.5, "Kubo"),
			by: []contestant{
				{name: "Kith, IPFS address", run: read(own, site(t, kith, pubLarge.IPFS), film, largeSize, true)},
				{name: "Kith, BitTorrent address", run: read(own, site(t, kith, pubLarge.WTP), film, largeSize, true)},
				{name: "Kubo", run: read(other, kuboURL(large), film, largeSize, true), missing: none},
			},
		},
	}
}

package bench

import (
	"path/filepath"
	"testing"

	"github.com/kith-web/kith/e2e/figure"
	"github.com/kith-web/kith/e2e/harness"
)

// publishing publishes 1 GiB.
func (b *bench) publishing(t *testing.T) []race {
	large, _ := largeSite(t, 1024*mib)
	publish := func(more ...string) func(t *testing.T) (took float64, grown int64) {
		return func(t *testing.T) (float64, int64) {
			n := b.node(t, nil)
			before, err := harness.DiskUsage(n.Home)
			must(t, err)
			took := timed(func() { n.Publish(t, large, more...) })
			n.End(t)
			after, err := harness.DiskUsage(n.Home)
			must(t, err)
			return took, after - before
		}
	}
	time := func(f func(t *testing.T) (float64, int64)) func(*testing.T) float64 {
		return func(t *testing.T) float64 { took, _ := f(t); return took }
	}
	others := func(t *testing.T) float64 {
		k := harness.NewKubo(t, b.kubo)
		return timed(func() {
			k.Add(t, large)
			harness.Run(t, harness.Program{Path: "mktorrent", Args: []string{
				"-l", "20", "-t", "2", "-o", filepath.Join(t.TempDir(), "t.torrent"), large,
			}})
		})
	}
	return []race{
		{
			title: "Publishing 1 GiB to both networks", unit: "seconds",
			goal: figure.Beat("a quarter of `ipfs add` plus `mktorrent`", 0.25, "ipfs add, then mktorrent"),
			by: []contestant{
				{name: "kith publish", run: time(publish())},
				{name: "kith publish --hybrid", run: time(publish("--hybrid"))},
				{
					name: "ipfs add, then mktorrent", run: others,
					missing: missing(b.kubo != "" && haveProgram("mktorrent"), "set "+harness.EnvKubo+" and install mktorrent"),
				},
			},
		},
		{
			title: "Disk taken by publishing 1 GiB", unit: "percent of its size",
			goal: figure.Reach("at most 2 percent", 2),
			by: []contestant{{name: "kith publish", run: func(t *testing.T) float64 {
				_, grown := publish()(t)
				return 100 * float64(grown) / (1024 * mib)
			}}},
		},
	}
}

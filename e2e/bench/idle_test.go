package bench

import (
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/figure"
	"github.com/kith-web/kith/e2e/harness"
)

// connected waits until the node has a peer.
func connected(t *testing.T, n *harness.Node) {
	t.Helper()
	for ctx := timeout(t, time.Minute); n.Status(t).Engines["ipfs"].Peers == 0; {
		if ctx.Err() != nil {
			t.Fatal("no peer after a minute")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// idle measures nodes that nobody uses.
func (b *bench) idle(t *testing.T) []race {
	const settle, span = 10 * time.Second, 20 * time.Second
	measure := func(t *testing.T, pid int) (memory, cpu float64) {
		time.Sleep(settle)
		before, err := harness.UsageOf(pid)
		must(t, err)
		time.Sleep(span)
		after, err := harness.UsageOf(pid)
		must(t, err)
		return float64(after.RSS) / mib, 100 * (after.CPU - before.CPU).Seconds() / span.Seconds()
	}
	// Memory and processor are measured together, when memory's turn comes.
	var kithCPU, kuboCPU []float64
	kith := func(t *testing.T) float64 {
		memory, cpu := measure(t, b.node(t, harness.Config{"bittorrent.dht": true, "ipfs.dht": "auto"}).PID())
		kithCPU = append(kithCPU, cpu)
		return memory
	}
	kubo := func(t *testing.T) float64 {
		k := harness.NewKubo(t, b.kubo)
		k.Run(t, "config", "Routing.Type", "auto")
		k.Start(t)
		memory, cpu := measure(t, k.PID())
		kuboCPU = append(kuboCPU, cpu)
		return memory
	}
	next := func(list *[]float64) func(*testing.T) float64 {
		return func(t *testing.T) float64 {
			if len(*list) == 0 {
				t.Skip("not measured: memory was left out")
			}
			v := (*list)[0]
			*list = (*list)[1:]
			return v
		}
	}
	none := missing(b.kubo != "", "set "+harness.EnvKubo)
	return []race{
		{
			title: "Idle memory", unit: "MiB", goal: figure.Reach("at most 120 MiB with both engines on", 120),
			by: []contestant{{name: "Kith", run: kith}, {name: "Kubo", run: kubo, missing: none}},
		},
		{
			title: "Idle processor", unit: "percent of a core", goal: figure.Reach("at most 1 percent with both engines on", 1),
			by: []contestant{{name: "Kith", run: next(&kithCPU)}, {name: "Kubo", run: next(&kuboCPU), missing: none}},
		},
	}
}

// ready measures the time from starting the program until it serves.
func (b *bench) ready(t *testing.T) []race {
	return []race{{
		title: "Start until ready", unit: "milliseconds", goal: figure.Reach("at most 500 ms with both engines on", 500),
		by: []contestant{
			{name: "Kith", run: func(t *testing.T) float64 {
				home := t.TempDir()
				b.nodeAt(t, home).End(t)
				return 1000 * timed(func() { b.nodeAt(t, home) })
			}},
			{name: "Kubo", run: func(t *testing.T) float64 {
				k := harness.NewKubo(t, b.kubo)
				return 1000 * timed(func() { k.Start(t) })
			}, missing: missing(b.kubo != "", "set "+harness.EnvKubo)},
		},
	}}
}

func (b *bench) nodeAt(t *testing.T, home string) *harness.Node {
	t.Helper()
	return harness.StartNode(t, harness.Options{Binary: b.binary, Home: home})
}

// streaming measures how much more memory a node takes while 2 GiB pass through
// it.
func (b *bench) streaming(t *testing.T) []race {
	const size = 2048
	large, film := largeSite(t, size*mib)
	source := b.node(t, nil)
	pub := source.Publish(t, large)
	grown := func(t *testing.T, n *harness.Node, at string) float64 {
		before, err := harness.UsageOf(n.PID())
		must(t, err)
		got, err := get(timeout(t, 5*time.Minute), n.Client.HTTP(), site(t, n, at)+"/"+film[0], "")
		must(t, err)
		check(t, got, size*mib)
		after, err := harness.UsageOf(n.PID())
		must(t, err)
		return float64(after.Peak-before.RSS) / mib
	}
	hot := func(at string) func(*testing.T) float64 {
		return func(t *testing.T) float64 {
			n := b.node(t, nil)
			n.Publish(t, large)
			return grown(t, n, at)
		}
	}
	return []race{{
		title: "Memory while 2 GiB stream through the gateway", unit: "MiB more than before",
		goal: figure.Reach("flat: at most 64 MiB more", 64),
		by: []contestant{
			{name: "Kith, hot, BitTorrent address", run: hot(pub.WTP)},
			{name: "Kith, hot, IPFS address", run: hot(pub.IPFS)},
			{name: "Kith, cold, BitTorrent address", run: func(t *testing.T) float64 {
				n := b.node(t, nil)
				n.Open(t, harness.WithPeers(pub.Magnet, source.TorrentPeer(t, "127.0.0.1")))
				return grown(t, n, pub.WTP)
			}},
			{name: "Kith, cold, IPFS address", run: func(t *testing.T) float64 {
				n := b.node(t, harness.Config{"ipfs.bootstrap": source.Multiaddrs(t)})
				return grown(t, n, pub.IPFS)
			}},
		},
	}}
}

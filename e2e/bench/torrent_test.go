package bench

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/figure"
	"github.com/kith-web/kith/e2e/harness"
	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/api"
)

// swarm is one torrent and a seeder of it.
type swarm struct {
	torrent string   // the .torrent file
	peer    string   // the seeder, host:port
	tracker string   // knows the seeder, for programs that cannot be told of a peer
	files   []string // below the site
	size    int64
	magnet  string
}

// seed makes a torrent and a libtorrent process that seeds it; without
// libtorrent, a Kith node.
func (b *bench) seed(t *testing.T, folder string, files []string, size int64) swarm {
	t.Helper()
	tracker := harness.StartTracker(t)
	s := swarm{torrent: filepath.Join(t.TempDir(), "t.torrent"), tracker: tracker.URL, files: files, size: size}
	harness.Run(t, harness.Program{
		Path: harness.Need(t, "mktorrent"), Args: []string{"-l", "18", "-a", tracker.URL, "-o", s.torrent, folder},
	})
	data, err := os.ReadFile(s.torrent)
	must(t, err)
	a, err := address.FromTorrent(data)
	must(t, err)
	s.magnet = a.Root().Magnet()
	if b.python == "" {
		t.Fatal("libtorrent is missing, which seeds for everybody")
	}
	p := harness.Start(t, harness.Program{
		Path: b.python, Args: []string{"peer.py", "seed", s.torrent, filepath.Dir(folder)}, Dir: peers(),
	})
	m, err := p.Await(timeout(t, time.Minute), regexp.MustCompile(`"peer": "([^"]*)"`))
	must(t, err)
	s.peer = m[1]
	must(t, tracker.Add(data, s.peer))
	return s
}

func peers() string { return filepath.Join(harness.Root(), "e2e", "peers") }

func timeout(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// kithTorrent opens the torrent on a new node and reads it through the gateway.
func (b *bench) kithTorrent(s swarm) func(*testing.T) float64 {
	return func(t *testing.T) float64 {
		n := b.node(t, harness.Config{"ipfs.enabled": false})
		url := site(t, n, s.magnet)
		torrent, err := os.ReadFile(s.torrent)
		must(t, err)
		return timed(func() {
			_, err := n.Client.ImportTorrent(t.Context(), bytes.NewReader(torrent))
			must(t, err)
			_, err = n.Client.Open(t.Context(), api.OpenRequest{Address: harness.WithPeers(s.magnet, s.peer)})
			must(t, err)
			check(t, fetch(t, n.Client.HTTP(), url, s.files), s.size)
		})
	}
}

func (b *bench) libtorrent(s swarm) func(*testing.T) float64 {
	return func(t *testing.T) float64 {
		out := harness.Run(t, harness.Program{
			Path: b.python, Args: []string{"peer.py", "get", s.torrent, t.TempDir(), s.peer}, Dir: peers(),
		})
		m := regexp.MustCompile(`"seconds": ([\d.]+)`).FindStringSubmatch(out)
		v, err := strconv.ParseFloat(m[1], 64)
		must(t, err)
		return v
	}
}

func aria2(s swarm) func(*testing.T) float64 {
	return func(t *testing.T) float64 {
		return timed(func() {
			harness.Run(t, harness.Program{Path: "aria2c", Args: []string{
				"--dir=" + t.TempDir(), "--listen-port=" + strconv.Itoa(harness.FreePort(t)), "--enable-dht=false",
				"--enable-dht6=false", "--bt-enable-lpd=false", "--enable-peer-exchange=false", "--file-allocation=none",
				"--no-conf", "--seed-time=0", "--summary-interval=0", "--disable-ipv6=true", s.torrent,
			}})
		})
	}
}

func rtorrent(s swarm) func(*testing.T) float64 {
	return func(t *testing.T) float64 {
		dir := t.TempDir()
		config := filepath.Join(dir, "rc")
		must(t, os.WriteFile(config, []byte(`
directory.default.set = `+dir+`
session.path.set = `+dir+`
network.bind_address.set = 127.0.0.1
network.port_range.set = 20000-60000
network.port_random.set = yes
dht.mode.set = off
protocol.pex.set = no
trackers.use_udp.set = no
pieces.hash.on_completion.set = no
system.daemon.set = true
method.set_key = event.download.finished, done, "execute.nothrow=touch,`+dir+`/done"
load.start = `+s.torrent+`
`), 0o600))
		var p *harness.Process
		took := timed(func() {
			p = harness.Start(t, harness.Program{Path: "rtorrent", Args: []string{"-n", "-o", "import=" + config}})
			for ctx := timeout(t, 20*time.Second); ; {
				if _, err := os.Stat(filepath.Join(dir, "done")); err == nil {
					return
				}
				if ctx.Err() != nil {
					t.Skip("rtorrent did not finish") // it waits for the tracker's next turn now and then
				}
				time.Sleep(5 * time.Millisecond)
			}
		})
		p.Kill()
		return took
	}
}

// webtorrent reads the torrent through webtorrent's own HTTP server.
func (b *bench) webtorrent(s swarm) func(*testing.T) float64 {
	return func(t *testing.T) float64 {
		p := harness.Start(t, harness.Program{
			Path: "node", Args: []string{"webtorrent.js", "get", s.torrent, t.TempDir()}, Dir: b.modules,
			Env: []string{"WEBTORRENT_TCP=1", "WEBTORRENT_PEER=" + s.peer},
		})
		m, err := p.Await(timeout(t, 2*time.Minute), regexp.MustCompile(`"seconds":([\d.]+)`))
		must(t, err)
		p.Kill()
		v, err := strconv.ParseFloat(m[1], 64)
		must(t, err)
		return v
	}
}

// coldTorrent loads torrents from one peer.
func (b *bench) coldTorrent(t *testing.T) []race {
	if b.python == "" || !haveProgram("mktorrent") {
		return nil
	}
	small, names := smallSite(t)
	large, film := largeSite(t, 200*mib)
	var out []race
	for _, c := range []struct {
		title string
		swarm swarm
		goal  *figure.Goal
	}{
		{
			"BitTorrent, cold, 1,000 files of 10 KiB from one peer", b.seed(t, small, names, 1000*10*kib),
			figure.Beat("a third of libtorrent's time", 1.0/3, "libtorrent"),
		},
		{
			"BitTorrent, cold, 200 MiB from one peer", b.seed(t, large, film, 200*mib),
			figure.Beat("ahead of libtorrent, rtorrent, webtorrent and aria2c", 1, "libtorrent", "rtorrent", "webtorrent", "aria2c"),
		},
	} {
		out = append(out, race{title: c.title, unit: "seconds", goal: c.goal, by: []contestant{
			{name: "Kith, through its gateway", run: b.kithTorrent(c.swarm)},
			{name: "libtorrent", run: b.libtorrent(c.swarm)},
			{name: "rtorrent", run: rtorrent(c.swarm), missing: missing(haveProgram("rtorrent"), "not installed")},
			{name: "webtorrent", run: b.webtorrent(c.swarm), missing: missing(b.modules != "", "not installed")},
			{name: "aria2c", run: aria2(c.swarm), missing: missing(haveProgram("aria2c"), "not installed")},
		}})
	}
	return out
}

// seek reads 64 KiB from the middle of a 1 GiB file that nothing is known of.
func (b *bench) seek(t *testing.T) []race {
	if b.python == "" || !haveProgram("mktorrent") {
		return nil
	}
	large, film := largeSite(t, 1024*mib)
	s := b.seed(t, large, film, 1024*mib)
	const middle = "536870912-536936447"
	kith := func(t *testing.T) float64 {
		n := b.node(t, harness.Config{"ipfs.enabled": false})
		n.Open(t, harness.WithPeers(s.magnet, s.peer))
		url := site(t, n, s.magnet) + "/" + film[0]
		_, err := get(t.Context(), n.Client.HTTP(), url, "0-65535") // the player's first request
		must(t, err)
		return 1000 * timed(func() {
			got, err := get(t.Context(), n.Client.HTTP(), url, middle)
			must(t, err)
			check(t, got, 64*kib)
		})
	}
	webtorrent := func(t *testing.T) float64 {
		p := harness.Start(t, harness.Program{
			Path: "node", Args: []string{"webtorrent.js", "serve", s.torrent, t.TempDir()}, Dir: b.modules,
			Env: []string{"WEBTORRENT_TCP=1", "WEBTORRENT_PEER=" + s.peer},
		})
		m, err := p.Await(timeout(t, time.Minute), regexp.MustCompile(`"serving":"([^"]*)"`))
		must(t, err)
		url := m[1] + "/0/" + film[0]
		c := client(t)
		_, err = get(t.Context(), c, url, "0-65535")
		must(t, err)
		return 1000 * timed(func() {
			got, err := get(t.Context(), c, url, middle)
			must(t, err)
			check(t, got, 64*kib)
		})
	}
	return []race{{
		title: "BitTorrent, seek to the middle of 1 GiB, 64 KiB", unit: "milliseconds",
		goal: figure.Beat("three round trips plus one piece; on loopback, before webtorrent", 1, "webtorrent"),
		by: []contestant{
			{name: "Kith, through its gateway", run: kith},
			{name: "webtorrent", run: webtorrent, missing: missing(b.modules != "", "not installed")},
		},
	}}
}

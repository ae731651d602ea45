package bench

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/kith-web/kith/e2e/figure"
	"github.com/kith-web/kith/e2e/harness"
)

// envChihaya names the tracker chihaya, which has no package.
const envChihaya = "KITH_CHIHAYA"

// idleSockets is how many WebSockets stay open on an idle tracker.
const idleSockets = 20_000

func withTime(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), d)
}

// measureCPU returns what a process took of a processor in span, after settle,
// and by how much count grew.
func measureCPU(t *testing.T, pid int, count *atomic.Int64, settle, span time.Duration) (time.Duration, int64) {
	t.Helper()
	time.Sleep(settle)
	before, err := harness.UsageOf(pid)
	must(t, err)
	n := count.Load()
	time.Sleep(span)
	after, err := harness.UsageOf(pid)
	must(t, err)
	return after.CPU - before.CPU, count.Load() - n
}

// server is a tracker that runs.
type server struct {
	process *harness.Process
	addr    string
}

// started waits until a tracker takes connections.
func started(t *testing.T, p harness.Program, addr string) server {
	t.Helper()
	s := server{harness.Start(t, p), addr}
	for ctx := timeout(t, 30*time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			_ = conn.Close()
			return s
		}
		if ctx.Err() != nil {
			t.Fatalf("no tracker at %s: %v\n%s", addr, err, s.process.Output())
		}
	}
}

// relay starts Kith's, without limits that are for strangers.
func (b *bench) relay(t *testing.T) server {
	home, addr := t.TempDir(), harness.Loopback(harness.FreePort(t))
	must(t, os.WriteFile(filepath.Join(home, "config.toml"), []byte("[relay]\nrate = 100000000\nconnections = 100000\n"), 0o600))
	return started(t, harness.Program{Path: b.binary, Args: []string{"relay", "--home", home, "--listen", addr}}, addr)
}

// npmTracker starts the tracker of WebTorrent.
func (b *bench) npmTracker(t *testing.T) server {
	port := harness.FreePort(t)
	script := filepath.Join(t.TempDir(), "tracker.mjs")
	must(t, os.WriteFile(script, fmt.Appendf(nil, `import Server from %q;
new Server({ udp: true, http: true, ws: true, stats: false }).listen(%d, { http: "127.0.0.1", udp: "127.0.0.1", udp6: "::1" });
`, filepath.Join(b.modules, "node_modules", "bittorrent-tracker-11", "server.js"), port), 0o600))
	return started(t, harness.Program{Path: "node", Args: []string{script}}, harness.Loopback(port))
}

// opentracker starts the one that Debian packages, which serves only the swarms
// of a list.
func (b *bench) opentracker(t *testing.T) server {
	port := harness.FreePort(t)
	p := strconv.Itoa(port)
	dir, err := os.MkdirTemp("", "opentracker") // it goes on as nobody, who has to get there
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	var list []byte
	for i := range swarms {
		list = fmt.Appendf(list, "%X\n", swarmHash(i))
	}
	must(t, os.WriteFile(filepath.Join(dir, "list"), list, 0o644))
	return started(t, harness.Program{
		Path: "opentracker", Args: []string{"-i", "127.0.0.1", "-p", p, "-P", p, "-d", dir, "-w", "/list"},
	}, harness.Loopback(port))
}

func (b *bench) chihayaTracker(t *testing.T) server {
	addr := harness.Loopback(harness.FreePort(t))
	config := filepath.Join(t.TempDir(), "chihaya.yaml")
	must(t, os.WriteFile(config, fmt.Appendf(nil, `chihaya:
  announce_interval: 30m
  min_announce_interval: 15m
  metrics_addr: "127.0.0.1:0"
  http: {addr: %q, read_timeout: 30s, write_timeout: 30s, enable_keepalive: true, idle_timeout: 60s, announce_routes: ["/announce"], scrape_routes: ["/scrape"], max_numwant: 50, default_numwant: 50}
  udp: {addr: %q, max_clock_skew: 10s, private_key: "a key for the benchmark", max_numwant: 50, default_numwant: 50}
  storage: {name: memory, config: {gc_interval: 3m, peer_lifetime: 31m, shard_count: 1024, prometheus_reporting_interval: 1m}}
`, addr, addr), 0o600))
	return started(t, harness.Program{Path: os.Getenv(envChihaya), Args: []string{"--config", config}}, addr)
}

// trackers measures announces, and WebSockets that only wait.
func (b *bench) trackers(t *testing.T) []race {
	noNPM := missing(b.modules != "", "npm ci --ignore-scripts --prefix e2e/peers")
	noChihaya := missing(os.Getenv(envChihaya) != "", "set "+envChihaya)
	noOpen := missing(haveProgram("opentracker"), "apt install opentracker")
	rate := func(start func(*testing.T) server, clients int, by announcer) func(*testing.T) float64 {
		return func(t *testing.T) float64 {
			s := start(t)
			return announceRate(t, s.process.PID(), s.addr, clients, by)
		}
	}
	const unit = "announces for each second of its processor time"
	return []race{
		{
			title: "Announces over WebSocket, with five offers", unit: unit, more: true,
			goal: figure.Beat("at least 2.7 times bittorrent-tracker", 2.7, "bittorrent-tracker"),
			by: []contestant{
				{name: "Kith", run: rate(b.relay, 200, announceWS)},
				{name: "bittorrent-tracker", run: rate(b.npmTracker, 200, announceWS), missing: noNPM},
			},
		},
		{
			title: "Announces over HTTP", unit: unit, more: true,
			goal: figure.Beat("at least 1.4 times chihaya", 1.4, "chihaya"),
			by: []contestant{
				{name: "Kith", run: rate(b.relay, 16, announceHTTP)},
				{name: "chihaya", run: rate(b.chihayaTracker, 16, announceHTTP), missing: noChihaya},
				{name: "bittorrent-tracker", run: rate(b.npmTracker, 16, announceHTTP), missing: noNPM},
			},
		},
		{
			title: "Announces over UDP", unit: unit, more: true,
			goal: figure.Beat("at least as many as opentracker", 1, "opentracker"),
			by: []contestant{
				{name: "Kith", run: rate(b.relay, 8, announceUDP)},
				{name: "opentracker", run: rate(b.opentracker, 8, announceUDP), missing: noOpen},
				{name: "chihaya", run: rate(b.chihayaTracker, 8, announceUDP), missing: noChihaya},
				{name: "bittorrent-tracker", run: rate(b.npmTracker, 8, announceUDP), missing: noNPM},
			},
		},
		{
			title: "Memory with 20,000 idle WebSockets", unit: "MiB", goal: figure.Reach("at most 250 MiB", 250),
			by: []contestant{
				{name: "Kith", run: func(t *testing.T) float64 { return idleMemory(t, b.relay(t)) }},
				{name: "bittorrent-tracker", run: func(t *testing.T) float64 { return idleMemory(t, b.npmTracker(t)) }, missing: noNPM},
			},
		},
	}
}

// idleMemory opens WebSockets, each in a swarm, and returns what the tracker's
// process holds then. Where the system allows fewer, it is what so many would hold
// together.
func idleMemory(t *testing.T, s server) float64 {
	t.Helper()
	var open []*websocket.Conn
	defer func() {
		for _, c := range open {
			_ = c.CloseNow()
		}
	}()
	for i := range idleSockets {
		c, err := openSocket(s.addr, i)
		if i > idleSockets*9/10 && err != nil { // here or there the system allows no more
			t.Logf("socket %d: %v", i, err)
			for _, c := range open[len(open)-100:] { // what this process needs itself
				_ = c.CloseNow()
			}
			open = open[:len(open)-100]
			break
		}
		if err != nil {
			t.Fatalf("socket %d: %v", i, err)
		}
		open = append(open, c)
	}
	u, err := harness.UsageOf(s.process.PID())
	must(t, err)
	t.Logf("%d sockets", len(open))
	return float64(u.RSS) / mib * idleSockets / float64(len(open))
}

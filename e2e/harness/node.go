package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/publish"
)

// Times that a node may take.
const (
	readyTime = 30 * time.Second // to start, on a machine that does much else
	stopTime  = 5 * time.Second  // to end after SIGTERM: the command line's promise
)

var readyLine = regexp.MustCompile(`ready\b.*(http://localhost:(\d+)/)`)

// Config sets keys of a node's configuration, "table.key" to value.
type Config map[string]any

// quiet is a node that talks to nobody.
func quiet() Config {
	return Config{
		"gateway.timeout":   "20s",
		"bittorrent.listen": "127.0.0.1:0", "bittorrent.trackers": []string{}, "bittorrent.dht": false,
		"bittorrent.dht_bootstrap": []string{}, "bittorrent.webrtc": false,
		"ipfs.listen": []string{"127.0.0.1:0"}, "ipfs.bootstrap": []string{}, "ipfs.dht": "off",
		"ipfs.reach": false, "ipfs.routers": []string{}, "ipfs.gateways": []string{},
		"dns.server": "off", "dns.well_known": false, "webrtc.stun": []string{}, "webtransport.listen": "127.0.0.1:0",
		"nearby.enabled": false,
		"friends.listen": "127.0.0.1:0", "friends.keyring": false,
	}
}

// toml writes the configuration; JSON's strings, numbers, booleans and lists are
// TOML's too.
func (c Config) toml() (string, error) {
	var b strings.Builder
	table := ""
	for _, key := range slices.Sorted(maps.Keys(c)) {
		t, k, _ := strings.Cut(key, ".")
		if t != table {
			fmt.Fprintf(&b, "[%s]\n", t)
			table = t
		}
		value, err := json.Marshal(c[key])
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "%s = %s\n", k, value)
	}
	return b.String(), nil
}

// Options say how to start a Node.
type Options struct {
	// Binary is the kith program.
	Binary string
	// Home is the node's home; "" for a new one.
	Home string
	// Config is set over a configuration that talks to nobody.
	Config Config
	// Namespace is the network namespace to run in; "" for ours.
	Namespace string
	// Env is added to the environment.
	Env []string
}

// Node is a running kith node.
type Node struct {
	*Process
	Home    string
	Console string // its URL
	Port    string
	// Client is nil in another network namespace.
	Client  *api.Client
	options Options
}

// StartNode starts a node and waits until it is ready.
func StartNode(t testing.TB, o Options) *Node {
	t.Helper()
	n, err := TryStartNode(t, o)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TryStartNode starts a node that may refuse to.
func TryStartNode(t testing.TB, o Options) (*Node, error) {
	t.Helper()
	if o.Home == "" {
		o.Home = t.TempDir()
	}
	c := quiet()
	maps.Copy(c, o.Config)
	text, err := c.toml()
	if err != nil {
		return nil, err
	}
	config := filepath.Join(o.Home, "config.toml")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	listen, ok := o.Config["gateway.listen"].(string)
	if !ok {
		listen = "127.0.0.1:0"
	}
	n := &Node{Home: o.Home, options: o}
	n.Process = Start(t, Program{
		Path: o.Binary, Args: []string{"up", "--home", o.Home, "--listen", listen}, Namespace: o.Namespace, Env: o.Env,
	})
	ctx, cancel := context.WithTimeout(t.Context(), readyTime)
	defer cancel()
	m, err := n.Await(ctx, readyLine)
	if err != nil {
		return nil, err
	}
	n.Console, n.Port = m[1], m[2]
	if o.Namespace == "" {
		n.Client, err = api.Dial(ctx, o.Home)
	}
	return n, err
}

// Restart starts a node again that has ended, with the same home.
func (n *Node) Restart(t testing.TB) *Node {
	t.Helper()
	o := n.options
	o.Home = n.Home
	return StartNode(t, o)
}

// End stops the node as a person does, and fails t unless it ends well and in time.
func (n *Node) End(t testing.TB) {
	t.Helper()
	if err := n.Stop(stopTime); err != nil {
		t.Errorf("the node ended badly: %v\n%s", err, tail(n.Output(), 4000))
	}
}

// CLI runs a command against the node and returns its standard output.
func (n *Node) CLI(t testing.TB, args ...string) string {
	t.Helper()
	return Run(t, n.Command(args...))
}

// TryCLI runs a command that may fail.
func (n *Node) TryCLI(t testing.TB, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	return TryRun(t, n.Command(args...))
}

// Command is a command of the node's own person.
func (n *Node) Command(args ...string) Program {
	return Program{Path: n.options.Binary, Args: append(args, "--home", n.Home), Namespace: n.options.Namespace}
}

// Publish publishes a folder by the command line.
func (n *Node) Publish(t testing.TB, folder string, args ...string) publish.Publication {
	t.Helper()
	var p publish.Publication
	out := n.CLI(t, append([]string{"publish", folder, "--json"}, args...)...)
	if err := json.Unmarshal([]byte(out), &p); err != nil {
		t.Fatalf("kith publish --json printed %q: %v", out, err)
	}
	return p
}

// Open begins to open an address, hints included.
func (n *Node) Open(t testing.TB, a string) api.Opened {
	t.Helper()
	o, err := n.Client.Open(t.Context(), api.OpenRequest{Address: a})
	if err != nil {
		t.Fatalf("open %s: %v", a, err)
	}
	return o
}

// URL is where the node shows path of the site at a.
func (n *Node) URL(t testing.TB, a, path string) string {
	t.Helper()
	parsed, err := address.Parse(a)
	if err != nil {
		t.Fatal(err)
	}
	parsed = parsed.Root()
	parsed.Path = path
	u, err := parsed.URL("localhost:" + n.Port)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// Answer is what the gateway answered.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do sends a request to the node, whatever its URL's host, as a script does.
func (n *Node) Do(t testing.TB, r *http.Request) (Answer, error) {
	t.Helper()
	resp, err := n.Client.HTTP().Do(r)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return Answer{resp.StatusCode, resp.Header, body}, err
}

// Get fetches a path of a site, which must work.
func (n *Node) Get(t testing.TB, a, path string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	got, err := n.TryGet(t, ctx, a, path)
	if err != nil || got.Status != http.StatusOK {
		t.Fatalf("GET %s of %s: status %d, %v: %.500s", path, a, got.Status, err, got.Body)
	}
	return got.Body
}

// TryGet fetches a path of a site.
func (n *Node) TryGet(t testing.TB, ctx context.Context, a, path string) (Answer, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, n.URL(t, a, path), nil)
	if err != nil {
		return Answer{}, err
	}
	return n.Do(t, r)
}

// Status returns what the node says of itself.
func (n *Node) Status(t testing.TB) api.Status {
	t.Helper()
	if n.Client != nil {
		s, err := n.Client.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	var s api.Status
	if err := json.Unmarshal([]byte(n.CLI(t, "status", "--json")), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// TorrentPeer is where BitTorrent peers connect to the node, as host:port on the
// given host.
func (n *Node) TorrentPeer(t testing.TB, host string) string {
	t.Helper()
	for _, l := range n.Status(t).Engines[string(address.NetworkBitTorrent)].Listen {
		l = l[strings.LastIndex(l, "/")+1:]
		if _, port, err := net.SplitHostPort(l); err == nil {
			return net.JoinHostPort(host, port)
		}
	}
	t.Fatal("the node does not listen for BitTorrent peers")
	return ""
}

// Multiaddrs are where IPFS peers connect to the node, over TCP on loopback.
func (n *Node) Multiaddrs(t testing.TB) []string {
	t.Helper()
	s := n.Status(t).Engines[string(address.NetworkIPFS)]
	var out []string
	for _, l := range s.Listen {
		if strings.HasPrefix(l, "/ip4/127.0.0.1/tcp/") && !strings.Contains(l, "/ws") {
			l, _, _ = strings.Cut(l, "/p2p/")
			out = append(out, l+"/p2p/"+s.PeerID)
		}
	}
	if len(out) == 0 {
		t.Fatalf("the node does not listen for IPFS peers on loopback: %v", s.Listen)
	}
	return out
}

// WithPeers adds peer hints to a magnet link (x.pe, BEP 9).
func WithPeers(magnet string, peers ...string) string {
	for _, p := range peers {
		magnet += "&x.pe=" + p
	}
	return magnet
}

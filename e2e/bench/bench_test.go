package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
)

// What ./bench sets.
const (
	envGroups = "KITH_BENCH"        // groups to run, "hot ipfs"
	envRuns   = "KITH_BENCH_RUNS"   // runs of each contestant
	envGrowth = "KITH_BENCH_GROWTH" // asks for the curves
	envSmall  = "KITH_BENCH_SMALL"  // short curves, to try that they work
)

const (
	kib = 1 << 10
	mib = 1 << 20
)

// connections is how many a browser opens to one origin.
const connections = 6

// bench is what the races share.
type bench struct {
	binary  string
	kubo    string // "" when missing
	modules string // "" when webtorrent is missing
	python  string // "" when libtorrent is missing

	rounds   int
	versions map[string]string // of peers, by a part of the contestant's name
}

// newBench builds Kith and looks for the peers.
func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{kubo: os.Getenv(harness.EnvKubo), rounds: 3}
	if n, err := strconv.Atoi(os.Getenv(envRuns)); err == nil && n > 0 {
		b.rounds = n
	}
	var err error
	if b.binary, err = harness.Build(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	b.look()
	return b
}

func TestBenchmarks(t *testing.T) {
	groups := strings.Fields(os.Getenv(envGroups))
	if len(groups) == 0 {
		t.Skip("only ./bench runs the benchmarks")
	}
	b := newBench(t)
	for name, races := range map[string]func(*testing.T) []race{
		"hot": b.hot, "torrent": b.coldTorrent, "seek": b.seek, "ipfs": b.coldIPFS, "publish": b.publishing,
		"ready": b.ready, "stream": b.streaming, "idle": b.idle, "tracker": b.trackers, "mailbox": b.mailbox,
	} {
		if !slices.Contains(groups, name) {
			continue
		}
		t.Run(name, func(t *testing.T) { // what a group starts ends with it
			for i, r := range races(t) {
				r.compete(t, b, name, i+1)
			}
		})
	}
}

// look finds the peers and their versions.
func (b *bench) look() {
	b.versions = map[string]string{}
	if b.kubo != "" {
		b.versions["kubo"] = strings.Replace(version(b.kubo, "version"), "ipfs version", "Kubo", 1)
		b.versions["ipfs add"] = b.versions["kubo"]
	}
	dir := filepath.Join(harness.Root(), "e2e", "peers")
	for name, folder := range map[string]string{"webtorrent": "webtorrent", "bittorrent-tracker": "bittorrent-tracker-11"} {
		if _, err := os.Stat(filepath.Join(dir, "node_modules", folder)); err == nil {
			b.modules = dir
			b.versions[name] = name + " " + version("node", "-p", "require('"+filepath.Join(dir, "node_modules", folder, "package.json")+"').version")
		}
	}
	const python = "/usr/bin/python3"
	if out, err := exec.Command(python, "-c", "import libtorrent as l; print(l.__version__)").Output(); err == nil {
		b.python = python
		b.versions["libtorrent"] = "libtorrent " + strings.TrimSpace(string(out))
	}
	for p, args := range map[string][]string{"aria2c": {"--version"}, "rtorrent": {"-h"}, "mktorrent": {"-h"}} {
		if haveProgram(p) {
			v, _, _ := strings.Cut(strings.NewReplacer("Rakshasa's BitTorrent client version", "rtorrent", " version", "").Replace(version(p, args...)), " (c)")
			b.versions[p] = strings.TrimSuffix(v, ".")
		}
	}
}

// version asks a program for its version and returns the first line of the
// answer that has a digit.
func version(name string, args ...string) string {
	out, _ := exec.Command(name, args...).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.ContainsAny(line, "0123456789") {
			return strings.TrimSpace(line)
		}
	}
	return name
}

// node starts a node.
func (b *bench) node(t *testing.T, c harness.Config) *harness.Node {
	t.Helper()
	return harness.StartNode(t, harness.Options{Binary: b.binary, Config: c})
}

// missing explains why a contestant cannot run.
func missing(have bool, what string) string {
	if have {
		return ""
	}
	return what
}

func haveProgram(name string) bool {
	_, err := exec.LookPath(name)
	return err == nil
}

// smallSite is 1,000 files of 10 KiB; largeSite one of the given size. Both are made
// once.
func smallSite(t *testing.T) (dir string, files []string) {
	t.Helper()
	tree := harness.Small(1000)
	delete(tree, "index.html")
	for name := range tree {
		files = append(files, name)
	}
	return tree.Write(t, "small"), files
}

func largeSite(t *testing.T, size int) (dir string, files []string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "large")
	must(t, os.Mkdir(dir, 0o755))
	f, err := os.Create(filepath.Join(dir, "film.mp4"))
	must(t, err)
	for part := range size / (16 * mib) {
		_, err = f.Write(harness.Bytes(uint64(part)+1000, 16*mib))
		must(t, err)
	}
	if rest := size % (16 * mib); rest > 0 {
		_, err = f.Write(harness.Bytes(999, rest))
		must(t, err)
	}
	must(t, f.Close())
	return dir, []string{"film.mp4"}
}

// fetch reads all files below url by some connections at once, and returns how
// many bytes there were.
func fetch(t *testing.T, client *http.Client, url string, files []string) (total int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	work := make(chan string, len(files))
	for _, f := range files {
		work <- f
	}
	close(work)
	var mu sync.Mutex
	var wg sync.WaitGroup
	var failed error
	for range min(connections, len(files)) {
		wg.Go(func() {
			buf := make([]byte, readSize)
			for name := range work {
				n, err := getInto(ctx, client, url+"/"+name, "", buf)
				mu.Lock()
				total += n
				if err != nil && failed == nil {
					failed = err
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	must(t, failed)
	return total
}

// readSize is how much is read at once, so much that the client is not what is
// measured.
const readSize = 256 * kib

// get reads one URL, or a range of it.
func get(ctx context.Context, client *http.Client, url, bytes string) (int64, error) {
	return getInto(ctx, client, url, bytes, make([]byte, readSize))
}

func getInto(ctx context.Context, client *http.Client, url, bytes string, buf []byte) (int64, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	if bytes != "" {
		r.Header.Set("Range", "bytes="+bytes)
	}
	resp, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusPartialContent {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 300))
		return 0, fmt.Errorf("%s: %s: %s", url, resp.Status, text)
	}
	return io.CopyBuffer(struct{ io.Writer }{io.Discard}, resp.Body, buf)
}

// timed returns the seconds f takes.
func timed(f func()) float64 {
	begin := time.Now()
	f()
	return time.Since(begin).Seconds()
}

// client is an HTTP client for programs other than Kith.
func client(t *testing.T) *http.Client {
	tr := &http.Transport{MaxIdleConnsPerHost: connections, DisableCompression: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// check fails t unless all bytes came.
func check(t *testing.T, got int64, want int64) {
	t.Helper()
	if got != want {
		t.Fatalf("%d bytes came, want %d", got, want)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// site returns the URL of a site, without a final slash.
func site(t *testing.T, n *harness.Node, at string) string {
	t.Helper()
	return strings.TrimSuffix(n.URL(t, at, ""), "/")
}

// Package browser runs Kith as people see it: real nodes, and a real Chromium
// that opens, publishes and is kept out. The cases are Playwright's, in tests;
// this test starts what they need and reports each of them as its own.
package browser_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
)

const (
	readyWithin = 30 * time.Second
	stopWithin  = 10 * time.Second
	allWithin   = 15 * time.Minute
)

// quiet is the configuration of a node that talks to nobody it was not told of.
const quiet = `
[bittorrent]
listen = "127.0.0.1:%d"
trackers = []
dht = false
dht_bootstrap = []
webrtc = false
[ipfs]
listen = ["127.0.0.1:0"]
bootstrap = []
dht = "off"
reach = false
routers = []
gateways = []
[dns]
server = "off"
well_known = false
[webtransport]
listen = "127.0.0.1:0"
[webrtc]
stun = []
[nearby]
enabled = false
`

func TestBrowser(t *testing.T) {
	if testing.Short() {
		harness.Skip(t, "the browser tests are long")
	}
	cases := harness.NeedPlaywright(t, ".", allWithin)
	scratch := t.TempDir() // outlives the nodes, which read published folders in place
	kith := build(t)
	reader := start(t, kith, "reader")
	author := start(t, kith, "author")
	cases.Env = []string{
		"TMPDIR=" + scratch,
		"KITH_BIN=" + kith,
		"KITH_READER=" + reader.console, "KITH_READER_HOME=" + reader.home,
		"KITH_AUTHOR=" + author.console, "KITH_AUTHOR_HOME=" + author.home,
		fmt.Sprintf("KITH_AUTHOR_PEER=127.0.0.1:%d", author.peerPort),
	}
	cases.Run(t)
}

func build(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "kith")
	cmd := exec.Command("go", "build", "-o", bin, "github.com/kith-web/kith/cmd/kith")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return bin
}

// node is a running node.
type node struct {
	home, console string
	peerPort      int
}

// start runs a node in a home of its own until the test ends, and checks that
// it ends well.
func start(t *testing.T, kith, name string) node {
	t.Helper()
	n := node{home: filepath.Join(t.TempDir(), name), peerPort: freePort(t)}
	if err := os.MkdirAll(n.home, 0o700); err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf(quiet, n.peerPort)
	if err := os.WriteFile(filepath.Join(n.home, "config.toml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	log := &readiness{found: make(chan string, 1)}
	cmd := exec.Command(kith, "up", "--home", n.home, "--listen", "127.0.0.1:0")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { stop(t, name, cmd, ended, log) })
	select {
	case n.console = <-log.found:
	case err := <-ended:
		ended <- err
		t.Fatalf("%s ended before it was ready: %v\n%s", name, err, log)
	case <-time.After(readyWithin):
		t.Fatalf("%s was not ready within %v\n%s", name, readyWithin, log)
	}
	return n
}

func stop(t *testing.T, name string, cmd *exec.Cmd, ended chan error, log fmt.Stringer) {
	_ = cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("%s ended with %v", name, err)
		}
	case <-time.After(stopWithin):
		_ = cmd.Process.Kill()
		t.Errorf("%s did not end within %v of SIGTERM", name, stopWithin)
	}
	if t.Failed() {
		t.Logf("the log of %s:\n%s", name, log)
	}
}

// freePort finds a port that was free a moment ago, for TCP.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// readiness keeps what a node writes and finds the console's URL in the line
// that says it is ready.
type readiness struct {
	buf   syncBuffer
	found chan string
	done  bool
}

var _ io.Writer = (*readiness)(nil)

func (r *readiness) String() string { return r.buf.String() }

// Write is called from one goroutine: standard output and error are the same.
func (r *readiness) Write(p []byte) (int, error) {
	n, err := r.buf.Write(p)
	if r.done {
		return n, err
	}
	ready := regexp.MustCompile(`(?m)^.*\bready\b.*(http://localhost:\d+)`)
	if m := ready.FindStringSubmatch(r.buf.String()); m != nil {
		r.done = true
		r.found <- m[1]
	}
	return n, err
}

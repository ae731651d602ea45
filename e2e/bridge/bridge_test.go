package bridge

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
)

// kith is the kith program, built once.
var kith string

func TestMain(m *testing.M) { os.Exit(harness.Main(m, &kith)) }

// patience is for everything that peers do.
const patience = 90 * time.Second

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits until f returns nil, and fails t with its last error when it
// does not. It is for states of other programs, which do not say when they change.
func eventually(t *testing.T, f func() error) {
	t.Helper()
	ctx := within(t)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal(err)
		}
	}
}

// relay is a tracker in all three forms.
type relay struct{ ws, http string }

// startRelay starts 'kith relay'.
func startRelay(t *testing.T) relay {
	t.Helper()
	addr := harness.Loopback(harness.FreePort(t))
	_ = harness.Start(t, harness.Program{Path: kith, Args: []string{"relay", "--home", t.TempDir(), "--listen", addr}})
	eventually(t, func() error {
		c, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			err = c.Close()
		}
		return err
	})
	return relay{"ws://" + addr, "http://" + addr + "/announce"}
}

// node is a Kith node that is a peer in every way.
func (r relay) node(t *testing.T, more harness.Config) *harness.Node {
	t.Helper()
	c := harness.Config{
		"bittorrent.webrtc": true, "bittorrent.trackers": []string{r.ws, r.http}, "bittorrent.allow_local": true,
		"webtransport.listen": "127.0.0.1:0",
	}
	for k, v := range more {
		c[k] = v
	}
	return harness.StartNode(t, harness.Options{Binary: kith, Config: c})
}

// torrent makes a .torrent of a folder by a program that is not ours.
func torrent(t *testing.T, folder string, trackers ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "site.torrent")
	args := []string{"-o", file, "-l", "16", folder}
	for _, tr := range trackers {
		args = append(args, "-a", tr)
	}
	harness.Run(t, harness.Program{Path: harness.Need(t, "mktorrent"), Args: args})
	return file
}

// aria2 starts aria2c, which knows TCP alone, on a torrent.
func aria2(t *testing.T, dir, what string, more ...string) *harness.Process {
	t.Helper()
	args := append([]string{
		"--dir=" + dir, "--listen-port=" + strconv.Itoa(harness.FreePort(t)), "--enable-dht=false", "--enable-dht6=false",
		"--bt-enable-lpd=false", "--enable-peer-exchange=false", "--interface=127.0.0.1", "--file-allocation=none",
		"--no-conf", "--summary-interval=0", "--disable-ipv6=true",
	}, more...)
	return harness.Start(t, harness.Program{Path: harness.Need(t, "aria2c"), Args: append(args, what)})
}

package tracker_test

import (
	"bytes"
	"context"
	"crypto/sha1"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/loud"
	"github.com/kith-web/kith/internal/relay/tracker"
)

// TestAria2MeetsThroughTheTracker seeds a file with one aria2c and downloads it
// with another, which know of each other by the tracker alone. aria2c speaks to
// UDP trackers only with its DHT enabled, but the torrent is private (BEP 27).
func TestAria2MeetsThroughTheTracker(t *testing.T) {
	aria2, err := exec.LookPath("aria2c")
	if err != nil {
		loud.Skip(t, "aria2c is not installed: the tracker is not tried with another's client")
	}
	for _, scheme := range []string{"http", "udp"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			r := run(t, tracker.Options{})
			at := map[string]string{"http": r.tcp, "udp": r.udp}[scheme]
			dir := t.TempDir()
			torrent, content := makeTorrent(t, dir, scheme+"://"+at+"/announce")
			seed := filepath.Join(dir, "seed")
			writeFile(t, filepath.Join(seed, "hello.bin"), content)
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			defer stop()
			client := func(into string, more ...string) *exec.Cmd {
				c := exec.CommandContext(ctx, aria2, append([]string{
					"--no-conf", "--dir", into, "--enable-dht=" + strconv.FormatBool(scheme == "udp"),
					"--dht-file-path=" + filepath.Join(into, "dht.dat"), "--dht-listen-port=20000-40000", "--enable-dht6=false", "--bt-enable-lpd=false",
					"--enable-peer-exchange=false", "--interface=127.0.0.1", "--listen-port=20000-40000", "--bt-tracker-interval=1",
					"--console-log-level=warn", "--summary-interval=0", "--disable-ipv6", "--async-dns=false",
				}, append(more, torrent)...)...)
				c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
				c.WaitDelay = 5 * time.Second
				return c
			}
			seeder := client(seed, "--check-integrity=true", "--seed-ratio=0.0")
			if err := seeder.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				stop()
				if err := seeder.Wait(); err == nil {
					t.Log("the seeder ended by itself")
				}
			}()
			waitFor(t, "the seeder to announce", func() bool { return r.Metrics().Peers == 1 })
			into := filepath.Join(dir, "leech")
			if out, err := client(into, "--seed-time=0").CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s\n%+v", err, out, r.Metrics())
			}
			got, err := os.ReadFile(filepath.Join(into, "hello.bin"))
			if err != nil || !bytes.Equal(got, content) {
				t.Errorf("%d octets arrived of %d: %v", len(got), len(content), err)
			}
		})
	}
}

// makeTorrent writes a .torrent (BEP 3) of one file and returns its path and
// the file's content.
func makeTorrent(t *testing.T, dir, announce string) (path string, content []byte) {
	t.Helper()
	const piece = 16 << 10
	content = make([]byte, 5*piece+123)
	rng := rand.NewChaCha8([32]byte{1})
	rng.Read(content)
	var pieces []byte
	for i := 0; i < len(content); i += piece {
		sum := sha1.Sum(content[i:min(i+piece, len(content))])
		pieces = append(pieces, sum[:]...)
	}
	meta := fmt.Sprintf("d8:announce%d:%s4:infod6:lengthi%de4:name9:hello.bin12:piece lengthi%de6:pieces%d:%s7:privatei1eee",
		len(announce), announce, len(content), piece, len(pieces), pieces)
	path = filepath.Join(dir, "hello.torrent")
	writeFile(t, path, []byte(meta))
	return path, content
}

func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

package nearby

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
)

// envBench switches the figures on; envCroc names a croc program to stand beside.
const (
	envBench = "KITH_BENCH_NEARBY"
	envCroc  = "KITH_CROC"
)

// TestFigures prints what issue and guide speak of, in one run. It measures and
// does not judge: a busy machine would make any bound a lie.
func TestFigures(t *testing.T) {
	if os.Getenv(envBench) == "" {
		t.Skipf("figures are measured with %s=1", envBench)
	}
	t.Run("one large file", func(t *testing.T) { figure(t, func(dir string) { fill(t, filepath.Join(dir, "big"), 1<<30, 1) }) })
	t.Run("2000 small files", func(t *testing.T) {
		figure(t, func(dir string) {
			for i := range 2000 {
				fill(t, filepath.Join(dir, fmt.Sprintf("f%04d", i)), 20<<10, uint64(i))
			}
		})
	})
	t.Run("a group at 100 Mbit/s", figureOfGroup)
}

// ram is a folder in memory, so that no disk is measured.
func ram(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "kith-figures-")
	if err != nil {
		harness.Skip(t, "no memory to put files in: %v", err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func figure(t *testing.T, make func(dir string)) {
	r := newRoom(t)
	alice, bob := r.join("alice"), r.join("bob")
	pair(t, alice, bob)
	dir := ram(t)
	src := filepath.Join(dir, "src")
	make(src)
	for _, how := range [][]string{{"tcp"}, {"quic", "--no-tcp"}, {"tcp"}, {"quic", "--no-tcp"}} {
		in := filepath.Join(dir, "in")
		p := bob.receive(in, "--once", "--yes")
		start := time.Now()
		s, code := alice.send(append([]string{src, "--to", "bob"}, how[1:]...)...)
		took := time.Since(start)
		if code != 0 || ended(t, p) != 0 {
			t.Fatalf("%s ended with %d", how[0], code)
		}
		moved := s.Transfers[0].Ended.Sub(s.Transfers[0].Started)
		t.Logf("kith, %s: %.2f s, %.0f MiB/s; %.2f s from command to end", how[0], moved.Seconds(),
			float64(s.Transfers[0].Done)/(1<<20)/moved.Seconds(), took.Seconds())
		_ = os.RemoveAll(in)
	}
	if croc := os.Getenv(envCroc); croc != "" {
		figureOfCroc(t, croc, alice, bob, src, filepath.Join(dir, "croc"))
	}
}

// figureOfCroc sends the same by croc, which finds its peer on the local network.
func figureOfCroc(t *testing.T, croc string, alice, bob *device, src, in string) {
	t.Helper()
	if err := os.MkdirAll(in, 0o755); err != nil {
		t.Fatal(err)
	}
	env := []string{"CROC_SECRET=1234-kith-figures-beside", "HOME=" + t.TempDir()}
	harness.Start(t, harness.Program{Path: croc, Namespace: alice.ns, Env: env, Args: []string{"--yes", "--local", "send", src}})
	start := time.Now()
	ctx := exec.CommandContext(t.Context(), "ip", "netns", "exec", bob.ns, "timeout", "120", croc, "--yes", "--local", "--overwrite")
	ctx.Dir, ctx.Env = in, append(os.Environ(), env...)
	out, err := ctx.CombinedOutput()
	if err != nil {
		t.Logf("croc did not end well: %v\n%s", err, out)
		return
	}
	t.Logf("croc: %.2f s from command to end", time.Since(start).Seconds())
}

func figureOfGroup(t *testing.T) {
	r := newRoom(t)
	alice := r.join("alice")
	alice.shape("100mbit")
	src := filepath.Join(ram(t), "film")
	fill(t, src, 64<<20, 1)
	var devices []*device
	for i := range 8 {
		d := r.join(fmt.Sprintf("pupil%d", i))
		devices = append(devices, d)
		pair(t, alice, d)
	}
	for _, n := range []int{1, 8} {
		dir := ram(t)
		var all []*harness.Process
		args := []string{src}
		for i, d := range devices[:n] {
			all = append(all, d.receive(filepath.Join(dir, fmt.Sprint(i)), "--once", "--yes"))
			args = append(args, "--to", d.name)
		}
		start := time.Now()
		if _, code := alice.send(args...); code != 0 {
			t.Fatalf("send to %d ended with %d", n, code)
		}
		took := time.Since(start)
		for _, p := range all {
			if code := ended(t, p); code != 0 {
				t.Fatalf("a receiver ended with %d:\n%s", code, p.Output())
			}
		}
		t.Logf("64 MiB to %d at 100 Mbit/s: %.2f s", n, took.Seconds())
	}
}

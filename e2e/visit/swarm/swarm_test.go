package swarm

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
)

const (
	allWithin = 6 * time.Minute
	// envBench asks for the figures too.
	envBench = "KITH_BENCH_SWARM"
)

func TestSwarm(t *testing.T) {
	if testing.Short() {
		harness.Skip(t, "the browser tests are long")
	}
	cases := harness.NeedPlaywright(t, ".", allWithin)
	for _, name := range []string{"esbuild", "webtorrent"} {
		if _, err := os.Stat(filepath.Join(harness.Root(), "e2e", "node_modules", name)); err != nil {
			harness.Skip(t, "run 'npm ci --prefix e2e' first: %s is not installed", name)
		}
	}
	kith, err := harness.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	size := 8_000_000
	if os.Getenv(envBench) != "" {
		size = 100_000_000
	}
	cases.Env = []string{"TMPDIR=" + t.TempDir(), "KITH_BIN=" + kith, "KITH_NATIVE=" + startNative(t, size)}
	cases.Run(t)
}

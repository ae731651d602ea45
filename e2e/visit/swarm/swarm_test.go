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
		t.Skip("SKIPPED: the browser tests are long")
	}
	cases := harness.NeedPlaywright(t, ".", allWithin)
	for _, name := range []string{"esbuild", "webtorrent"} {
		if _, err := os.Stat(filepath.Join(harness.Root(), "e2e", "node_modules", name)); err != nil {
			harness.Skip(t, "run 'npm ci --prefix e2e' first: "+name+" is not installed")
		}
	}
	kith, err := harness.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	cases.Env = []string{"TMPDIR=" + t.TempDir(), "KITH_BIN=" + kith, envBench + "=" + os.Getenv(envBench)}
	cases.Run(t)
}

package direct

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
)

const allWithin = 4 * time.Minute

func TestDirect(t *testing.T) {
	if testing.Short() {
		harness.Skip(t, "the browser tests are long")
	}
	cases := harness.NeedPlaywright(t, ".", allWithin)
	if _, err := os.Stat(filepath.Join(harness.Root(), "e2e", "node_modules", "esbuild")); err != nil {
		harness.Skip(t, "run 'npm ci --prefix e2e' first: esbuild is not installed")
	}
	if _, err := os.Stat(filepath.Join(harness.Root(), "web", "node_modules", "@noble", "post-quantum")); err != nil {
		harness.Skip(t, "run 'npm ci --prefix web' first: @noble/post-quantum is not installed")
	}
	kith, err := harness.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	cases.Env = []string{"TMPDIR=" + t.TempDir(), "KITH_BIN=" + kith}
	cases.Run(t)
}

package visit_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
)

// envMeasure asks for the measurements, which take minutes and want a machine of
// their own.
const envMeasure = "KITH_MEASURE"

func TestMeasure(t *testing.T) {
	if os.Getenv(envMeasure) == "" {
		harness.Skip(t, "measurements run with %s=1", envMeasure)
	}
	cases := harness.NeedPlaywright(t, ".", 20*time.Minute)
	cases.Config = "measure.config.ts"
	kith, err := harness.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "figures")
	cases.Env = []string{"TMPDIR=" + t.TempDir(), "KITH_BIN=" + kith, "KITH_MEASURE_OUT=" + out}
	cases.Run(t)
	figures, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("measured:\n%s", figures)
}

// Package visit runs what a visitor with nothing installed sees: a real 'kith
// host', and real Chromiums that serve one another. The cases are Playwright's,
// in tests; this test builds what they start and reports each of them as its own.
package visit_test

import (
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
)

const allWithin = 12 * time.Minute

func TestVisit(t *testing.T) {
	if testing.Short() {
		harness.Skip(t, "the browser tests are long")
	}
	cases := harness.NeedPlaywright(t, ".", allWithin)
	kith, err := harness.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	cases.Env = []string{"TMPDIR=" + t.TempDir(), "KITH_BIN=" + kith}
	cases.Run(t)
}

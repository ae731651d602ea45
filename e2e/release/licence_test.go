package release

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/kith-web/kith/e2e/harness"
)

// TestLicences: all that is in the programs is under a licence that goes with
// Kith's, and docs/licences.md tells which.
func TestLicences(t *testing.T) {
	t.Parallel()
	c := exec.CommandContext(t.Context(), "go", "run", "-C", "tools", "./release", "-licences", filepath.Join("..", "docs", "licences.md"), "-check")
	c.Dir = harness.Root()
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

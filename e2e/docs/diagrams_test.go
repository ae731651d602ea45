package docs

import (
	"os/exec"
	"testing"

	"github.com/kith-web/kith/e2e/harness"
)

// TestDiagramsAreDrawn holds the committed drawings against their descriptions.
func TestDiagramsAreDrawn(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "run", "-C", "tools", "./diagram", "-check")
	cmd.Dir = harness.Root()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

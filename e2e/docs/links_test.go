package docs

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/kith-web/kith/e2e/harness"
)

// TestLinksLeadSomewhere follows every link of the documents to a file, and every
// link to a heading of one.
func TestLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s#]*)(?:#([^)\s]*))?\)`)
	count := 0
	must(t, filepath.WalkDir(filepath.Join(harness.Root(), "docs"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".md" {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			count++
			target := path
			if m[1] != "" {
				target = filepath.Join(filepath.Dir(path), filepath.FromSlash(m[1]))
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s leads to %s, which does not exist", path, m[1])
			} else if m[2] != "" && !heads(t, target, m[2]) {
				t.Errorf("%s leads to a heading %s that %s does not have", path, m[2], target)
			}
		}
		return err
	}))
	if count == 0 {
		t.Error("no links were found")
	}
}

// heads says whether a page has a heading with this anchor.
func heads(t *testing.T, page, anchor string) bool {
	t.Helper()
	text, err := os.ReadFile(page)
	must(t, err)
	drop := regexp.MustCompile(`[^\p{L}\p{N}\- ]`)
	for line := range strings.Lines(string(text)) {
		if _, head, ok := strings.Cut(line, "# "); ok && strings.HasPrefix(line, "#") {
			head = drop.ReplaceAllString(strings.ToLower(strings.TrimSpace(head)), "")
			if strings.ReplaceAll(head, " ", "-") == anchor {
				return true
			}
		}
	}
	return false
}

// TestDiagramsAreDrawn holds the committed drawings against their descriptions.
func TestDiagramsAreDrawn(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "run", "-C", "tools", "./diagram", "-check")
	cmd.Dir = harness.Root()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

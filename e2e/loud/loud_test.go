package loud_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kith-web/kith/e2e/loud"
)

func TestWhatIsSkippedIsWrittenDown(t *testing.T) {
	file := filepath.Join(t.TempDir(), "skipped")
	t.Setenv(loud.EnvSkipped, file)
	for _, name := range []string{"one", "two"} {
		t.Run(name, func(t *testing.T) { loud.Need(t, "no-such-program-"+name) })
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	if len(lines) != 2 || lines[1] != t.Name()+"/two: no-such-program-two is not installed" {
		t.Errorf("it says %q", lines)
	}
}

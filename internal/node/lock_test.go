package node

import (
	"os"
	"runtime"
	"testing"
)

// TestAHomeIsClosedToOthers: also one that was made by hand, for all to read.
func TestAHomeIsClosedToOthers(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: Windows has no such modes")
	}
	home := t.TempDir()
	if err := os.Chmod(home, 0o755); err != nil {
		t.Fatal(err)
	}
	lock, err := lockHome(home, func() string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	info, err := os.Stat(home)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o700 {
		t.Errorf("the home has mode %o", info.Mode().Perm())
	}
}

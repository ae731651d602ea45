package harness

import (
	"fmt"
	"os"
	"testing"
)

// Main runs the tests of a package with kith built once, at the path that it puts
// into kith; it returns what TestMain exits with.
func Main(m *testing.M, kith *string) int {
	dir, err := os.MkdirTemp("", "kith-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if *kith, err = Build(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

package harness

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/kith-web/kith/e2e/loud"
)

// Skip skips t, loudly.
func Skip(t testing.TB, format string, args ...any) {
	t.Helper()
	loud.Skip(t, format, args...)
}

// Need returns the path of a program, and skips t where it is not installed.
func Need(t testing.TB, program string) string {
	t.Helper()
	return loud.Need(t, program)
}

// NeedEnv returns the file or folder that an environment variable names, and
// skips t when the variable is not set. what says what it is to name.
func NeedEnv(t testing.TB, name, what string) string {
	t.Helper()
	path := os.Getenv(name)
	if path == "" {
		Skip(t, "%s is not set; it names %s", name, what)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%s names %s: %v", name, what, err)
	}
	return path
}

// NeedModules returns the folder of e2e's Node.js programs, and skips t
// where Node.js or their modules are not installed.
func NeedModules(t testing.TB, root string) string {
	t.Helper()
	Need(t, "node")
	dir := filepath.Join(root, "e2e", "peers")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "webtorrent")); err != nil {
		Skip(t, "webtorrent is not installed: npm ci --ignore-scripts --prefix e2e/peers")
	}
	return dir
}

// NeedRoot skips t unless this user may make network namespaces and mounts.
func NeedRoot(t testing.TB) {
	t.Helper()
	loud.NeedRoot(t)
}

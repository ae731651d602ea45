package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// EnvSkipped names a file that gets one line for everything that was skipped:
// go test hides why a test was skipped, and ./test shows it.
const EnvSkipped = "KITH_SKIPPED"

// Skip skips t, loudly.
func Skip(t testing.TB, format string, args ...any) {
	t.Helper()
	why := fmt.Sprintf(format, args...)
	if name := os.Getenv(EnvSkipped); name != "" {
		f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err == nil {
			_, _ = fmt.Fprintf(f, "%s: %s\n", t.Name(), why)
			_ = f.Close()
		}
	}
	t.Skip("SKIPPED: " + why)
}

// Need returns the path of a program, and skips t where it is not installed.
func Need(t testing.TB, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		Skip(t, "%s is not installed", program)
	}
	return path
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
	if os.Getuid() != 0 {
		Skip(t, "only root may make network namespaces and mounts")
	}
}

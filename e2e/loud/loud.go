package loud

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// EnvSkipped names a file that gets one line for everything that was skipped.
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

// NeedRoot skips t unless this user may make network namespaces and mounts, and
// be others.
func NeedRoot(t testing.TB) {
	t.Helper()
	if os.Getuid() != 0 {
		Skip(t, "only root may make network namespaces and mounts, and be another user")
	}
}

package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// EnvBinary names a kith program to use instead of building one.
const EnvBinary = "KITH_BIN"

// Root is the folder of the repository: the one above this test's with a go.mod.
func Root() string {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil || dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	return dir
}

// Build builds kith into dir, as a release is built, and returns its path.
func Build(dir string) (string, error) {
	if bin := os.Getenv(EnvBinary); bin != "" {
		return filepath.Abs(bin)
	}
	bin := filepath.Join(dir, "kith")
	cmd := exec.Command("go", "build", "-o", bin, "./cmd/kith")
	cmd.Dir = Root()
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build kith: %w\n%s", err, out)
	}
	return bin, nil
}

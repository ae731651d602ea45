package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// EnvBinary names a kith program to use instead of building one.
const EnvBinary = "KITH_BIN"

// Root is the folder of the repository.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
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

//go:build unix

package publish_test

import (
	"syscall"
	"testing"
)

// makePipe puts a named pipe into a folder, where there are any.
func makePipe(t *testing.T, path string) bool {
	t.Helper()
	must(t, syscall.Mkfifo(path, 0o600))
	return true
}

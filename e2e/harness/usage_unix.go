//go:build unix

package harness

import (
	"os"
	"syscall"
)

// allocated is what a file takes on disk: less than its size where it has holes.
func allocated(info os.FileInfo) int64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Blocks * 512
	}
	return info.Size()
}

//go:build unix

package doctor

import (
	"os"

	"golang.org/x/sys/unix"
)

// diskFree is how many bytes this user may still write where path is.
func diskFree(path string) (uint64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return 0, err
	}
	return uint64(st.Bavail) * uint64(st.Bsize), nil
}

// openFiles is how many files this process has open, and may have.
func openFiles() (used, limit uint64, err error) {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return 0, 0, err
	}
	dir, err := os.ReadDir("/dev/fd")
	return uint64(len(dir)), uint64(l.Cur), err
}

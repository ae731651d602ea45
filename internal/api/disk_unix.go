//go:build unix

package api

import "golang.org/x/sys/unix"

// diskFree is how many bytes this user may still write where path is.
func diskFree(path string) (uint64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return 0, err
	}
	return uint64(st.Bavail) * uint64(st.Bsize), nil
}

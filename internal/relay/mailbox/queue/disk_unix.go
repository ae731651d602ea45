//go:build unix

package queue

import "golang.org/x/sys/unix"

// DiskUsed is how full the disk at dir is for this user, from 0 to 1.
func DiskUsed(dir string) (float64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	used := uint64(st.Blocks) - uint64(st.Bfree)
	if all := used + uint64(st.Bavail); all > 0 {
		return float64(used) / float64(all), nil
	}
	return 0, nil // a file system without blocks
}

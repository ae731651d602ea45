package queue

import (
	"os"

	"golang.org/x/sys/unix"
)

// SyncData makes what was written to a file durable, without the time at which
// that was.
func SyncData(f *os.File) error {
	for {
		if err := unix.Fdatasync(int(f.Fd())); err != unix.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}

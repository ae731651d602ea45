//go:build unix && !linux

package doctor

import (
	"golang.org/x/sys/unix"
)

// bufferOf is a socket's receive buffer.
func bufferOf(fd uintptr, _ int) (int, error) {
	return unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF)
}

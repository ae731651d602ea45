package doctor

import (
	"golang.org/x/sys/unix"
)

// bufferOf is a socket's receive buffer. Who may, goes over the system's limit, as
// quic-go does. Linux counts twice what was asked for (socket(7)).
func bufferOf(fd uintptr, want int) (int, error) {
	got, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF)
	if err == nil && got/2 < want {
		if unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, want) == nil {
			got, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF)
		}
	}
	return got / 2, err
}

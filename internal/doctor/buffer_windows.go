package doctor

import (
	"golang.org/x/sys/windows"
)

// bufferOf is a socket's receive buffer.
func bufferOf(fd uintptr, _ int) (int, error) {
	return windows.GetsockoptInt(windows.Handle(fd), windows.SOL_SOCKET, windows.SO_RCVBUF)
}

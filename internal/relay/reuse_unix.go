//go:build unix && !solaris && !aix

package relay

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// reusePort lets other sockets of the same user listen on the same port.
func reusePort(_, _ string, c syscall.RawConn) error {
	var err error
	if e := c.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	}); e != nil {
		return e
	}
	return err
}

package bittorrent

import (
	"net"

	"golang.org/x/sys/unix"
)

// acknowledge sends the acknowledgement that is due (tcp(7), TCP_QUICKACK).
func acknowledge(c *net.TCPConn) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1) // a hint: without it, it comes later
	})
}

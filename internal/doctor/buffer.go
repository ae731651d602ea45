package doctor

import (
	"errors"
	"net"
)

// receiveBuffer asks the system for a socket's buffer as quic-go does, and says what
// it gave.
func receiveBuffer(want int) (int, error) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }()
	udp := conn.(*net.UDPConn)
	_ = udp.SetReadBuffer(want) // where it is too much, some systems refuse; what holds is asked next
	raw, err := udp.SyscallConn()
	if err != nil {
		return 0, err
	}
	got := 0
	var asking error
	err = raw.Control(func(fd uintptr) { got, asking = bufferOf(fd, want) })
	return got, errors.Join(err, asking)
}

package bittorrent

import "net"

// promptReads is how many reads of a new connection are acknowledged at once:
// enough for requests to fill the line.
const promptReads = 256

// promptConn acknowledges the first messages of a peer at once. At its beginning a
// connection has few requests under way, and a peer that holds back the end of a
// piece until the rest of it is acknowledged (RFC 896) waits for us, while we wait
// up to 40 ms before we acknowledge (RFC 1122 §4.2.3.2): together they make a
// reader wait for nothing.
type promptConn struct {
	*net.TCPConn
	left int // reads; used by the one goroutine that reads
}

// prompt wraps a TCP connection, and returns any other as it is.
func prompt(c net.Conn) net.Conn {
	if tcp, ok := c.(*net.TCPConn); ok {
		return &promptConn{tcp, promptReads}
	}
	return c
}

// Read implements net.Conn.
func (c *promptConn) Read(b []byte) (int, error) {
	n, err := c.TCPConn.Read(b)
	if c.left > 0 {
		c.left--
		acknowledge(c.TCPConn)
	}
	return n, err
}

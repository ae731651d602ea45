package webtransport

import (
	"net"

	"github.com/quic-go/webtransport-go"
)

// Network is what net.Addr.Network says of connections over WebTransport.
const Network = "webtransport"

// Addr is the address of a peer over WebTransport. It cannot be dialled.
type Addr struct{ addr string }

// Network implements net.Addr.
func (Addr) Network() string { return Network }

// String is host:port.
func (a Addr) String() string { return a.addr }

// conn is a stream as a net.Conn. What was read to find its receiver is read
// again first.
type conn struct {
	*webtransport.Stream
	rest          []byte
	local, remote Addr
	onClose       func()
}

var _ net.Conn = (*conn)(nil)

// Read implements net.Conn.
func (c *conn) Read(p []byte) (int, error) {
	if len(c.rest) > 0 {
		n := copy(p, c.rest)
		c.rest = c.rest[n:]
		return n, nil
	}
	return c.Stream.Read(p)
}

// Close implements net.Conn. It may be called while others read and write, whose
// calls then end; what was not sent is dropped.
func (c *conn) Close() error {
	c.CancelWrite(0)
	c.CancelRead(0)
	c.onClose()
	return nil
}

func (c *conn) LocalAddr() net.Addr  { return c.local }
func (c *conn) RemoteAddr() net.Addr { return c.remote }

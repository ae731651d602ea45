package door

import (
	"bufio"
	"crypto/tls"
	"net"
)

// Conn is a connection whose peer proved who it is.
type Conn struct {
	*tls.Conn
	peer     Fingerprint
	buffered *buffered
}

// Peer is the fingerprint of the other side.
func (c *Conn) Peer() Fingerprint { return c.peer }

// Protocol is what the connection is for.
func (c *Conn) Protocol() string { return c.ConnectionState().NegotiatedProtocol }

// Gather holds back what is written until there is much of it, or until Flush.
// TLS makes one system call of every record without it.
func (c *Conn) Gather() { c.buffered.w = bufio.NewWriterSize(c.buffered.Conn, bufferSize) }

// Flush sends what was held back.
func (c *Conn) Flush() error {
	if c.buffered.w == nil {
		return nil
	}
	return c.buffered.w.Flush()
}

// Close closes the connection at once: what was held back and not flushed is
// lost, and no alert waits behind it.
func (c *Conn) Close() error { return c.buffered.Close() }

// buffered makes fewer and larger system calls below TLS.
type buffered struct {
	net.Conn
	r *bufio.Reader
	w *bufio.Writer // nil until Gather
}

func (b *buffered) Read(p []byte) (int, error) { return b.r.Read(p) }

func (b *buffered) Write(p []byte) (int, error) {
	if b.w == nil {
		return b.Conn.Write(p)
	}
	return b.w.Write(p)
}

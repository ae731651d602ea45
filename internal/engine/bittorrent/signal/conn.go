package signal

import (
	"net"
	"sync"
	"time"

	"github.com/pion/datachannel"
	"github.com/pion/webrtc/v4"
)

// Network is what net.Addr.Network says of connections over WebRTC.
const Network = "webrtc"

// Addr is the address of a peer over WebRTC. It names one connection and cannot
// be dialled a second time.
type Addr struct {
	id     string
	remote string
}

// Network implements net.Addr.
func (Addr) Network() string { return Network }

// String identifies the connection; it is no host and port.
func (a Addr) String() string { return a.id }

// Remote is the host and port that the peer is reached at.
func (a Addr) Remote() string { return a.remote }

// Messages of a data channel: the longest that are read, and the longest
// written, which every implementation takes.
const (
	maxRead  = 256 << 10
	maxWrite = 16 << 10
)

// conn is a data channel as a stream.
type conn struct {
	channel       datachannel.ReadWriteCloserDeadliner
	pc            *webrtc.PeerConnection
	local, remote Addr
	once          sync.Once
	onClose       func()

	mu   sync.Mutex // of reading
	buf  []byte
	rest []byte
}

func (c *conn) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.rest) == 0 {
		if c.buf == nil {
			c.buf = make([]byte, maxRead)
		}
		n, err := c.channel.Read(c.buf)
		if err != nil {
			return 0, err
		}
		c.rest = c.buf[:n]
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func (c *conn) Write(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		m, err := c.channel.Write(p[n:min(len(p), n+maxWrite)])
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// Close ends the connection under the channel too.
func (c *conn) Close() error {
	var err error
	c.once.Do(func() {
		_ = c.channel.Close()
		err = c.pc.Close()
		c.onClose()
	})
	return err
}

func (c *conn) LocalAddr() net.Addr  { return c.local }
func (c *conn) RemoteAddr() net.Addr { return c.remote }

func (c *conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

func (c *conn) SetReadDeadline(t time.Time) error  { return c.channel.SetReadDeadline(t) }
func (c *conn) SetWriteDeadline(t time.Time) error { return c.channel.SetWriteDeadline(t) }

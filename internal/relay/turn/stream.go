package turn

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/relay/guard"
)

// streamIdle is how long a TCP connection may be silent: a client refreshes its
// allocation before that.
const streamIdle = allocationLife + time.Minute

// streamHeadroom is how many times the rate of an allocation its connection may
// send, for what stands around the octets that count.
const streamHeadroom = 2

// streams accepts the TCP and TLS connections of clients (RFC 8656 §2.1), so
// many for each address and in all. What a connection sends too fast waits in the
// network; what is silent is closed.
type streams struct {
	net.Listener
	s    *Server
	each *guard.Count
}

// Accept has the signature that net.Listener asks for.
func (l *streams) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := addrOf(conn.RemoteAddr()).Addr()
		if l.each.Take(from) {
			return &stream{Conn: conn, l: l, from: from, pace: newBudget(streamHeadroom * l.s.o.Rate)}, nil
		}
		l.s.refused.Add(1)
		_ = conn.Close() // nothing was said on it
	}
}

// stream is one connection. It gives back its place when it is closed.
type stream struct {
	net.Conn
	l    *streams
	from netip.Addr
	pace *budget
	once sync.Once
}

func (c *stream) Read(b []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(streamIdle)); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(b)
	time.Sleep(c.pace.owe(n))
	return n, err
}

func (c *stream) Write(b []byte) (int, error) {
	// Who does not read is not waited for: packets may be lost, and here the
	// connection is.
	if err := c.SetWriteDeadline(time.Now().Add(streamPatience)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// streamPatience is how long a client may take to read a packet.
const streamPatience = 10 * time.Second

func (c *stream) Close() error {
	c.once.Do(func() { c.l.each.Give(c.from) })
	return c.Conn.Close()
}

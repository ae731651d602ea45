package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/relay/guard"
)

func (o *Options) listener() net.ListenConfig {
	var lc net.ListenConfig
	if o.ReusePort {
		lc.Control = reusePort
	}
	return lc
}

func (o *Options) listenTCP(addr string) (net.Listener, error) {
	lc := o.listener()
	l, err := lc.Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, portError(addr, err)
	}
	return l, nil
}

func (o *Options) listenUDP(addr string) (*net.UDPConn, error) {
	lc := o.listener()
	c, err := lc.ListenPacket(context.Background(), "udp", addr)
	if err != nil {
		return nil, portError(addr, err)
	}
	conn := c.(*net.UDPConn)
	const buffer = 4 << 20 // a burst of packets waits here; the system may grant less
	if err := errors.Join(conn.SetReadBuffer(buffer), conn.SetWriteBuffer(buffer)); err != nil {
		o.Log.Debug("the system grants no larger buffer", "error", err)
	}
	return conn, nil
}

func portError(addr string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fault.New(fault.InUse, "another program already listens on %s: %w", addr, err).
			WithHint("stop it, or choose another port")
	case errors.Is(err, syscall.EACCES):
		return fault.New(fault.Forbidden, "this user may not listen on %s: %w", addr, err).
			WithHint("choose a port above 1023")
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fault.New(fault.Invalid, "%s is no address of this computer: %w", addr, err)
	}
	var wrong *net.AddrError
	if errors.As(err, &wrong) {
		return fault.New(fault.Invalid, "cannot listen on %q: %w", addr, err).
			WithHint("write host:port, such as 127.0.0.1:5490")
	}
	return fmt.Errorf("listen on %s: %w", addr, err)
}

// Bound makes a listener that accepts so many connections of one address, and of
// all, at once; others are closed.
func Bound(l net.Listener, each, all int) net.Listener {
	return &guarded{Listener: l, each: guard.NewCount(each, 0), all: guard.NewCount(0, all)}
}

// guarded accepts so many connections per address and no more. Proxies that
// are trusted count only towards all.
type guarded struct {
	net.Listener
	each, all *guard.Count
	trusted   []netip.Prefix
}

func (g *guarded) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := &counted{Conn: conn, g: g}
		if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
			c.from = tcp.AddrPort().Addr().Unmap().WithZone("")
		}
		if c.take() {
			return c, nil
		}
		_ = conn.Close() // nothing was said on it
	}
}

// counted gives back its place when it is closed.
type counted struct {
	net.Conn
	g    *guarded
	from netip.Addr
	once sync.Once
}

func (c *counted) take() bool {
	if !c.g.all.Take(netip.Addr{}) {
		return false
	}
	if !c.proxy() && !c.g.each.Take(c.from) {
		c.g.all.Give(netip.Addr{})
		return false
	}
	return true
}

func (c *counted) proxy() bool {
	for _, p := range c.g.trusted {
		if p.Contains(c.from) {
			return true
		}
	}
	return false
}

func (c *counted) Close() error {
	c.once.Do(func() {
		c.g.all.Give(netip.Addr{})
		if !c.proxy() {
			c.g.each.Give(c.from)
		}
	})
	return c.Conn.Close()
}

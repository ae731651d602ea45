package bittorrent

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
)

// dialFunc is the form in which everything that reaches out takes its dialer.
type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// errLocal is what a server named by a stranger gets when it is on this computer
// or network.
var errLocal = errors.New("refusing a local address that a torrent named")

// guarded dials servers: those of trusted URLs anywhere, others not on this
// computer or a private network unless Options.AllowLocal.
func (e *Engine) guarded(trusted []string) dialFunc {
	var hosts []string
	for _, t := range trusted {
		if u, err := url.Parse(t); err == nil {
			hosts = append(hosts, u.Hostname())
		}
	}
	open := &net.Dialer{Timeout: 15 * time.Second}
	strict := &net.Dialer{Timeout: 15 * time.Second, Control: func(_, addr string, _ syscall.RawConn) error {
		if ap, err := netip.ParseAddrPort(addr); err != nil || isLocal(ap.Addr()) {
			return errLocal
		}
		return nil
	}}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(addr)
		if e.o.AllowLocal || (err == nil && slices.Contains(hosts, host)) {
			return open.DialContext(ctx, network, addr)
		}
		return strict.DialContext(ctx, network, addr)
	}
}

// isLocal says whether only this computer, or those near it, have the address.
func isLocal(ip netip.Addr) bool {
	ip = ip.Unmap()
	return !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() ||
		netip.MustParsePrefix("100.64.0.0/10").Contains(ip)
}

// usable says whether a URL that an address or torrent named may be used at all;
// names are looked at again when they are dialled.
func (e *Engine) usable(raw string, schemes ...string) bool {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || !slices.Contains(schemes, u.Scheme) {
		return false
	}
	if e.o.AllowLocal {
		return true
	}
	host := strings.TrimSuffix(u.Hostname(), ".")
	if ip, err := netip.ParseAddr(host); err == nil {
		return !isLocal(ip)
	}
	return host != "localhost" && !strings.HasSuffix(host, ".localhost") && strings.Contains(host, ".")
}

// maxTrackerRead is how much one connection to a tracker may send. The wire
// library's decoder follows nesting as deep as its input.
const maxTrackerRead = 512 << 10

// capped ends connections that send too much.
func capped(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &cappedConn{Conn: c, left: maxTrackerRead}, nil
	}
}

type cappedConn struct {
	net.Conn
	left int
}

func (c *cappedConn) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errors.New("the tracker sends too much")
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

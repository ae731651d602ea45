package bittorrent

import (
	"log/slog"
	"net"
	"net/url"
	"sync"
	"time"
)

// trackerURL returns the URL of a tracker in the one form that the wire library
// takes: it panics at any other, such as one with a user, an empty fragment or a
// scheme in capitals. There is none for some.
func trackerURL(raw string) (string, bool) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.Opaque != "" {
		return "", false
	}
	u.Fragment, u.RawFragment = "", ""
	text := u.String()
	again, err := url.Parse(text)
	return text, err == nil && again.String() == text
}

// trackerSockets opens sockets for UDP trackers. The wire library panics where
// none can be had (no IPv6, too many open files): it gets one that hears nothing.
func trackerSockets(log *slog.Logger) func(network, addr string) (net.PacketConn, error) {
	return func(network, addr string) (net.PacketConn, error) {
		c, err := net.ListenPacket(network, addr)
		if err != nil {
			log.Debug("no socket for a UDP tracker", "network", network, "error", err)
			return &deaf{err: err, closed: make(chan struct{})}, nil
		}
		return c, nil
	}
}

// deaf is a socket that could not be opened.
type deaf struct {
	err    error
	closed chan struct{}
	once   sync.Once
}

// ReadFrom waits for the end.
func (d *deaf) ReadFrom([]byte) (int, net.Addr, error) {
	<-d.closed
	return 0, nil, net.ErrClosed
}

// WriteTo tells why there is no socket.
func (d *deaf) WriteTo([]byte, net.Addr) (int, error) { return 0, d.err }

// Close ends ReadFrom.
func (d *deaf) Close() error {
	d.once.Do(func() { close(d.closed) })
	return nil
}

// LocalAddr is none.
func (d *deaf) LocalAddr() net.Addr { return &net.UDPAddr{} }

// SetDeadline does nothing: nobody sets one.
func (d *deaf) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing.
func (d *deaf) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing.
func (d *deaf) SetWriteDeadline(time.Time) error { return nil }

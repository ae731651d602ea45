package host

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/relay/guard"
)

// connLimit bounds open connections, of each address and of all. Connections
// stay what they are, so that files go to them by the kernel's own copy; the
// server says when one is over.
type connLimit struct {
	each, all *guard.Count
	trusted   []netip.Prefix

	mu   sync.Mutex
	held map[net.Conn]netip.Addr
}

// state is the http.Server's hook.
func (l *connLimit) state(c net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		if !l.take(c) {
			_ = c.Close() // nothing was said on it
		}
	case http.StateClosed, http.StateHijacked: // who takes a connection over counts it
		l.give(c)
	case http.StateActive, http.StateIdle:
	}
}

func (l *connLimit) take(c net.Conn) bool {
	var from netip.Addr
	if tcp, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		from = subject(tcp.AddrPort().Addr().Unmap().WithZone(""))
	}
	if !l.all.Take(netip.Addr{}) {
		return false
	}
	for _, p := range l.trusted {
		if p.Contains(from) {
			from = netip.Addr{}
		}
	}
	if from.IsValid() && !l.each.Take(from) {
		l.all.Give(netip.Addr{})
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held[c] = from
	return true
}

func (l *connLimit) give(c net.Conn) {
	l.mu.Lock()
	from, ok := l.held[c]
	delete(l.held, c)
	l.mu.Unlock()
	if !ok {
		return
	}
	l.all.Give(netip.Addr{})
	if from.IsValid() {
		l.each.Give(from)
	}
}

func portError(at string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fault.New(fault.InUse, "another program already listens on %s: %w", at, err).
			WithHint("stop it, or choose another port with --http and --https")
	case errors.Is(err, syscall.EACCES):
		return fault.New(fault.Forbidden, "this user may not listen on %s: %w", at, err).
			WithHint("choose ports above 1023 behind a proxy, or let the program use low ones (docs/host.md)")
	}
	return fmt.Errorf("listen on %s: %w", at, err)
}

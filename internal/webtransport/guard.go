package webtransport

import (
	"net"
	"net/netip"
	"sync"
)

// guard counts connections by where they come from.
type guard struct {
	total, perSource int

	mu    sync.Mutex
	all   int
	count map[netip.Prefix]int
}

func newGuard(o Options) *guard {
	return &guard{total: o.MaxConns, perSource: o.MaxConnsPerSource, count: map[netip.Prefix]int{}}
}

// enter counts a connection, unless there are too many.
func (g *guard) enter(a net.Addr) (leave func(), ok bool) {
	from := source(a)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.all >= g.total || g.count[from] >= g.perSource {
		return nil, false
	}
	g.all++
	g.count[from]++
	return sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.all--
		if g.count[from]--; g.count[from] == 0 {
			delete(g.count, from)
		}
	}), true
}

// full reports whether enter would refuse.
func (g *guard) full(a net.Addr) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.all >= g.total || g.count[source(a)] >= g.perSource
}

// crowded reports whether half of what is allowed is taken, so that newcomers
// have to prove that they are where they say.
func (g *guard) crowded() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.all >= g.total/2
}

// source is what one party is taken to have: an IPv4 address, an IPv6 network of
// 64 bits.
func source(a net.Addr) netip.Prefix {
	at, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Prefix{}
	}
	ip, bits := at.Addr().Unmap().WithZone(""), 32
	if ip.Is6() {
		bits = 64
	}
	p, _ := ip.Prefix(bits) // bits fit
	return p
}

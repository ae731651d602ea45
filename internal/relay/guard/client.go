package guard

import (
	"net/http"
	"net/netip"
	"strings"
)

// maxHops is how many entries of X-Forwarded-For are looked at, from the right.
const maxHops = 8

// Subject is whom limits count: an IPv4 address, or the /64 of an IPv6 one.
func Subject(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if !a.Is6() {
		return a
	}
	p, err := a.Prefix(64)
	if err != nil {
		return a
	}
	return p.Addr()
}

// Client returns the address a request comes from. Where that is a proxy in
// trusted, the last address in X-Forwarded-For that is not itself trusted is
// the client; from anyone else the header is not looked at, since everybody can
// write it.
func Client(r *http.Request, trusted []netip.Prefix) netip.Addr {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	client := remote.Addr().Unmap().WithZone("")
	if len(trusted) == 0 || !contains(trusted, client) {
		return client
	}
	hops := strings.Join(r.Header["X-Forwarded-For"], ",")
	for range maxHops {
		i := strings.LastIndexByte(hops, ',')
		a, err := netip.ParseAddr(strings.TrimSpace(hops[i+1:]))
		if err != nil {
			return client
		}
		client = a.Unmap().WithZone("")
		if i < 0 || !contains(trusted, client) {
			return client
		}
		hops = hops[:i]
	}
	return client
}

func contains(prefixes []netip.Prefix, a netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

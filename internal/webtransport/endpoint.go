package webtransport

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
)

// Path is where sessions are opened.
const Path = "/bittorrent"

// maxEndpoints bounds the endpoints that are announced; a computer with more
// addresses names the first.
const maxEndpoints = 8

// Endpoint is how a browser reaches the Listener.
type Endpoint struct {
	URL string `json:"url"`
	// Hashes are base64 of the SHA-256 of the certificates it shows now and next.
	Hashes []string `json:"hashes"`
}

// Endpoints are the endpoints to announce. There are none when nobody outside
// could reach them.
func (l *Listener) Endpoints() []Endpoint {
	hashes := l.hashes()
	out := []Endpoint{}
	for _, at := range l.announced() {
		if len(out) < maxEndpoints && hashes != nil {
			out = append(out, Endpoint{URL: "https://" + at + Path, Hashes: hashes})
		}
	}
	return out
}

// EndpointFor is the endpoint for somebody who reaches this node as host.
func (l *Listener) EndpointFor(host string) Endpoint {
	return Endpoint{URL: "https://" + net.JoinHostPort(host, l.port()) + Path, Hashes: l.hashes()}
}

func (l *Listener) hashes() []string {
	list, err := l.certs.both()
	if err != nil {
		l.o.Log.Warn("no certificate for browsers", "error", err)
		return nil
	}
	return []string{list[0].hash(), list[1].hash()}
}

func (l *Listener) port() string { return strconv.Itoa(l.addr.Port) }

// announced lists host:port.
func (l *Listener) announced() (out []string) {
	for _, a := range l.o.Announce {
		if _, _, err := net.SplitHostPort(a); err == nil {
			out = append(out, a)
		} else {
			out = append(out, net.JoinHostPort(a, l.port()))
		}
	}
	if len(out) > 0 {
		return out
	}
	if bound, ok := netip.AddrFromSlice(l.addr.IP); ok && !bound.IsUnspecified() {
		return []string{net.JoinHostPort(bound.Unmap().String(), l.port())}
	}
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		l.o.Log.Warn("cannot list the addresses of this computer", "error", err)
	}
	for _, ip := range reachable(interfaces, l.o.Private) {
		out = append(out, net.JoinHostPort(ip.String(), l.port()))
	}
	return out
}

// reachable picks the addresses that others can reach: everybody, or with private
// those in the same network.
func reachable(interfaces []net.Addr, private bool) (out []netip.Addr) {
	for _, a := range interfaces {
		prefix, err := netip.ParsePrefix(a.String())
		if err != nil {
			continue
		}
		ip := prefix.Addr().Unmap().WithZone("")
		if ip.IsGlobalUnicast() && (private || !ip.IsPrivate() && !shared(ip)) && !slices.Contains(out, ip) {
			out = append(out, ip)
		}
	}
	return out
}

// shared reports whether ip is behind a carrier's NAT (RFC 6598).
func shared(ip netip.Addr) bool {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10).Contains(ip)
}

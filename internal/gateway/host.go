package gateway

import (
	"net/netip"
	"strconv"
	"strings"
	"sync"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
)

// placeKind says whom a host belongs to.
type placeKind uint8

const (
	placeStray     placeKind = iota // not ours: refused
	placeConsole                    // localhost
	placeLoopback                   // 127.0.0.1, [::1]
	placeSite                       // <label>.localhost
	placeSubdomain                  // <cid>.ipfs.localhost, <name>.ipns.localhost
	placePublic                     // a configured public host name
)

// place is what a Host header names.
type place struct {
	kind placeKind
	// name is the host in lower case without port; port is ":5484" or "".
	name, port string
	// address and label are those of the site. label is "" when the site has no
	// origin of one label.
	address address.Address
	label   string
	// canonical is false when the same origin is written in another way.
	canonical bool
	// err says why a host is stray.
	err error
}

// base is what the origins of the node are under: "localhost:5484".
func (p *place) base() string { return "localhost" + p.port }

// console is the origin of the console and the shell.
func (p *place) console() string { return "http://" + p.base() }

// origin is the site's own origin.
func (p *place) origin() string { return "http://" + p.label + ".localhost" + p.port }

// readPlace reads a Host header. It is strict: what is not one of ours is
// stray, and a browser that was lured here by DNS gets nothing (DNS rebinding).
func readPlace(host string, public []string) *place {
	name, port, ok := splitHost(host)
	p := &place{name: name, port: port}
	if !ok {
		p.err = fault.New(fault.Invalid, "%.100q is no host name", host)
		return p
	}
	if name == "localhost" {
		p.kind, p.canonical = placeConsole, !dotted(host)
		return p
	}
	if ip, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		if ip.IsLoopback() && ip.Zone() == "" {
			p.kind = placeLoopback
		} else {
			p.err = notOurs(host)
		}
		return p
	}
	if strings.HasSuffix(name, ".localhost") {
		p.readSite(dotted(host))
		return p
	}
	for _, h := range public {
		if name == h || strings.HasSuffix(name, "."+h) {
			p.kind = placePublic
			return p
		}
	}
	p.err = notOurs(host)
	return p
}

func notOurs(host string) error {
	return fault.New(fault.Forbidden, "this is a Kith node, and %.100q is none of its hosts", host).
		WithHint("open the console at http://localhost with this port; a public name has to be configured")
}

// readSite reads a name below localhost.
func (p *place) readSite(dotted bool) {
	a, form, err := address.FromHost(p.name)
	if err != nil {
		p.err = err
		return
	}
	label, err := a.Label()
	if err != nil && form == address.HostLabel {
		p.err = err
		return
	}
	p.address, p.label = a, label
	p.kind = placeSite
	if form == address.HostSubdomain {
		p.kind = placeSubdomain
	}
	p.canonical = !dotted && p.name == label+".localhost"
}

// splitHost separates a Host header (RFC 9110 §7.2) into a name in lower case,
// without a final dot, and ":port".
func splitHost(host string) (name, port string, ok bool) {
	name = host
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		name, port = host[:i], host[i:]
		if _, err := strconv.ParseUint(port[1:], 10, 16); err != nil {
			return "", "", false
		}
	}
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	if name == "" || len(name) > 255 {
		return "", "", false
	}
	for i := range len(name) {
		c := name[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`/\?#@%"<>`, c) >= 0 {
			return "", "", false
		}
	}
	if strings.HasPrefix(name, "[") != strings.HasSuffix(name, "]") || (name[0] != '[' && strings.Contains(name, ":")) {
		return "", "", false
	}
	return name, port, true
}

// dotted reports whether the name in a Host header ends in a dot, which makes
// it another origin to a browser.
func dotted(host string) bool {
	name, _, _ := strings.Cut(host, ":")
	return strings.HasSuffix(name, ".")
}

// maxPlaces is how many hosts are remembered. Anybody can make up more, so the
// memory is emptied when it is full.
const maxPlaces = 1024

// hostCache remembers what hosts name.
type hostCache struct {
	public []string
	mu     sync.RWMutex
	places map[string]*place
}

func (c *hostCache) place(host string) *place {
	c.mu.RLock()
	p := c.places[host]
	c.mu.RUnlock()
	if p != nil {
		return p
	}
	p = readPlace(host, c.public)
	if len(host) <= 255 {
		c.mu.Lock()
		defer c.mu.Unlock()
		if len(c.places) >= maxPlaces {
			clear(c.places)
		}
		c.places[strings.Clone(host)] = p
	}
	return p
}

package dnssd

import (
	"maps"
	"net/netip"
	"slices"
	"time"
)

// Bounds of what is kept of a service.
const (
	mostTXT   = 64   // pairs
	mostValue = 1024 // octets of them all
	mostAddrs = 8
	mostAsks  = 4 // for missing records
)

// askGap is how long an answer may take.
const askGap = time.Second

// known is a service of somebody, as far as it is known.
type known struct {
	instance string
	sender   netip.Addr
	end      time.Time // of the PTR record
	life     time.Duration
	srv, txt time.Time // their ends; zero when not known
	host     string
	port     uint16
	pairs    map[string]string
	asked    time.Time // when the missing records were last asked for
	asks     int       // and how often
	refresh  int       // how often the PTR record was asked for again
	shown    *Entry    // as Found was told of it
}

// host is where services live.
type host struct {
	addrs map[netip.Addr]time.Time // their ends
}

// cache holds what was heard, within bounds.
type cache struct {
	most, each int
	services   map[string]*known
	hosts      map[string]*host
}

func newCache(most, each int) cache {
	return cache{most: most, each: each, services: map[string]*known{}, hosts: map[string]*host{}}
}

// add returns the place of an instance, making it if there is room for one more
// of the sender.
func (c *cache) add(name, instance string, sender netip.Addr) *known {
	if k := c.services[name]; k != nil {
		return k
	}
	of := 0
	for _, k := range c.services {
		if k.sender == sender {
			of++
		}
	}
	if len(c.services) >= c.most || of >= c.each {
		return nil
	}
	k := &known{instance: instance, sender: sender}
	c.services[name] = k
	return k
}

// host returns the place of a host that some service names.
func (c *cache) host(name string) *host {
	if h := c.hosts[name]; h != nil {
		return h
	}
	for _, k := range c.services {
		if k.host == name {
			h := &host{addrs: map[netip.Addr]time.Time{}}
			c.hosts[name] = h
			return h
		}
	}
	return nil
}

// next is when something ends or has to be asked for again.
func (c *cache) next() time.Time {
	var at time.Time
	sooner := func(t time.Time) {
		if !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	for _, k := range c.services {
		sooner(k.end)
		sooner(k.srv)
		sooner(k.txt)
		sooner(k.again())
		if c.entry(k) == nil && k.asks < mostAsks {
			sooner(k.asked.Add(askGap))
		}
	}
	for _, h := range c.hosts {
		for _, end := range h.addrs {
			sooner(end)
		}
	}
	return at
}

// again is when the records of a service are to be asked for again, at 80, 85, 90
// and 95 hundredths of their life (RFC 6762, section 5.2).
func (k *known) again() time.Time {
	if k.refresh > 3 {
		return time.Time{}
	}
	return k.end.Add(-k.life * time.Duration(20-5*k.refresh) / 100)
}

// sweep drops what has ended.
func (c *cache) sweep(now time.Time) (lost []*known) {
	for name, k := range c.services {
		if !now.Before(k.srv) {
			k.srv, k.host = time.Time{}, ""
		}
		if !now.Before(k.txt) {
			k.txt, k.pairs = time.Time{}, nil
		}
		if !now.Before(k.end) {
			delete(c.services, name)
			lost = append(lost, k)
		}
	}
	used := map[string]bool{}
	for _, k := range c.services {
		used[k.host] = true
	}
	for name, h := range c.hosts {
		maps.DeleteFunc(h.addrs, func(_ netip.Addr, end time.Time) bool { return !now.Before(end) })
		if !used[name] || len(h.addrs) == 0 {
			delete(c.hosts, name)
		}
	}
	return lost
}

// entry is a service with all that belongs to it, nil while something is missing.
func (c *cache) entry(k *known) *Entry {
	h := c.hosts[k.host]
	if k.srv.IsZero() || k.txt.IsZero() || h == nil || len(h.addrs) == 0 {
		return nil
	}
	return &Entry{
		Instance: k.instance, Host: k.host, Port: k.port, TXT: k.pairs,
		Addrs: slices.SortedFunc(maps.Keys(h.addrs), likelier),
	}
}

// likelier orders addresses: IPv4, then IPv6, link-local ones last.
func likelier(a, b netip.Addr) int {
	rank := func(x netip.Addr) int {
		switch {
		case x.Is4() && !x.IsLinkLocalUnicast():
			return 0
		case !x.IsLinkLocalUnicast():
			return 1
		}
		return 2
	}
	if d := rank(a) - rank(b); d != 0 {
		return d
	}
	return a.Compare(b)
}

// same reports whether two entries are.
func (e *Entry) same(o *Entry) bool {
	return o != nil && e.Instance == o.Instance && e.Host == o.Host && e.Port == o.Port &&
		maps.Equal(e.TXT, o.TXT) && slices.Equal(e.Addrs, o.Addrs)
}

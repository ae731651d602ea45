package dnssd

import (
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/miekg/dns"
)

// mostRecords is how many records of a packet are looked at.
const mostRecords = 128

func udpAddr(a netip.AddrPort) *net.UDPAddr { return net.UDPAddrFromAddrPort(a) }

func (n *Node) setBrowse(on bool) {
	if n.browse == on {
		return
	}
	n.browse = on
	if on {
		n.ask()
		return
	}
	for _, k := range n.cache.services {
		n.lose(k)
	}
	n.cache = newCache(n.o.Instances, n.o.PerSender)
}

// restart begins anew after the interfaces changed.
func (n *Node) restart() {
	if n.browse {
		n.ask()
	}
	if c := n.mine; c != nil {
		if c.held {
			n.announce(c, 0)
		} else {
			n.probe(c, within(0, probeGap))
		}
	}
}

// ask looks for services, at once and then in intervals that double (RFC 6762,
// section 5.2).
func (n *Node) ask() {
	n.asking++
	n.askOnce(n.asking, within(20*time.Millisecond, 120*time.Millisecond), time.Second)
}

func (n *Node) askOnce(round int, delay, interval time.Duration) {
	n.after(delay, func() {
		if !n.browse || n.asking != round {
			return
		}
		n.query()
		n.askOnce(round, interval, min(interval*2, queryMost))
	})
}

// query asks for services and names those that are known (7.1).
func (n *Node) query() {
	for _, l := range n.links {
		m := new(dns.Msg)
		m.Question = []dns.Question{{Name: n.service, Qtype: dns.TypePTR, Qclass: dns.ClassINET}}
		for _, k := range n.cache.services {
			if left := k.end.Sub(n.now); left > k.life/2 && m.Len() < sendSize-300 {
				h := header(n.service, dns.TypePTR, 0)
				h.Ttl = uint32(left / time.Second)
				m.Answer = append(m.Answer, &dns.PTR{Hdr: h, Ptr: escape(k.instance) + "." + n.service})
			}
		}
		n.multicast(l, m)
	}
}

// receive takes a packet.
func (n *Node) receive(p packet) {
	from := netip.AddrPortFrom(p.from.Addr().Unmap(), p.from.Port())
	if !n.budget.take(from.Addr().WithZone(""), n.now) || !p.link.near(from.Addr()) {
		return
	}
	var m dns.Msg
	if err := m.Unpack(p.data); err != nil || m.Opcode != dns.OpcodeQuery || m.Rcode != dns.RcodeSuccess {
		return
	}
	legacy := from.Port() != n.o.Port
	if m.Response {
		if legacy {
			return // section 11
		}
		n.contest(&m)
		if n.browse {
			n.learn(p.link, &m, from.Addr())
		}
		return
	}
	n.contest(&m)
	n.reply(p.link, &m, source{p.from, legacy})
}

// learn takes the records of a response: which services there are, then what is
// said of them, then where their hosts are.
func (n *Node) learn(l *link, m *dns.Msg, from netip.Addr) {
	all := slices.Concat(m.Answer[:min(len(m.Answer), mostRecords)], m.Extra[:min(len(m.Extra), mostRecords)])
	touched := map[*known]bool{}
	for _, pass := range []func(*link, dns.RR, netip.Addr) *known{n.learnPTR, n.learnService} {
		for _, r := range all {
			if k := pass(l, r, from); k != nil {
				touched[k] = true
			}
		}
	}
	hosts := map[string]bool{}
	for _, r := range all {
		if name := n.learnHost(l, r); name != "" {
			hosts[name] = true
		}
	}
	for _, k := range n.cache.services {
		if touched[k] || hosts[k.host] {
			n.show(k)
		}
	}
}

// life is how long a record is good; one that is taken back is good for a moment.
func life(r dns.RR) time.Duration {
	ttl := min(r.Header().Ttl, mostTTL)
	if ttl == 0 {
		return goodbyeTime
	}
	return time.Duration(ttl) * time.Second
}

func (n *Node) learnPTR(_ *link, r dns.RR, from netip.Addr) *known {
	p, ok := r.(*dns.PTR)
	if !ok || fold(p.Hdr.Name) != fold(n.service) {
		return nil
	}
	instance := instanceOf(p.Ptr, n.service)
	if instance == "" {
		return nil
	}
	name := fold(p.Ptr)
	if p.Hdr.Ttl == 0 && n.cache.services[name] == nil {
		return nil
	}
	k := n.cache.add(name, instance, from)
	if k == nil {
		return nil
	}
	k.life = life(p)
	k.end, k.refresh = n.now.Add(k.life), 0
	if p.Hdr.Ttl == 0 {
		k.refresh = 4 // do not ask for what was taken back
	}
	return k
}

func (n *Node) learnService(_ *link, r dns.RR, _ netip.Addr) *known {
	k := n.cache.services[fold(r.Header().Name)]
	if k == nil {
		return nil
	}
	switch r := r.(type) {
	case *dns.SRV:
		k.host, k.port, k.srv = fold(r.Target), r.Port, n.now.Add(life(r))
	case *dns.TXT:
		size := 0
		for _, s := range r.Txt {
			size += len(s)
		}
		if len(r.Txt) > mostTXT || size > mostValue {
			return nil
		}
		k.pairs, k.txt = readTXT(r.Txt), n.now.Add(life(r))
	}
	return k
}

// learnHost takes an address and returns the name of its host.
func (n *Node) learnHost(l *link, r dns.RR) string {
	var a netip.Addr
	switch r := r.(type) {
	case *dns.A:
		a, _ = netip.AddrFromSlice(r.A.To4())
	case *dns.AAAA:
		a, _ = netip.AddrFromSlice(r.AAAA)
		if a.IsLinkLocalUnicast() {
			a = a.WithZone(l.ifi.Name)
		}
	default:
		return ""
	}
	name := fold(r.Header().Name)
	h := n.cache.host(name)
	if h == nil || !a.IsValid() || a.IsMulticast() || a.IsUnspecified() {
		return ""
	}
	if _, dup := h.addrs[a]; !dup && len(h.addrs) >= mostAddrs {
		return ""
	}
	h.addrs[a] = n.now.Add(life(r))
	return name
}

// show tells of a service when it is whole and something about it is new, and
// asks for what is missing.
func (n *Node) show(k *known) {
	e := n.cache.entry(k)
	if e == nil {
		n.complete(k)
		return
	}
	k.asks = 0
	if !e.same(k.shown) {
		k.shown = e
		if n.o.Found != nil {
			n.o.Found(*e)
		}
	}
}

// lose tells that a service is gone.
func (n *Node) lose(k *known) {
	if k.shown != nil && n.o.Lost != nil {
		n.o.Lost(k.instance)
	}
	k.shown = nil
}

// complete asks for the records of a service, once in a second and some times at
// most.
func (n *Node) complete(k *known) {
	if n.now.Sub(k.asked) < askGap || k.asks >= mostAsks {
		return
	}
	k.asked = n.now
	k.asks++
	name := escape(k.instance) + "." + n.service
	m := new(dns.Msg)
	m.Question = []dns.Question{{Name: name, Qtype: dns.TypeSRV, Qclass: dns.ClassINET}, {Name: name, Qtype: dns.TypeTXT, Qclass: dns.ClassINET}}
	if k.host != "" {
		m.Question = append(m.Question, dns.Question{Name: k.host, Qtype: dns.TypeA, Qclass: dns.ClassINET}, dns.Question{Name: k.host, Qtype: dns.TypeAAAA, Qclass: dns.ClassINET})
	}
	for _, l := range n.links {
		n.multicast(l, m.Copy())
	}
}

// expire drops what has ended and asks again for what will.
func (n *Node) expire() {
	for _, k := range n.cache.sweep(n.now) {
		n.lose(k)
	}
	ask := false
	for _, k := range n.cache.services {
		if at := k.again(); !at.IsZero() && !n.now.Before(at) {
			k.refresh++
			k.asked, k.asks = time.Time{}, 0
			n.complete(k)
			ask = true
		}
		n.show(k)
	}
	if ask {
		n.query()
	}
}

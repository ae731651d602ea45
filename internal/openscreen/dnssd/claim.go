package dnssd

import (
	"bytes"
	"crypto/rand"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// flush is the bit of a class that says that a record is the only one (RFC 6762,
// section 10.2).
const flush = 1 << 15

// claim is the service that this node announces, or wants to.
type claim struct {
	s         Service
	base      string // the name that was wished for
	tried     int    // how many names
	conflicts int
	host      string
	held      bool // probing is over
	round     int  // of probing; an older one's tasks do nothing
	gone      bool
}

func (n *Node) register(s Service) {
	host := ""
	if n.mine != nil {
		host = n.mine.host
		if n.mine.held && n.mine.s.Instance != s.Instance {
			n.goodbye(n.mine)
		}
		n.mine.gone = true
	}
	if host == "" {
		host = strings.ToLower(rand.Text()[:16]) + ".local."
	}
	c := &claim{s: s, base: s.Instance, tried: 1, host: host}
	same := n.mine != nil && n.mine.held && n.mine.s.Instance == s.Instance
	n.mine = c
	if same { // only what the records say has changed
		c.held = true
		n.announce(c, 0)
		return
	}
	n.probe(c, within(0, probeGap))
}

func (n *Node) unregister() {
	if n.mine == nil {
		return
	}
	if n.mine.held {
		n.goodbye(n.mine)
	}
	n.mine.gone = true
	n.mine = nil
}

// name is the full name of a claim.
func (n *Node) name(c *claim) string { return escape(c.s.Instance) + "." + n.service }

// probe asks three times whether somebody has the name (RFC 6762, section 8.1).
func (n *Node) probe(c *claim, delay time.Duration) {
	c.held = false
	c.round++
	n.probeOnce(c, c.round, 0, delay)
}

func (n *Node) probeOnce(c *claim, round, sent int, delay time.Duration) {
	n.after(delay, func() {
		if c.gone || c.round != round {
			return
		}
		if sent == 3 {
			c.held = true
			if n.o.Renamed != nil && c.s.Instance != c.base {
				n.o.Renamed(c.s.Instance)
			}
			n.announce(c, 0)
			return
		}
		for _, l := range n.links {
			m := new(dns.Msg)
			m.Question = []dns.Question{{Name: n.name(c), Qtype: dns.TypeANY, Qclass: dns.ClassINET}}
			m.Ns = []dns.RR{n.srv(c, 0), n.txt(c, 0)}
			n.multicast(l, m)
		}
		n.probeOnce(c, round, sent+1, probeGap)
	})
}

// announce tells everybody, three times with growing pauses (8.3).
func (n *Node) announce(c *claim, sent int) {
	for _, l := range n.links {
		n.answer(l, n.everything(c, l), nil)
	}
	if sent < 2 {
		round := c.round
		n.after(announceGap<<sent, func() {
			if !c.gone && c.held && c.round == round {
				n.announce(c, sent+1)
			}
		})
	}
}

// goodbye takes the records back (10.1).
func (n *Node) goodbye(c *claim) {
	for _, l := range n.links {
		rr := n.everything(c, l)
		for _, r := range rr {
			r.Header().Ttl = 0
		}
		m := response()
		m.Answer = rr
		n.multicast(l, m)
	}
}

// everything is all records of a claim on a link.
func (n *Node) everything(c *claim, l *link) []dns.RR {
	return append([]dns.RR{n.ptr(c), n.srv(c, flush), n.txt(c, flush)}, n.hosts(c, l)...)
}

func header(name string, kind, class uint16) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: kind, Class: dns.ClassINET | class, Ttl: recordTTL}
}

func (n *Node) ptr(c *claim) dns.RR {
	return &dns.PTR{Hdr: header(n.service, dns.TypePTR, 0), Ptr: n.name(c)}
}

func (n *Node) srv(c *claim, class uint16) dns.RR {
	return &dns.SRV{Hdr: header(n.name(c), dns.TypeSRV, class), Port: c.s.Port, Target: c.host}
}

func (n *Node) txt(c *claim, class uint16) dns.RR {
	return &dns.TXT{Hdr: header(n.name(c), dns.TypeTXT, class), Txt: writeTXT(c.s.TXT)}
}

// hosts are the addresses of a link's interface.
func (n *Node) hosts(c *claim, l *link) []dns.RR {
	var rr []dns.RR
	for _, a := range l.addrs {
		switch {
		case n.o.Only.IsValid() && !n.o.Only.IsUnspecified() && n.o.Only.Unmap() != a:
		case a.Is4():
			rr = append(rr, &dns.A{Hdr: header(c.host, dns.TypeA, flush), A: a.AsSlice()})
		case !n.o.Only.Is4():
			rr = append(rr, &dns.AAAA{Hdr: header(c.host, dns.TypeAAAA, flush), AAAA: a.AsSlice()})
		}
	}
	return rr
}

// contest looks for somebody else who has the name, or wants it at the same time.
func (n *Node) contest(m *dns.Msg) {
	c := n.mine
	if c == nil {
		return
	}
	name := fold(n.name(c))
	if m.Response {
		for _, r := range m.Answer {
			srv, ok := r.(*dns.SRV)
			if ok && fold(srv.Hdr.Name) == name && srv.Hdr.Ttl > 0 && (fold(srv.Target) != fold(c.host) || srv.Port != c.s.Port) {
				n.conflict(c)
				return
			}
		}
		return
	}
	if c.held {
		return
	}
	for _, r := range m.Ns {
		srv, ok := r.(*dns.SRV)
		if !ok || fold(srv.Hdr.Name) != name || fold(srv.Target) == fold(c.host) {
			continue
		}
		if bytes.Compare(rdata(n.srv(c, 0)), rdata(srv)) < 0 { // 8.2: the greater one wins
			n.probe(c, deferTime)
		}
		return
	}
}

// rdata is the content of a record as it is on the wire, uncompressed.
func rdata(r dns.RR) []byte {
	b := make([]byte, 1024)
	end, err := dns.PackRR(r, b, 0, nil, false)
	if err != nil {
		return nil
	}
	at, err := skipName(b)
	if err != nil || at+10 > end {
		return nil
	}
	return b[at+10 : end]
}

func skipName(b []byte) (int, error) {
	_, at, err := dns.UnpackDomainName(b, 0)
	return at, err
}

// conflict gives the name up for another (section 9). Who was first keeps it: a
// name that is held is probed for again, and given up only if somebody answers.
func (n *Node) conflict(c *claim) {
	c.conflicts++
	if c.held {
		n.probe(c, 0)
		return
	}
	c.tried++
	name := c.base
	if n.o.Rename != nil {
		name = n.o.Rename(c.base, c.tried)
	}
	n.o.Log.Info("the name is taken on this network", "name", c.s.Instance, "next", name)
	c.s.Instance = name
	delay := within(0, probeGap)
	if c.conflicts > conflictMax {
		delay = slowDown
	}
	n.probe(c, delay)
}

// source is where a question came from.
type source struct {
	addr   netip.AddrPort
	legacy bool // not a responder: it wants one answer, by unicast
}

// reply answers the questions of a message (section 6).
func (n *Node) reply(l *link, m *dns.Msg, from source) {
	c := n.mine
	if c == nil || !c.held {
		return
	}
	var unique, shared []dns.RR
	for _, q := range m.Question[:min(len(m.Question), 32)] {
		if class := q.Qclass &^ flush; class != dns.ClassINET && class != dns.ClassANY {
			continue
		}
		u, s := n.records(c, l, q)
		unique, shared = append(unique, u...), append(shared, s...)
	}
	unique, shared = without(unique, m.Answer), without(shared, m.Answer)
	if from.legacy {
		n.replyLegacy(l, m, append(unique, shared...), from.addr)
		return
	}
	if len(m.Ns) == 0 { // who probes gets an answer in any case
		unique = n.quiet(l, unique)
	}
	n.answer(l, unique, nil)
	if len(shared) > 0 {
		delay := within(20*time.Millisecond, 120*time.Millisecond)
		if m.Truncated { // more known answers may follow (7.2)
			delay = within(400*time.Millisecond, 500*time.Millisecond)
		}
		n.after(delay, func() {
			if n.mine != c || !c.held {
				return
			}
			if rr := n.quiet(l, shared); len(rr) > 0 {
				n.answer(l, rr, append([]dns.RR{n.srv(c, flush), n.txt(c, flush)}, n.hosts(c, l)...))
			}
		})
	}
}

// records are the ones that a question is for: those that are only ours, and
// those of a name that others share.
func (n *Node) records(c *claim, l *link, q dns.Question) (unique, shared []dns.RR) {
	want := func(kind uint16) bool { return q.Qtype == kind || q.Qtype == dns.TypeANY }
	switch fold(q.Name) {
	case fold(n.service):
		if want(dns.TypePTR) {
			shared = append(shared, n.ptr(c))
		}
	case "_services._dns-sd._udp.local.":
		if want(dns.TypePTR) {
			shared = append(shared, &dns.PTR{Hdr: header("_services._dns-sd._udp.local.", dns.TypePTR, 0), Ptr: n.service})
		}
	case fold(n.name(c)):
		if want(dns.TypeSRV) {
			unique = append(unique, n.srv(c, flush))
		}
		if want(dns.TypeTXT) {
			unique = append(unique, n.txt(c, flush))
		}
	case fold(c.host):
		for _, r := range n.hosts(c, l) {
			if want(r.Header().Rrtype) {
				unique = append(unique, r)
			}
		}
	}
	return unique, shared
}

// without takes out what the one who asks knows already (7.1).
func without(rr, known []dns.RR) []dns.RR {
	var out []dns.RR
	for _, r := range rr {
		dup := false
		for _, k := range known[:min(len(known), 256)] {
			dup = dup || same(r, k) && k.Header().Ttl >= recordTTL/2
		}
		if !dup {
			out = append(out, r)
		}
	}
	return out
}

// same reports whether two records are the same but for their time to live.
func same(a, b dns.RR) bool {
	x, y := a.Header(), b.Header()
	return x.Rrtype == y.Rrtype && fold(x.Name) == fold(y.Name) && bytes.Equal(rdata(a), rdata(b))
}

// quiet takes out what was sent on the link a moment ago.
func (n *Node) quiet(l *link, rr []dns.RR) []dns.RR {
	var out []dns.RR
	for _, r := range rr {
		if n.now.Sub(l.sent[r.String()]) >= quietTime {
			out = append(out, r)
		}
	}
	return out
}

func response() *dns.Msg {
	m := new(dns.Msg)
	m.Response, m.Authoritative = true, true
	return m
}

// answer sends records to the group.
func (n *Node) answer(l *link, rr, extra []dns.RR) {
	if len(rr) == 0 {
		return
	}
	if len(l.sent) > 64 {
		clear(l.sent)
	}
	for _, r := range rr {
		l.sent[r.String()] = n.now
	}
	m := response()
	m.Answer, m.Extra = rr, extra
	n.multicast(l, m)
}

// replyLegacy answers a resolver that knows nothing of mDNS (6.7).
func (n *Node) replyLegacy(l *link, q *dns.Msg, rr []dns.RR, to netip.AddrPort) {
	if len(rr) == 0 {
		return
	}
	m := response()
	m.Id, m.Question = q.Id, q.Question
	for _, r := range rr {
		r.Header().Ttl = 10
		r.Header().Class &^= flush
	}
	m.Answer = rr
	n.send(l, m, udpAddr(to))
}

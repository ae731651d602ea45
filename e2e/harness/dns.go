package harness

import (
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// DNS is a name server for TXT records, on loopback.
type DNS struct {
	// Addr is where it listens, host:port.
	Addr string

	mu    sync.Mutex
	texts map[string][]string // by name, with its final dot
	asked map[string]int
}

// StartDNS starts a name server that knows no name.
func StartDNS(t testing.TB) *DNS {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &DNS{Addr: conn.LocalAddr().String(), texts: map[string][]string{}, asked: map[string]int{}}
	s := &dns.Server{PacketConn: conn, Handler: d}
	ended := make(chan error, 1)
	go func() { ended <- s.ActivateAndServe() }()
	t.Cleanup(func() {
		_ = s.Shutdown()
		_ = conn.Close()
		<-ended
	})
	return d
}

// Set replaces the TXT records of a name.
func (d *DNS) Set(name string, texts ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.texts[dns.Fqdn(strings.ToLower(name))] = texts
}

// Asked counts the queries for TXT records of a name.
func (d *DNS) Asked(name string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked[dns.Fqdn(name)]
}

// ServeDNS implements dns.Handler.
func (d *DNS) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	m := new(dns.Msg).SetReply(q)
	d.mu.Lock()
	for _, question := range q.Question {
		name := strings.ToLower(question.Name)
		texts, ok := d.texts[name]
		if !ok {
			m.Rcode = dns.RcodeNameError
		}
		if question.Qtype != dns.TypeTXT {
			continue
		}
		d.asked[name]++
		for _, text := range texts {
			h := dns.RR_Header{Name: question.Name, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 1}
			m.Answer = append(m.Answer, &dns.TXT{Hdr: h, Txt: []string{text}})
		}
	}
	d.mu.Unlock()
	_ = w.WriteMsg(m)
}

package resolve_test

import (
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"
)

// zone is a DNS server on loopback, over UDP, TCP and HTTPS. Records are in the
// form of a zone file, by canonical name.
type zone struct {
	t       *testing.T
	mu      sync.Mutex
	records map[string][]string
	answer  func(q *dns.Msg) *dns.Msg // replaces the records, where it is set

	Addr    string
	DoH     string
	queries atomic.Int64
}

func newZone(t *testing.T) *zone {
	t.Helper()
	z := &zone{t: t, records: map[string][]string{}}
	stream, packets := listenBoth(t)
	z.Addr = stream.Addr().String()
	for _, s := range []*dns.Server{{PacketConn: packets, Handler: z}, {Listener: stream, Handler: z}} {
		started := make(chan struct{})
		s.NotifyStartedFunc = func() { close(started) }
		go func() { _ = s.ActivateAndServe() }()
		<-started
		t.Cleanup(func() { _ = s.Shutdown() })
	}
	web := httptest.NewServer(http.HandlerFunc(z.serveDoH))
	t.Cleanup(web.Close)
	z.DoH = web.URL + "/dns-query"
	return z
}

// listenBoth listens on one port for TCP and UDP.
func listenBoth(t *testing.T) (net.Listener, net.PacketConn) {
	t.Helper()
	var err error
	for range 50 {
		var stream net.Listener
		if stream, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			break
		}
		var packets net.PacketConn
		if packets, err = net.ListenPacket("udp", stream.Addr().String()); err == nil {
			return stream, packets
		}
		_ = stream.Close() // the port is taken for UDP
	}
	t.Fatal(err)
	return nil, nil
}

// set replaces the records of a name, each like "300 TXT \"x\"".
func (z *zone) set(name string, records ...string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.records[dns.CanonicalName(name)] = records
}

func (z *zone) setAnswer(f func(q *dns.Msg) *dns.Msg) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.answer = f
}

// reply makes the answer; nil for none.
func (z *zone) reply(q *dns.Msg) *dns.Msg {
	z.queries.Add(1)
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.answer != nil {
		return z.answer(q)
	}
	m := new(dns.Msg).SetReply(q)
	name := dns.CanonicalName(q.Question[0].Name)
	if _, ok := z.records[name]; !ok {
		m.Rcode = dns.RcodeNameError
	}
	for range 9 {
		alias := ""
		for _, text := range z.records[name] {
			rr, err := dns.NewRR(name + " " + text)
			if err != nil {
				z.t.Errorf("record %s: %v", text, err)
				return nil
			}
			if c, ok := rr.(*dns.CNAME); ok {
				alias = c.Target
			}
			if t := rr.Header().Rrtype; t == q.Question[0].Qtype || t == dns.TypeCNAME {
				m.Answer = append(m.Answer, rr)
			}
		}
		if name = alias; alias == "" {
			break
		}
	}
	return m
}

// ServeDNS implements dns.Handler. What does not fit into a datagram is
// truncated.
func (z *zone) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	m := z.reply(q)
	if m == nil {
		return
	}
	if w.LocalAddr().Network() == "udp" {
		m.Truncate(1232)
	}
	_ = w.WriteMsg(m)
}

// serveDoH is RFC 8484 §4.1.
func (z *zone) serveDoH(w http.ResponseWriter, req *http.Request) {
	data, err := io.ReadAll(req.Body)
	if req.Method == http.MethodGet {
		data, err = base64.RawURLEncoding.DecodeString(req.URL.Query().Get("dns"))
	}
	q := new(dns.Msg)
	if err != nil || req.Header.Get("Content-Type") != "application/dns-message" || q.Unpack(data) != nil {
		http.Error(w, "bad message", http.StatusBadRequest)
		return
	}
	m := z.reply(q)
	if m == nil {
		<-req.Context().Done()
		return
	}
	out, err := m.Pack()
	if err != nil {
		z.t.Errorf("pack: %v", err)
	}
	w.Header().Set("Content-Type", "application/dns-message")
	_, _ = w.Write(out)
}

// txt is a TXT record with a TTL.
func txt(ttl, text string) string {
	var b strings.Builder
	b.WriteString(ttl + " TXT")
	for len(text) > 255 {
		b.WriteString(` "` + text[:255] + `"`)
		text = text[255:]
	}
	b.WriteString(` "` + text + `"`)
	return b.String()
}

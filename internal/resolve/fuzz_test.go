package resolve

import (
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/kith-web/kith/internal/address"
)

func FuzzRecords(f *testing.F) {
	f.Add("dnslink=/ipfs/bafybeie5nqv6kd3qnfjupgvz34woh3oksc3iau6abmyajn7qvtf6d2ho34/a", `"wtpkey=c12fe1c06bba254a9dc9f519b335aa7c1367a88a"`)
	f.Add("DNSLINK=/ipns/example.com", `wtpkey="wtp://c12fe1c06bba254a9dc9f519b335aa7c1367a88a"`)
	f.Add("dnslink=", "wtpkey=")
	f.Fuzz(func(t *testing.T, a, b string) {
		records := []string{a, b}
		if link, err := parseDNSLink(records); err == nil && link.Kind() != address.IPFS && link.Kind() != address.IPNS && link.Kind() != address.Name {
			t.Errorf("a DNSLink to %s", link)
		}
		if key, err := parseWTPKey(records); err == nil && key.Kind() != address.Torrent && key.Kind() != address.Mutable {
			t.Errorf("a wtpkey of %s", key)
		}
	})
}

func FuzzWellKnown(f *testing.F) {
	f.Add("wtp://c12fe1c06bba254a9dc9f519b335aa7c1367a88a\nttl=60\n")
	f.Add("\ufeffWTP://c12fe1c06bba254a9dc9f519b335aa7c1367a88a\r\nttl=-1")
	f.Add("<html>")
	f.Fuzz(func(t *testing.T, text string) {
		a, ttl, err := parseWellKnown(text, time.Hour)
		if err == nil && (a.Kind() != address.Torrent && a.Kind() != address.Mutable || ttl < 0) {
			t.Errorf("%s for %s", a, ttl)
		}
	})
}

// FuzzAnswer takes any message for an answer to a question.
func FuzzAnswer(f *testing.F) {
	q := new(dns.Msg).SetQuestion("e.com.", dns.TypeTXT)
	q.Id = 7
	good := new(dns.Msg).SetReply(q)
	for _, text := range []string{`e.com. 60 TXT "a\"\\b\200"`, "e.com. 60 CNAME e.com."} {
		rr, err := dns.NewRR(text)
		if err != nil {
			f.Fatal(err)
		}
		good.Answer = append(good.Answer, rr)
		data, err := good.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		answer := new(dns.Msg)
		if answer.Unpack(data) != nil || check(q, answer) != nil {
			return
		}
		ttl := time.Duration(1 << 62)
		collect(answer, "e.com.", dns.TypeTXT, &ttl, func(rr dns.RR) {
			if !strings.EqualFold(rr.Header().Name, "e.com.") && ttl == 1<<62 {
				t.Errorf("a record of %s", rr.Header().Name)
			}
			if r, ok := rr.(*dns.TXT); ok {
				_ = unescape(strings.Join(r.Txt, ""))
			}
		})
	})
}

func TestUnescape(t *testing.T) {
	raw := make([]byte, 256)
	for i := range raw {
		raw[i] = byte(i)
	}
	for _, text := range []string{string(raw[:200]), string(raw[100:]), `"quoted" \ back`, "plain"} {
		m := new(dns.Msg)
		m.Answer = []dns.RR{&dns.TXT{Hdr: dns.RR_Header{Name: "e.com.", Rrtype: dns.TypeTXT, Class: dns.ClassINET}, Txt: []string{escape(text)}}}
		data, err := m.Pack()
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Unpack(data); err != nil {
			t.Fatal(err)
		}
		if got := unescape(m.Answer[0].(*dns.TXT).Txt[0]); got != text {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}

// escape writes text in the presentation form of RFC 1035 §5.1.
func escape(text string) string {
	var b strings.Builder
	for i := range len(text) {
		b.WriteString(`\` + string([]byte{'0' + text[i]/100, '0' + text[i]/10%10, '0' + text[i]%10}))
	}
	return b.String()
}

package resolve

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/kith-web/kith/internal/fault"
)

// maxAliases is how many CNAMEs in a row are followed.
const maxAliases = 8

// maxAnswers is how many records of one answer are looked at.
const maxAnswers = 256

// exchanger carries one DNS message to a server and its answer back.
type exchanger interface {
	exchange(ctx context.Context, q *dns.Msg) (*dns.Msg, error)
}

// wire is a source that speaks DNS messages.
type wire struct{ exchanger }

// txt implements source.
func (w *wire) txt(ctx context.Context, name string) ([]string, time.Duration, error) {
	var out []string
	ttl, err := w.query(ctx, name, dns.TypeTXT, func(rr dns.RR) {
		if t, ok := rr.(*dns.TXT); ok {
			out = append(out, unescape(strings.Join(t.Txt, "")))
		}
	})
	return out, ttl, err
}

// addrs implements source.
func (w *wire) addrs(ctx context.Context, name string) ([]netip.Addr, error) {
	var out []netip.Addr
	var err error
	for _, typ := range []uint16{dns.TypeA, dns.TypeAAAA} {
		_, typErr := w.query(ctx, name, typ, func(rr dns.RR) {
			var ip netip.Addr
			switch t := rr.(type) {
			case *dns.A:
				ip, _ = netip.AddrFromSlice(t.A)
			case *dns.AAAA:
				ip, _ = netip.AddrFromSlice(t.AAAA)
			}
			if ip.IsValid() {
				out = append(out, ip.Unmap())
			}
		})
		if err == nil || fault.KindOf(err) == fault.NotFound {
			err = typErr
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	return nil, err
}

// query asks for the records of one type and follows aliases, within the answer
// and, where a server leaves that to us, by asking again.
func (w *wire) query(ctx context.Context, name string, typ uint16, each func(dns.RR)) (time.Duration, error) {
	current, ttl := dns.CanonicalName(name), time.Duration(1<<62)
	for range maxAliases {
		q := new(dns.Msg).SetQuestion(current, typ)
		q.SetEdns0(1232, false)
		answer, err := w.exchange(ctx, q)
		if err == nil {
			err = check(q, answer)
		}
		if err != nil {
			if fault.KindOf(err) == fault.NotFound {
				return 0, err
			}
			return 0, fault.New(fault.Unreachable, "DNS did not answer for %q: %w", name, err)
		}
		found, end := collect(answer, current, typ, &ttl, each)
		switch {
		case found:
			return ttl, nil
		case end == current:
			return 0, fault.New(fault.NotFound, "%q has no %s record", name, dns.TypeToString[typ])
		}
		current = end
	}
	return 0, fault.New(fault.Corrupt, "%q has more aliases in a row than are followed", name)
}

// check says whether answer is one to q.
func check(q, answer *dns.Msg) error {
	switch {
	case answer.Id != q.Id || !answer.Response || answer.Opcode != dns.OpcodeQuery || len(answer.Question) != 1 ||
		!strings.EqualFold(answer.Question[0].Name, q.Question[0].Name) || answer.Question[0].Qtype != q.Question[0].Qtype:
		return fault.New(fault.Corrupt, "the answer is to another question")
	case answer.Rcode == dns.RcodeNameError:
		return fault.New(fault.NotFound, "there is no name %q", strings.TrimSuffix(q.Question[0].Name, "."))
	case answer.Rcode != dns.RcodeSuccess:
		return fault.New(fault.Unreachable, "the DNS server says %s", dns.RcodeToString[answer.Rcode])
	}
	return nil
}

// collect gives each record of the type that belongs to name, or to what name is
// an alias of, to each. It returns where the aliases end, and lowers ttl to the
// shortest on the way.
func collect(answer *dns.Msg, name string, typ uint16, ttl *time.Duration, each func(dns.RR)) (found bool, end string) {
	records := answer.Answer[:min(len(answer.Answer), maxAnswers)]
	lowerTTL := func(rr dns.RR) { *ttl = min(*ttl, time.Duration(rr.Header().Ttl)*time.Second) }
	for range maxAliases {
		alias := ""
		for _, rr := range records {
			if !strings.EqualFold(rr.Header().Name, name) || rr.Header().Class != dns.ClassINET {
				continue
			}
			if rr.Header().Rrtype == typ {
				lowerTTL(rr)
				each(rr)
				found = true
			}
			if c, ok := rr.(*dns.CNAME); ok && !found {
				lowerTTL(rr)
				alias = dns.CanonicalName(c.Target)
			}
		}
		if found || alias == "" {
			return found, name
		}
		name = alias
	}
	return false, name
}

// unescape undoes the presentation form that the library keeps TXT data in:
// \DDD and \c (RFC 1035 §5.1).
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		if i+3 < len(s) && isDigits(s[i+1:i+4]) {
			b.WriteByte(byte(int(s[i+1]-'0')*100 + int(s[i+2]-'0')*10 + int(s[i+3]-'0')))
			i += 3
			continue
		}
		i++
		b.WriteByte(s[i])
	}
	return b.String()
}

func isDigits(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}

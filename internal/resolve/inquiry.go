package resolve

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
)

// maxDNSName is the longest name that can be asked for (RFC 1035 §2.3.4).
const maxDNSName = 253

// texts are the TXT records of one name.
type texts struct {
	records []string
	ttl     time.Duration
	err     error // fault.NotFound when there are none
}

// inquiry asks DNS for everything a name may say about itself, side by side.
type inquiry struct {
	name           string
	own, link, www func() texts
}

// inquire begins the queries: all, or those for a DNSLink alone.
func (r *Resolver) inquire(ctx context.Context, name string, all bool) *inquiry {
	begin := func(name string) func() texts {
		once := sync.OnceValue(func() texts {
			if len(name) > maxDNSName {
				return texts{err: fault.New(fault.NotFound, "%q is too long for a DNS name", name)}
			}
			records, ttl, err := r.dns.txt(ctx, name)
			return texts{records, ttl, err}
		})
		r.going.Go(func() { once() })
		return once
	}
	q := &inquiry{name: name, own: begin(name), link: begin("_dnslink." + name)}
	q.www = func() texts { return texts{err: fault.New(fault.NotFound, "%q is not asked twice", name)} }
	if all && !strings.HasPrefix(name, "www.") {
		q.www = begin("www." + name)
	}
	return q
}

// dnslink returns the DNSLink (dnslink.dev): of _dnslink.<name>, else of the name
// itself.
func (q *inquiry) dnslink() pointer {
	return q.first("DNSLink", parseDNSLink, q.link, q.own)
}

// wtpkey returns the wtpkey of the name, else of its www.
func (q *inquiry) wtpkey() pointer {
	return q.first("wtpkey", parseWTPKey, q.own, q.www)
}

// first returns the first record that parse accepts. Where there is none, the
// error is one of those that kept a query from being answered, if any.
func (q *inquiry) first(what string, parse func([]string) (address.Address, error), from ...func() texts) pointer {
	err := error(fault.New(fault.NotFound, "%q has no %s", q.name, what))
	for _, get := range from {
		t := get()
		if t.err == nil {
			var target address.Address
			if target, t.err = parse(t.records); t.err == nil {
				return pointer{target: target, ttl: t.ttl}
			}
		}
		if fault.KindOf(err) == fault.NotFound && fault.KindOf(t.err) != fault.NotFound {
			err = t.err
		}
	}
	return pointer{err: err}
}

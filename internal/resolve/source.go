package resolve

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"time"

	"github.com/kith-web/kith/internal/fault"
)

// source answers DNS questions. Names come without a final dot. The error is
// fault.NotFound when the name has no such record, fault.Unreachable when nobody
// answered usably.
type source interface {
	txt(ctx context.Context, name string) (records []string, ttl time.Duration, err error)
	addrs(ctx context.Context, name string) ([]netip.Addr, error)
}

// newSource returns the source that o chooses; nil when DNS is off.
func newSource(o *Options) (source, error) {
	switch {
	case o.DoH != "":
		u, err := url.Parse(o.DoH)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return nil, fault.New(fault.Invalid, "%q is not the URL of a DNS over HTTPS server", o.DoH).
				WithHint("set [dns] doh to something like https://dns.example/dns-query")
		}
		return &wire{newDoH(o.DoH, o.Deadline, o.Through)}, nil
	case o.Server != "":
		if _, port, err := net.SplitHostPort(o.Server); err != nil || port == "" {
			return nil, fault.New(fault.Invalid, "%q is not host:port of a DNS server", o.Server).
				WithHint("set [dns] server to something like 192.0.2.1:53")
		}
		return &wire{&servers{list: []string{o.Server}, deadline: o.Deadline}}, nil
	case o.System:
		return &system{resolvConf: o.ResolvConf, deadline: o.Deadline, ttl: o.TTL}, nil
	}
	return nil, nil
}

package resolve

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
)

// Limits of the well-known fetch.
const (
	maxWellKnown = 4 << 10
	maxRedirects = 3
)

// askWellKnown fetches https://<name>/.well-known/wtp.
func (r *Resolver) askWellKnown(ctx context.Context, name string) pointer {
	ctx, cancel := context.WithTimeout(ctx, 2*r.o.Deadline)
	defer cancel()
	client := r.wellKnownClient()
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+name+"/.well-known/wtp", nil)
	if err != nil {
		return pointer{err: fault.New(fault.Invalid, "%q has no web address: %w", name, err)}
	}
	resp, err := client.Do(req)
	if err != nil {
		kind := fault.Unreachable
		if k := fault.KindOf(err); k == fault.NotFound || k == fault.Forbidden {
			kind = fault.NotFound // no server there, or none that may be asked
		}
		return pointer{err: fault.New(kind, "the server of %q was not reached: %w", name, err)}
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		kind := fault.NotFound
		if resp.StatusCode >= http.StatusInternalServerError {
			kind = fault.Unreachable
		}
		return pointer{err: fault.New(kind, "the server of %q answered %s for /.well-known/wtp", name, resp.Status)}
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxWellKnown))
	if err != nil {
		return pointer{err: fault.New(fault.Unreachable, "the server of %q broke off: %w", name, err)}
	}
	target, ttl, err := parseWellKnown(string(data), r.o.TTL)
	if err != nil {
		// A server that answers every path with a page has no such file.
		err = fault.New(fault.NotFound, "the file /.well-known/wtp of %q is unusable: %w", name, err)
	}
	return pointer{target, ttl, err}
}

// parseWellKnown reads the file: wtp://<infohash> on the first line, and perhaps
// ttl=<seconds> on the second.
func parseWellKnown(text string, ttl time.Duration) (address.Address, time.Duration, error) {
	first, rest, _ := strings.Cut(strings.TrimPrefix(text, "\ufeff"), "\n")
	first = strings.TrimSpace(first)
	if len(first) > maxRecord || !strings.HasPrefix(strings.ToLower(first), "wtp:") {
		return address.Address{}, 0, fault.New(fault.Corrupt, "its first line is not wtp://<infohash>")
	}
	target, err := parseTorrent(first)
	if err != nil {
		return address.Address{}, 0, err
	}
	second, _, _ := strings.Cut(rest, "\n")
	second = strings.ToLower(strings.TrimSpace(second))
	if value, ok := strings.CutPrefix(second, "ttl="); ok {
		if s, err := strconv.ParseUint(value, 10, 31); err == nil {
			ttl = time.Duration(s) * time.Second
		}
	}
	return target, ttl, nil
}

// wellKnownClient speaks HTTPS to public addresses only, redirects included. The
// address is checked when it is connected to, so that a name that changes its
// address gains nothing.
func (r *Resolver) wellKnownClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            r.dialPublic,
			TLSClientConfig:        &tls.Config{RootCAs: r.o.RootCAs, MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:      true,
			DisableKeepAlives:      true,
			MaxResponseHeaderBytes: 16 << 10,
		},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects || req.URL.Scheme != "https" {
				return fault.New(fault.NotFound, "it redirects too often or away from HTTPS")
			}
			return nil
		},
	}
}

// dialPublic connects to a host by its name, as this resolver's DNS knows it.
func (r *Resolver) dialPublic(ctx context.Context, network, hostPort string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(hostPort)
	if err != nil {
		return nil, err
	}
	var ips []netip.Addr
	if ip, err := netip.ParseAddr(host); err == nil {
		ips = []netip.Addr{ip}
	} else if ips, err = r.dns.addrs(ctx, host); err != nil {
		return nil, err
	}
	err = fault.New(fault.NotFound, "%q has no address", host)
	for _, ip := range ips {
		if !r.o.AllowPrivate && !isPublic(ip) {
			err = fault.New(fault.Forbidden, "%q has the private address %s", host, ip)
			continue
		}
		var conn net.Conn
		if conn, err = r.o.Dial(ctx, network, net.JoinHostPort(ip.String(), port)); err == nil {
			return conn, nil
		}
		if ctx.Err() != nil {
			return nil, err
		}
	}
	return nil, err
}

// isPublic reports whether ip is an address of the public internet, by the
// registries of special addresses (RFC 6890).
func isPublic(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() {
		return false
	}
	for _, special := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16",
	} {
		if netip.MustParsePrefix(special).Contains(ip) {
			return false
		}
	}
	return ip.Is4() || netip.MustParsePrefix("2000::/3").Contains(ip)
}

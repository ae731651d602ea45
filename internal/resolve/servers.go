package resolve

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/miekg/dns"

	"github.com/kith-web/kith/internal/fault"
)

// attempts is how often each server is asked over UDP before it counts as
// silent.
const attempts = 2

// servers asks DNS servers in turn, over UDP and, for long answers, TCP.
type servers struct {
	list     []string // host:port
	deadline time.Duration
}

func (s *servers) exchange(ctx context.Context, q *dns.Msg) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, s.deadline)
	defer cancel()
	err := error(fault.New(fault.Unreachable, "there is no DNS server"))
	patience := s.deadline / time.Duration(max(1, attempts*len(s.list)))
	for range attempts {
		for _, server := range s.list {
			var answer *dns.Msg
			if answer, err = s.ask(ctx, server, q, patience); err == nil {
				return answer, nil
			}
			if ctx.Err() != nil {
				return nil, err
			}
		}
	}
	return nil, err
}

// ask sends q to one server. A refusal is an error, so that the next one is
// asked.
func (s *servers) ask(ctx context.Context, server string, q *dns.Msg, patience time.Duration) (*dns.Msg, error) {
	udp := &dns.Client{Net: "udp", Timeout: patience, UDPSize: 1232}
	answer, _, err := udp.ExchangeContext(ctx, q, server)
	if answer != nil && answer.Truncated {
		tcp := &dns.Client{Net: "tcp", Timeout: s.deadline}
		answer, _, err = tcp.ExchangeContext(ctx, q, server)
	}
	if err != nil {
		return nil, err
	}
	if answer.Rcode == dns.RcodeServerFailure || answer.Rcode == dns.RcodeRefused {
		return nil, fault.New(fault.Unreachable, "the DNS server %s says %s", server, dns.RcodeToString[answer.Rcode])
	}
	return answer, nil
}

// system asks the servers of the system's configuration, which is read anew each
// time because it changes with the network. Where there is no such file the
// system's library is asked.
type system struct {
	resolvConf string
	deadline   time.Duration
	ttl        time.Duration
}

func (s *system) wire() *wire {
	config, err := dns.ClientConfigFromFile(s.resolvConf)
	if err != nil || len(config.Servers) == 0 {
		return nil
	}
	var list []string
	for _, host := range config.Servers {
		list = append(list, net.JoinHostPort(host, config.Port))
	}
	return &wire{&servers{list, s.deadline}}
}

// txt implements source.
func (s *system) txt(ctx context.Context, name string) ([]string, time.Duration, error) {
	if w := s.wire(); w != nil {
		return w.txt(ctx, name)
	}
	ctx, cancel := context.WithTimeout(ctx, s.deadline)
	defer cancel()
	records, err := net.DefaultResolver.LookupTXT(ctx, name+".")
	return records, s.ttl, libraryError(name, err)
}

// addrs implements source.
func (s *system) addrs(ctx context.Context, name string) ([]netip.Addr, error) {
	if w := s.wire(); w != nil {
		return w.addrs(ctx, name)
	}
	ctx, cancel := context.WithTimeout(ctx, s.deadline)
	defer cancel()
	list, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name+".")
	return list, libraryError(name, err)
}

func libraryError(name string, err error) error {
	var d *net.DNSError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &d) && d.IsNotFound:
		return fault.New(fault.NotFound, "%q has no such record: %w", name, err)
	}
	return fault.New(fault.Unreachable, "DNS did not answer for %q: %w", name, err)
}

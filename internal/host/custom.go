package host

import (
	"context"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
)

// How long an answer about somebody's domain is taken as it is. The resolver
// remembers for as long as DNS says; this spares the way there.
const (
	goodFor = time.Minute
	badFor  = 30 * time.Second
)

// custom remembers where domains of other people's lead.
type custom struct {
	most int
	mu   sync.Mutex
	led  map[string]lead
}

// lead is where a domain leads; site is nil for nowhere here.
type lead struct {
	site *served
	till time.Time
}

func newCustom(most int) custom { return custom{most: most, led: map[string]lead{}} }

func (c *custom) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.led)
}

func (c *custom) get(name string) (s *served, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l, ok := c.led[name]
	return l.site, ok && time.Now().Before(l.till)
}

// put remembers. When it is full what leads nowhere goes, then all: anybody can
// make up names.
func (c *custom) put(name string, s *served) {
	l := lead{s, time.Now().Add(goodFor)}
	if s == nil {
		l.till = time.Now().Add(badFor)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.led) >= c.most {
		for n, l := range c.led {
			if l.site == nil {
				delete(c.led, n)
			}
		}
	}
	if len(c.led) >= c.most {
		clear(c.led)
	}
	c.led[name] = l
}

// follow finds the site that the DNS records of name lead to. Whoever asks for
// many names that lead nowhere is not answered any more.
func (h *Host) follow(ctx context.Context, t *table, name string, from netip.Addr) (*served, error) {
	stray := fault.New(fault.Forbidden, "%s leads to no site of this host", name)
	if h.o.Names == nil || !strings.Contains(name, ".") || strings.HasSuffix(name, ".localhost") {
		return nil, stray
	}
	if s, known := h.custom.get(name); known {
		if s == nil {
			return nil, stray
		}
		return s, nil
	}
	if !h.lookups.Allow(from) {
		return nil, fault.New(fault.RateLimited, "too many unknown names from one address")
	}
	a, err := address.FromName(name)
	if err != nil {
		return nil, stray
	}
	ctx, cancel := context.WithTimeout(ctx, h.o.Patience)
	defer cancel()
	way, err := h.o.Names.Follow(ctx, a)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		h.o.Log.Debug("a domain could not be followed", "name", name, "error", err)
		return nil, stray
	}
	for _, step := range way {
		if s := t.byID[step.ID()]; s != nil {
			h.custom.put(name, s)
			return s, nil
		}
	}
	h.custom.put(name, nil)
	return nil, stray
}

// Serves reports whether a site is served under a host name, so that a
// certificate may be obtained for it. It asks DNS for domains of other people's,
// at the rate of one address.
func (h *Host) Serves(ctx context.Context, host string) error {
	name, ok := hostName(host)
	if !ok {
		return fault.New(fault.Invalid, "%.100q is no host name", host)
	}
	t := h.table.Load()
	if t.hosts[name] != nil {
		return nil
	}
	if name == h.o.Domain {
		return nil // it says that there is a host
	}
	if strings.HasSuffix(name, "."+h.o.Domain) {
		return fault.New(fault.NotFound, "no site is served at %s", name)
	}
	_, err := h.follow(ctx, t, name, netip.IPv6Unspecified())
	return err
}

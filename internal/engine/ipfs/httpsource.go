package ipfs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
)

// errNobody says that no gateway had the block, or none may be asked now.
var errNobody = errors.New("no gateway has the block")

// errLie says that a gateway sent something else than what was asked for.
var errLie = errors.New("sent a block with another hash")

// How long a gateway that failed is left alone, at first and at most.
const (
	firstRest = time.Second
	longRest  = 5 * time.Minute
)

// gateways are the trustless HTTP gateways to take blocks from.
type gateways struct {
	client   *http.Client
	maxBlock int
	list     []*httpGateway
}

// httpGateway is one of them.
type httpGateway struct {
	base  string
	slots chan struct{} // one for each request under way

	mu      sync.Mutex
	last    time.Time
	err     error
	lied    bool
	rest    time.Duration
	resting time.Time // not before
}

func newGateways(o Options) (*gateways, error) {
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		MaxIdleConnsPerHost: o.GatewayRequests,
		MaxConnsPerHost:     o.GatewayRequests,
		IdleConnTimeout:     30 * time.Second,
		ForceAttemptHTTP2:   true,
		DisableCompression:  true,
	}
	g := &gateways{client: &http.Client{Transport: transport, Timeout: o.GatewayTimeout}, maxBlock: o.MaxBlock}
	for _, base := range o.Gateways {
		u, err := url.Parse(base)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fault.New(fault.Invalid, "[ipfs] gateways: %q is not an HTTP URL", base)
		}
		g.list = append(g.list, &httpGateway{
			base: strings.TrimSuffix(u.String(), "/"), slots: make(chan struct{}, o.GatewayRequests),
		})
	}
	return g, nil
}

// block asks the gateways for a block, the least busy first, and returns it
// verified, with the gateway it came from.
func (g *gateways) block(ctx context.Context, c cid.Cid) ([]byte, *httpGateway, error) {
	tried := map[*httpGateway]bool{}
	for {
		best := g.pick(tried)
		if best == nil {
			return nil, nil, errNobody
		}
		tried[best] = true
		select {
		case best.slots <- struct{}{}:
		case <-ctx.Done():
			return nil, nil, context.Cause(ctx)
		}
		data, err := g.get(ctx, best.base+"/ipfs/"+c.String()+"?format=raw", "application/vnd.ipld.raw", g.maxBlock)
		<-best.slots
		if err == nil && !matches(c, data) {
			err = errLie
		}
		if ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		best.note(err)
		if err == nil {
			return data, best, nil
		}
	}
}

// pick returns the least busy gateway that may be asked.
func (g *gateways) pick(tried map[*httpGateway]bool) *httpGateway {
	var best *httpGateway
	for _, h := range g.list {
		if !tried[h] && h.usable() && (best == nil || len(h.slots) < len(best.slots)) {
			best = h
		}
	}
	return best
}

// errMissing says that a gateway does not have what was asked for.
var errMissing = errors.New("not found")

// get fetches a body of at most limit bytes.
func (g *gateways) get(ctx context.Context, url, accept string, limit int) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", accept)
	req.Header.Set("User-Agent", "kith")
	res, err := g.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	switch {
	case res.StatusCode == http.StatusNotFound || res.StatusCode == http.StatusGone:
		return nil, errMissing
	case res.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("status %d", res.StatusCode)
	case res.ContentLength > int64(limit):
		return nil, fmt.Errorf("%d bytes, more than the limit of %d", res.ContentLength, limit)
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, int64(limit)+1))
	if err == nil && len(data) > limit {
		err = fmt.Errorf("more than the limit of %d bytes", limit)
	}
	return data, err
}

// matches reports whether data is the block c names.
func matches(c cid.Cid, data []byte) bool {
	sum, err := c.Prefix().Sum(data)
	return err == nil && sum.Equals(c)
}

// usable reports whether the gateway may be asked now. One that lied is never
// asked again.
func (h *httpGateway) usable() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.lied && time.Now().After(h.resting)
}

// note remembers how a request went, and lets a gateway that fails rest, longer
// each time.
func (h *httpGateway) note(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last, h.err = time.Now(), err
	switch {
	case err == nil || errors.Is(err, errMissing):
		h.rest, h.err = 0, nil
	case errors.Is(err, errLie):
		h.lied = true
	default:
		h.rest = min(max(2*h.rest, firstRest), longRest)
		h.resting = h.last.Add(h.rest)
	}
}

// status lists the gateways.
func (g *gateways) status() []engine.Service {
	var out []engine.Service
	for _, h := range g.list {
		h.mu.Lock()
		s := engine.Service{URL: fault.Redact(h.base), Last: h.last}
		if h.err != nil {
			s.Error = fault.Redact(h.err.Error())
		}
		h.mu.Unlock()
		out = append(out, s)
	}
	return out
}

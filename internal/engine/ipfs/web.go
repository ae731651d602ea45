package ipfs

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/ipfs/boxo/blockservice"
	"github.com/ipfs/boxo/blockstore"
	"github.com/ipfs/boxo/gateway"
	blocks "github.com/ipfs/go-block-format"
	"github.com/ipfs/go-cid"
	ipld "github.com/ipfs/go-ipld-format"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine/ipfs/pack"
)

// commonRoot is the CID of the empty folder: the pack of what is fetched for
// the gateway alone is kept under its name.
const commonRoot = "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354"

// web serves the IPFS HTTP gateway specifications from the engine's blocks.
type web struct {
	e       *Engine
	handler http.Handler

	mu     sync.Mutex
	common *site // blocks that belong to no open site; nil until the first
}

// newWeb wires boxo's gateway to the engine.
func newWeb(e *Engine) (*web, error) {
	w := &web{e: e}
	service := blockservice.New(blockstore.NewIdStore(&webBlocks{served{e}}), webExchange{w}, blockservice.WriteThrough(true))
	backend, err := gateway.NewBlocksBackend(service, gateway.WithNameSystem(webNames{e}), gateway.WithValueStore(webRecords{e}))
	if err != nil {
		return nil, fmt.Errorf("HTTP gateway: %w", err)
	}
	config := gateway.Config{
		DeserializedResponses: true,
		NoDNSLink:             e.o.Resolver == nil,
		PublicGateways:        map[string]*gateway.PublicGateway{},
		RetrievalTimeout:      gateway.DefaultRetrievalTimeout,
		MaxConcurrentRequests: gateway.DefaultMaxConcurrentRequests,
		MaxRequestDuration:    gateway.DefaultMaxRequestDuration,
		MetricsRegistry:       prometheus.NewRegistry(),
	}
	for _, h := range e.o.SubdomainHosts {
		config.PublicGateways[h] = publicGateway(true)
	}
	for _, h := range e.o.PathHosts {
		config.PublicGateways[h] = publicGateway(false)
	}
	inner := gateway.NewHandler(config, backend)
	headers := gateway.NewHeaders(nil).ApplyCors()
	w.handler = w.sandbox(w.withSite(gateway.NewHostnameHandler(config, backend, headers.Wrap(inner))))
	return w, nil
}

// publicGateway is one host of the gateway.
func publicGateway(subdomains bool) *gateway.PublicGateway {
	return &gateway.PublicGateway{
		Paths: []string{"/ipfs", "/ipns"}, UseSubdomains: subdomains, InlineDNSLink: true, DeserializedResponses: true,
	}
}

// Gateway is the handler of the IPFS HTTP gateway specifications. It answers
// by the Host of a request: subdomain gateways, path gateways, DNSLink names.
func (e *Engine) Gateway() http.Handler { return e.web.handler }

// sandbox keeps pages of a path gateway, which share one origin, from running
// scripts. It also answers CONNECT, by which a client that takes the gateway
// for a proxy makes a tunnel (RFC 9110 §9.3.6): the tunnel leads to the gateway
// itself and nowhere else.
func (w *web) sandbox(next http.Handler) http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodConnect {
			out.WriteHeader(http.StatusOK)
			return
		}
		byPath := strings.HasPrefix(r.URL.Path, "/ipfs/") || strings.HasPrefix(r.URL.Path, "/ipns/")
		if byPath && !w.ownOrigin(r.Host) {
			out.Header().Set("Content-Security-Policy", "sandbox")
		}
		next.ServeHTTP(out, r)
	})
}

// ownOrigin reports whether a host is the origin of one site alone, below a
// subdomain gateway.
func (w *web) ownOrigin(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return slices.ContainsFunc(w.e.o.SubdomainHosts, func(gw string) bool {
		return strings.HasSuffix(host, ".ipfs."+gw) || strings.HasSuffix(host, ".ipns."+gw)
	})
}

// withSite holds the site that a request is about open while it is served, if
// it is on disk, so that its blocks are found.
func (w *web) withSite(next http.Handler) http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if c, err := cid.Decode(rootOf(r)); err == nil && w.e.packs.Has(packName(c)) {
			if s, err := w.e.hold(address.FromCID(cid.NewCidV1(c.Prefix().Codec, c.Hash()))); err == nil {
				defer func() { _ = s.Close() }()
			}
		}
		next.ServeHTTP(out, r)
	})
}

// rootOf is the CID a request names, in its path or its host.
func rootOf(r *http.Request) string {
	if rest, ok := strings.CutPrefix(r.URL.Path, "/ipfs/"); ok {
		root, _, _ := strings.Cut(rest, "/")
		return root
	}
	if root, rest, ok := strings.Cut(r.Host, "."); ok && strings.HasPrefix(rest, "ipfs.") {
		return root
	}
	return ""
}

// shared is the site that blocks belong to which no open site wants. It is
// emptied when it is over its limit.
func (w *web) shared() (*site, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	root := address.FromCID(cid.MustParse(commonRoot))
	if w.common != nil && (w.common.pack.Err() != nil || w.common.pack.Usage().Disk > w.e.o.GatewayCache) {
		if err := w.e.Remove(w.e.ctx, root); err != nil {
			return nil, err
		}
		w.common = nil
	}
	if w.common == nil {
		s, err := w.e.hold(root)
		if err != nil {
			return nil, err
		}
		w.common = s
	}
	return w.common, nil
}

// webBlocks are the blocks of open sites. Writing is done by webExchange.
type webBlocks struct{ served }

// Put implements blockstore.Blockstore; the exchange stored the block.
func (webBlocks) Put(context.Context, blocks.Block) error { return nil }

// PutMany implements blockstore.Blockstore.
func (webBlocks) PutMany(context.Context, []blocks.Block) error { return nil }

// webExchange fetches what no open site has.
type webExchange struct{ w *web }

// GetBlock implements exchange.Interface.
func (x webExchange) GetBlock(ctx context.Context, c cid.Cid) (blocks.Block, error) {
	if x.w.e.alone() {
		return nil, ipld.ErrNotFound{Cid: c}
	}
	s, err := x.w.shared()
	if err != nil {
		return nil, err
	}
	if _, here := s.pack.Find(pack.KeyOf(c)); !here && len(x.w.e.routes.finders) > 0 {
		seek, cancel := context.WithCancel(ctx)
		defer cancel()
		go x.w.e.routes.seek(seek, c)
	}
	data, err := s.fetch.get(ctx, c)
	if err != nil {
		return nil, err
	}
	return blocks.NewBlockWithCid(data, c)
}

// GetBlocks implements exchange.Interface.
func (x webExchange) GetBlocks(ctx context.Context, cids []cid.Cid) (<-chan blocks.Block, error) {
	out := make(chan blocks.Block)
	var wg sync.WaitGroup
	for _, c := range cids {
		wg.Go(func() {
			b, err := x.GetBlock(ctx, c)
			if err != nil {
				return // as the interface has it: what cannot be had does not come
			}
			select {
			case out <- b:
			case <-ctx.Done():
			}
		})
	}
	go func() {
		wg.Wait()
		close(out)
	}()
	return out, nil
}

// NotifyNewBlocks implements exchange.Interface.
func (webExchange) NotifyNewBlocks(context.Context, ...blocks.Block) error { return nil }

// Close implements exchange.Interface.
func (webExchange) Close() error { return nil }

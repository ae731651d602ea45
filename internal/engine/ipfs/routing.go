package ipfs

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/ipfs/boxo/ipns"
	"github.com/ipfs/boxo/routing/http/client"
	"github.com/ipfs/boxo/routing/http/contentrouter"
	"github.com/ipfs/go-cid"
	dht "github.com/libp2p/go-libp2p-kad-dht"
	record "github.com/libp2p/go-libp2p-record"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	libp2prouting "github.com/libp2p/go-libp2p/core/routing"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
)

// maxProviders is how many providers of one block are asked for.
const maxProviders = 20

// maxRouterAnswer is the most octets that are read of a router's answer.
const maxRouterAnswer = 1 << 20

// finder finds peers and records: one router, or the DHT.
type finder interface {
	FindProvidersAsync(ctx context.Context, key cid.Cid, count int) <-chan peer.AddrInfo
	GetValue(ctx context.Context, key string, opts ...libp2prouting.Option) ([]byte, error)
	PutValue(ctx context.Context, key string, value []byte, opts ...libp2prouting.Option) error
}

// routes asks the DHT and the delegated routers together.
type routes struct {
	host    host.Host
	dht     *dht.IpfsDHT // nil when it is off
	finders []finder

	mu       sync.Mutex
	services []engine.Service
}

// newRoutes starts the DHT, where it is on, and names the routers.
func newRoutes(o Options, h host.Host, bootstrap []peer.AddrInfo) (*routes, error) {
	r := &routes{host: h}
	if o.DHT || o.DHTServer {
		mode := dht.ModeAuto
		if o.DHTServer {
			mode = dht.ModeServer
		}
		d, err := dht.New(h, dht.Mode(mode), dht.BootstrapPeers(bootstrap...), dht.Validator(record.NamespacedValidator{
			"pk":   record.PublicKeyValidator{},
			"ipns": ipns.Validator{KeyBook: h.Peerstore()},
		}))
		if err != nil {
			return nil, fmt.Errorf("start the DHT: %w", err)
		}
		r.dht = d
		r.finders = append(r.finders, d)
	}
	for i, url := range o.Routers {
		c, err := client.New(url, client.WithHTTPClient(&http.Client{
			Timeout: o.GatewayTimeout,
			Transport: &client.ResponseBodyLimitedTransport{
				RoundTripper: http.DefaultTransport, LimitBytes: maxRouterAnswer, UserAgent: "kith",
			},
		}))
		if err != nil {
			return nil, fault.New(fault.Invalid, "[ipfs] routers: %q: %w", url, err)
		}
		r.services = append(r.services, engine.Service{URL: fault.Redact(url)})
		r.finders = append(r.finders, &router{finder: contentrouter.NewContentRoutingClient(c), routes: r, n: i})
	}
	return r, nil
}

// router is a delegated router that remembers how the last contact went.
type router struct {
	finder
	routes *routes
	n      int
}

// GetValue asks the router and notes how it went.
func (r *router) GetValue(ctx context.Context, key string, opts ...libp2prouting.Option) ([]byte, error) {
	v, err := r.finder.GetValue(ctx, key, opts...)
	r.routes.note(r.n, err)
	return v, err
}

// PutValue hands the router a record and notes how it went.
func (r *router) PutValue(ctx context.Context, key string, value []byte, opts ...libp2prouting.Option) error {
	err := r.finder.PutValue(ctx, key, value, opts...)
	r.routes.note(r.n, err)
	return err
}

// note remembers how the last contact with router n went.
func (r *routes) note(n int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.services[n].Last, r.services[n].Error = time.Now(), ""
	if err != nil && !errors.Is(err, libp2prouting.ErrNotFound) {
		r.services[n].Error = err.Error()
	}
}

// status lists the routers.
func (r *routes) status() []engine.Service {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]engine.Service(nil), r.services...)
}

// FindProvidersAsync asks everybody at once; bitswap looks for peers by it.
func (r *routes) FindProvidersAsync(ctx context.Context, c cid.Cid, count int) <-chan peer.AddrInfo {
	out := make(chan peer.AddrInfo)
	if count <= 0 || count > maxProviders {
		count = maxProviders
	}
	var wg sync.WaitGroup
	for _, f := range r.finders {
		wg.Go(func() {
			for info := range f.FindProvidersAsync(ctx, c, count) {
				if info.ID == r.host.ID() {
					continue
				}
				select {
				case out <- info:
				case <-ctx.Done():
				}
			}
		})
	}
	go func() {
		wg.Wait()
		close(out)
	}()
	return out
}

// seek connects to whoever has c, as they are found.
func (r *routes) seek(ctx context.Context, c cid.Cid) (found int) {
	var wg sync.WaitGroup
	for info := range r.FindProvidersAsync(ctx, c, maxProviders) {
		found++
		wg.Go(func() {
			r.host.Peerstore().AddAddrs(info.ID, info.Addrs, peerstore.TempAddrTTL)
			_ = r.host.Connect(ctx, info) // one of many; the rest may answer
		})
	}
	wg.Wait()
	return found
}

// announce tells the DHT that this node has c.
func (r *routes) announce(ctx context.Context, c cid.Cid) error {
	if r.dht == nil {
		return nil
	}
	return r.dht.Provide(ctx, c, true)
}

// nodes is the size of the DHT's routing table; -1 when the DHT is off.
func (r *routes) nodes() int {
	if r.dht == nil {
		return -1
	}
	return r.dht.RoutingTable().Size()
}

func (r *routes) close() error {
	if r.dht == nil {
		return nil
	}
	return r.dht.Close()
}

package node

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/app"
	"github.com/kith-web/kith/internal/doctor"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/bittorrent"
	"github.com/kith-web/kith/internal/engine/ipfs"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/publish"
	"github.com/kith-web/kith/internal/resolve"
	"github.com/kith-web/kith/internal/sharing"
	"github.com/kith-web/kith/internal/site"
	"github.com/kith-web/kith/internal/store"
	"github.com/kith-web/kith/internal/webtransport"
)

// dnsOff is the value of dns.server that switches look-ups off.
const dnsOff = "off"

// parts are what compose puts together, in the order in which they come to be.
type parts struct {
	node  *Node
	store *store.Store
	port  int
	meet  *meeting // nil for a node that hosts nothing

	browsers *webtransport.Listener // nil without a door for browsers
	visitors *visitors
	torrents *bittorrent.Engine // nil when it is off

	names     lateNames
	ipfs      *ipfs.Engine // nil when it is off
	resolver  *resolve.Resolver
	sites     *site.Manager
	publisher *publish.Publisher // nil when every engine is off
	nearby    *api.Nearby        // nil when it is off
	pages     *api.Pages         // nil when nearby is off
	sharing   *sharing.Service   // nil when it is off
	apps      *app.Host          // nil when private sharing is off
	clock     *doctor.Clock      // what others' clocks say
	api       *api.Server
}

// compose starts the parts, each on top of those before it.
func (n *Node) compose(p *parts) error {
	for _, step := range []func() error{
		p.startMeeting, p.startBrowsers, p.startEngines, p.startResolver, p.startSites, p.startVisitors, p.startPublisher, p.startNearby, p.startPages, p.startFriends, p.startApps, p.startAPI, p.startGateway, p.startHost,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// startEngines starts them side by side: each has a socket to open and a folder
// to look through.
func (p *parts) startEngines() error {
	var group errgroup.Group
	n, c := p.node, p.node.o.Config
	var started []engine.Engine
	if c.BitTorrent.Enabled {
		group.Go(func() (err error) {
			p.torrents, err = p.newBitTorrent()
			return err
		})
	}
	if c.IPFS.Enabled {
		group.Go(func() (err error) {
			p.ipfs, err = p.newIPFS()
			return err
		})
	}
	err := group.Wait()
	if p.torrents != nil {
		started = append(started, p.torrents)
	}
	if p.ipfs != nil {
		started = append(started, p.ipfs)
	}
	n.engines = started
	n.onClose("engines", func() error {
		var closing errgroup.Group
		for _, e := range started {
			closing.Go(e.Close)
		}
		return closing.Wait()
	})
	return err
}

func (p *parts) newIPFS() (*ipfs.Engine, error) {
	c, log := p.node.o.Config.IPFS, p.node.o.Log.With("part", "ipfs")
	bucket, err := p.store.Bucket("ipfs")
	if err != nil {
		return nil, err
	}
	var listen []string
	for _, l := range c.Listen {
		addrs, err := multiaddrs(freePort(l, log))
		if err != nil {
			return nil, err
		}
		listen = append(listen, addrs...)
	}
	e, err := ipfs.New(ipfs.Options{
		Dir: filepath.Join(p.node.o.Home, "ipfs"), Store: bucket, Log: log,
		Listen: listen, Bootstrap: c.Bootstrap, Peers: c.Peers,
		DHT: c.DHT != DHTOff, DHTServer: c.DHT == DHTServer, Reach: c.Reach,
		Routers: c.Routers, Gateways: c.Gateways,
		Resolver: &p.names, SubdomainHosts: append([]string{"localhost"}, p.node.o.Config.Gateway.Hosts...), MaxEntries: c.MaxFiles,
	})
	if err != nil {
		return nil, fmt.Errorf("start IPFS: %w", err)
	}
	return e, nil
}

func (p *parts) startResolver() error {
	bucket, err := p.store.Bucket("resolve")
	if err != nil {
		return err
	}
	if p.resolver, err = p.newResolver(resolve.Options{WellKnown: p.node.o.Config.DNS.WellKnown, Store: bucket}); err != nil {
		return err
	}
	p.names.set(p.resolver)
	return nil
}

// newResolver makes a resolver that asks whom the configuration says.
func (p *parts) newResolver(o resolve.Options) (*resolve.Resolver, error) {
	c := p.node.o.Config.DNS
	o.DoH, o.Server, o.System, o.AllowPrivate = c.DoH, c.Server, c.Server == "", c.AllowPrivate
	o.Log, o.Through = p.node.o.Log.With("part", "resolve"), p.clock.Through
	if c.Server == dnsOff {
		o.Server, o.DoH = "", ""
	}
	for _, e := range p.node.engines {
		if namer, ok := e.(engine.Namer); ok {
			o.Namers = append(o.Namers, namer)
		}
	}
	r, err := resolve.New(o)
	if err != nil {
		return nil, fmt.Errorf("start the resolver: %w", err)
	}
	p.node.onClose("resolver", r.Close)
	return r, nil
}

func (p *parts) startSites() error {
	c := p.node.o.Config.Cache
	bucket, err := p.store.Bucket("site")
	if err != nil {
		return err
	}
	p.sites, err = site.New(site.Options{
		Engines: p.node.engines, Resolver: siteResolver{p.resolver}, Store: bucket,
		Log: p.node.o.Log.With("part", "site"), SeedFor: time.Duration(c.SeedFor), CacheSize: int64(c.Size),
	})
	if err != nil {
		return fmt.Errorf("start the sites: %w", err)
	}
	p.node.onClose("sites", p.sites.Close)
	return nil
}

func (p *parts) startPublisher() error {
	var publishers []engine.Publisher
	for _, e := range p.node.engines {
		if publisher, ok := e.(engine.Publisher); ok {
			publishers = append(publishers, publisher)
		}
	}
	if len(publishers) == 0 {
		return nil
	}
	publications, err := p.store.Bucket("publish")
	if err != nil {
		return err
	}
	names, err := p.store.Bucket("name")
	if err != nil {
		return err
	}
	p.publisher, err = publish.New(publish.Options{
		Engines: publishers, Publications: publications, Names: names, Keeper: p.sites, Moved: p.resolver.Forget,
		Gateway: "localhost:" + strconv.Itoa(p.port), Log: p.node.o.Log.With("part", "publish"),
		MaxFiles: p.node.o.Config.Publish.MaxFiles, MaxSize: int64(p.node.o.Config.Publish.MaxSize),
	})
	if err == nil {
		p.renewNames()
	}
	return err
}

// renewNames has the engines announce the names of this node again, beside
// everything else that starts.
func (p *parts) renewNames() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := p.publisher.Renew(ctx); err != nil && ctx.Err() == nil {
			p.node.o.Log.Warn("some names were not renewed", "error", err)
		}
	}()
	p.node.onClose("names", func() error {
		cancel()
		<-done
		return nil
	})
}

func (p *parts) startAPI() error {
	token, err := api.Token(p.node.o.Home)
	if err != nil {
		return err
	}
	extensions, err := p.store.Bucket("extension")
	if err != nil {
		return err
	}
	tour, err := p.store.Bucket("tour")
	if err != nil {
		return err
	}
	o := api.Options{
		Extensions: extensions, Tour: tour,
		Version: p.node.o.Version, Home: p.node.o.Home, Token: token, Port: p.port,
		Sites: p.sites, Resolver: p.resolver, Publisher: p.publisher, Engines: p.node.engines, Nearby: p.nearby, Pages: p.pages,
		End: p.node.End, Patience: time.Duration(p.node.o.Config.Gateway.Timeout), ProbeNames: p.probeNames(), Examine: p.examine, Log: p.node.o.Log.With("part", "api"),
		MaxUpload: int64(p.node.o.Config.Publish.MaxUpload), MaxUploadFiles: p.node.o.Config.Publish.MaxFiles,
	}
	if p.sharing != nil {
		o.Sharing, o.Apps = p.sharing, p.apps
	}
	p.api, err = api.New(o)
	return err
}

// probeNames asks for a name that exists; that it has no site is an answer too.
func (p *parts) probeNames() api.Probe {
	c := p.node.o.Config.DNS
	if c.Server == dnsOff {
		return nil
	}
	with := "the system's DNS"
	switch {
	case c.DoH != "":
		with = c.DoH
	case c.Server != "":
		with = c.Server
	}
	return func(ctx context.Context) (string, error) {
		a, err := address.FromName("ipfs.tech")
		if err != nil {
			return with, err
		}
		p.resolver.Forget(a)
		if _, err = p.resolver.Resolve(ctx, a); fault.KindOf(err) == fault.NotFound {
			err = nil
		}
		return with, err
	}
}

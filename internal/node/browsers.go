package node

import (
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/bittorrent"
	"github.com/kith-web/kith/internal/engine/ipfs"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/front"
	"github.com/kith-web/kith/internal/host"
	"github.com/kith-web/kith/internal/site"
	"github.com/kith-web/kith/internal/swarm"
	"github.com/kith-web/kith/internal/webtransport"
)

// startBrowsers opens the door for browsers. A node that cannot have it goes on
// without.
func (p *parts) startBrowsers() error {
	c, log := p.node.o.Config.WebTransport, p.node.o.Log.With("part", "webtransport")
	if !c.Enabled {
		return nil
	}
	bucket, err := p.store.Bucket("webtransport")
	if err != nil {
		return err
	}
	o := webtransport.Options{Listen: c.Listen, Announce: c.Address, Private: c.Private, Store: bucket, Log: log}
	l, err := webtransport.New(o)
	if hostname, port, split := net.SplitHostPort(c.Listen); fault.KindOf(err) == fault.InUse && split == nil && port != "0" {
		log.Info("the port for browsers is taken, using another", "listen", c.Listen, "error", err)
		o.Listen = net.JoinHostPort(hostname, "0")
		l, err = webtransport.New(o)
	}
	if err != nil {
		log.Warn("browsers cannot take from this node over WebTransport", "error", err)
		return nil
	}
	p.browsers = l
	p.node.onClose("WebTransport", l.Close)
	return nil
}

// endpoints are what browsers are told of the door; nil without one.
func (p *parts) endpoints() func() []bittorrent.Endpoint {
	if p.browsers == nil {
		return nil
	}
	return func() (out []bittorrent.Endpoint) {
		for _, e := range p.browsers.Endpoints() {
			out = append(out, bittorrent.Endpoint{URL: e.URL, Hashes: e.Hashes})
		}
		return out
	}
}

// hostEndpoints are what visitors of a host are told, who found it by a name.
func (p *parts) hostEndpoints() func(name string) []host.Endpoint {
	if p.browsers == nil {
		return nil
	}
	return func(name string) (out []host.Endpoint) {
		list := []webtransport.Endpoint{p.browsers.EndpointFor(name)}
		if len(p.node.o.Config.WebTransport.Address) > 0 {
			list = p.browsers.Endpoints()
		}
		for _, e := range list {
			out = append(out, host.Endpoint{URL: e.URL, Hashes: e.Hashes})
		}
		return out
	}
}

// How visitors are served: how many sites are announced for them, how often the
// node looks which sites are open, how long one may take to be opened, and when
// one that nobody takes from any more is put away.
const (
	maxAnnounced = 256
	announceRest = 2 * time.Second
	visitTime    = 30 * time.Second
	visitIdle    = 15 * time.Second
)

// visitors gives the sites that no BitTorrent engine knows to browsers: those of
// IPFS that are open, and the website behind a host.
type visitors struct {
	server   *swarm.Server
	sites    *site.Manager
	torrents *bittorrent.Engine // nil when it is off
	log      *slog.Logger
	ctx      context.Context //nolint:containedctx // ends what runs in the background, at Close
	stop     context.CancelFunc
	work     sync.WaitGroup

	poke chan struct{}

	mu      sync.Mutex
	front   *front.Front                 // nil for none
	known   map[[20]byte]address.Address // by the name of the swarm
	leave   map[[20]byte]func()          // of trackers
	opening map[[20]byte]chan struct{}
}

// startVisitors serves browsers once sites are there.
func (p *parts) startVisitors() error {
	o := swarm.Options{UploadRate: int64(p.node.o.Config.BitTorrent.UploadRate), Log: p.node.o.Log.With("part", "swarm")}
	if p.torrents != nil { // one node, whatever the swarm
		id, err := hex.DecodeString(p.torrents.Status().PeerID)
		if err != nil || len(id) != len(o.PeerID) {
			return fmt.Errorf("the peer ID of this node is %x: %w", id, err)
		}
		o.PeerID = [20]byte(id)
	}
	v := &visitors{
		server: swarm.New(o), sites: p.sites, torrents: p.torrents, log: o.Log, poke: make(chan struct{}, 1),
		known: map[[20]byte]address.Address{}, leave: map[[20]byte]func(){}, opening: map[[20]byte]chan struct{}{},
	}
	v.ctx, v.stop = context.WithCancel(context.Background())
	p.visitors = v
	if p.browsers != nil {
		if p.torrents != nil {
			p.browsers.Receive(p.torrents.Take)
		}
		p.browsers.Receive(v.take)
	}
	v.work.Go(v.follow)
	p.node.onClose("visitors", v.close)
	return nil
}

// stand has visitors served from a website behind a host too.
func (v *visitors) stand(f *front.Front) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.front = f
	v.work.Go(func() {
		changed, stop := f.Watch()
		defer stop()
		for {
			select {
			case v.poke <- struct{}{}:
			default:
			}
			select {
			case <-changed:
			case <-v.ctx.Done():
				return
			}
		}
	})
}

func (v *visitors) close() error {
	v.mu.Lock()
	v.stop()
	v.mu.Unlock()
	err := v.server.Close()
	v.work.Wait()
	return err
}

// follow keeps what is announced in step with what is open.
func (v *visitors) follow() {
	changed, cancel := v.sites.Subscribe()
	defer cancel()
	defer v.announce(nil)
	for {
		v.announce(v.open())
		select {
		case <-changed:
		case <-v.poke:
		case <-v.ctx.Done():
			return
		}
		select { // many changes are one
		case <-time.After(announceRest):
		case <-v.ctx.Done():
			return
		}
	}
}

// open lists the versions of the website, which have no address, and the sites of
// IPFS that are open, the last used first.
func (v *visitors) open() map[[20]byte]address.Address {
	out := map[[20]byte]address.Address{}
	v.mu.Lock()
	if v.front != nil {
		for _, version := range v.front.Versions() {
			if x, err := version.Index(v.ctx); err == nil {
				out[x.Swarm] = address.Address{}
			}
		}
	}
	v.mu.Unlock()
	for _, s := range v.sites.Sites() {
		if s.State == site.StateOpen && s.Network == address.NetworkIPFS && s.Target.Valid() && len(out) < maxAnnounced {
			out[ipfs.SwarmName(s.Target)] = s.Target.Root()
		}
	}
	return out
}

// announce tells trackers of swarms that are new, and leaves those that are gone.
func (v *visitors) announce(now map[[20]byte]address.Address) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.known = now
	for name, leave := range v.leave {
		if _, still := now[name]; !still {
			leave()
			delete(v.leave, name)
		}
	}
	for name := range now {
		if v.torrents != nil && v.leave[name] == nil {
			v.leave[name] = v.torrents.Seed(name, func(c net.Conn) { v.hold(name, c) })
		}
	}
}

// hold takes a connection that came for a swarm which was announced.
func (v *visitors) hold(name [20]byte, c net.Conn) {
	if !v.take(name, c) {
		_ = c.Close()
	}
}

// take is a webtransport.Receiver. The site is opened for the first who comes.
func (v *visitors) take(name [20]byte, c net.Conn) bool {
	if v.server.Take(name, c) {
		return true
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	a, known := v.known[name]
	if !known || v.ctx.Err() != nil {
		return false
	}
	ready := v.opening[name]
	if ready == nil {
		ready = make(chan struct{})
		v.opening[name] = ready
		v.work.Go(func() { v.serve(name, a, ready) })
	}
	v.work.Go(func() {
		<-ready
		if !v.server.Take(name, c) {
			_ = c.Close()
		}
	})
	return true
}

// serve opens a site, and serves it until nobody takes from it any more.
func (v *visitors) serve(name [20]byte, a address.Address, ready chan struct{}) {
	ctx, cancel := context.WithTimeout(v.ctx, visitTime)
	defer cancel()
	x, p, done, err := v.find(ctx, name, a)
	if err == nil {
		defer done()
		defer v.server.Serve(x, p)()
	} else {
		v.log.Debug("a site for a visitor", "site", a.Key(), "error", err)
	}
	v.mu.Lock()
	delete(v.opening, name)
	v.mu.Unlock()
	close(ready)
	if err != nil {
		return
	}
	tick := time.NewTicker(visitIdle)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-v.ctx.Done():
			return
		}
		if w, ok := v.server.Find(name); !ok || w.Idle() {
			return
		}
	}
}

// find opens what a swarm is about. done is called when it is of no use any more.
func (v *visitors) find(ctx context.Context, name [20]byte, a address.Address) (
	x engine.Index, p engine.Piecer, done func(), err error,
) {
	done = func() {}
	if !a.Valid() {
		x, p, err = v.version(ctx, name)
		return x, p, done, err
	}
	h, err := v.sites.Open(ctx, a)
	if err != nil {
		return x, nil, done, err
	}
	p, ok := h.Piecer()
	if !ok {
		h.Close()
		return x, nil, done, fault.New(fault.Unsupported, "%v cannot be given in pieces", a)
	}
	if x, err = p.Index(ctx); err == nil && x.Swarm != name {
		err = fault.New(fault.Internal, "the swarm of %v has another name", a)
	}
	if err != nil {
		h.Close()
		return x, nil, done, err
	}
	return x, p, h.Close, nil
}

// version finds a version of the website behind a host.
func (v *visitors) version(ctx context.Context, name [20]byte) (x engine.Index, p engine.Piecer, err error) {
	v.mu.Lock()
	f := v.front
	v.mu.Unlock()
	p, _, ok := f.Version(hex.EncodeToString(name[:]))
	if !ok {
		return x, nil, fault.New(fault.NotFound, "the website has a newer version")
	}
	x, err = p.Index(ctx)
	return x, p, err
}

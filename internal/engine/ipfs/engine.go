package ipfs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"

	"github.com/ipfs/boxo/bitswap"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/discovery/mdns"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/ipfs/pack"
	"github.com/kith-web/kith/internal/fault"
)

// Engine is the IPFS engine. Make one with New.
type Engine struct {
	o        Options
	ctx      context.Context // ends at Close; what runs in the background hangs on it
	stop     context.CancelFunc
	work     sync.WaitGroup
	packs    *pack.Store
	nodes    *nodeCache
	host     host.Host
	routes   *routes
	swap     *bitswap.Bitswap
	gateways *gateways
	names    *names
	web      *web
	mdns     mdns.Service // nil when off

	mu     sync.RWMutex
	sites  map[string]*site // by pack name
	closed bool
}

var (
	_ engine.Publisher = (*Engine)(nil)
	_ engine.Namer     = (*Engine)(nil)
)

// New starts the engine: it listens, opens its store and goes looking for its
// bootstrap peers in the background.
func New(o Options) (*Engine, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	bootstrap, err := parsePeers("[ipfs] bootstrap", o.Bootstrap)
	if err != nil {
		return nil, err
	}
	peers, err := parsePeers("[ipfs] peers", o.Peers)
	if err != nil {
		return nil, err
	}
	e := &Engine{o: o, sites: map[string]*site{}, nodes: newNodeCache(o.NodeCache, o.NodeCacheBytes)}
	e.ctx, e.stop = context.WithCancel(context.Background())
	if err := e.start(bootstrap); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	for _, p := range append(bootstrap, peers...) {
		e.work.Go(func() { e.stayConnected(p) })
	}
	e.work.Go(e.announceLoop)
	return e, nil
}

// background runs f beside everything else; Close waits for it.
func (e *Engine) background(f func()) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if !e.closed {
		e.work.Go(f)
	}
}

// start makes the engine's parts.
func (e *Engine) start(bootstrap []peer.AddrInfo) (err error) {
	if e.gateways, err = newGateways(e.o); err != nil {
		return err
	}
	key, err := peerKey(e.o.Store)
	if err != nil {
		return err
	}
	if e.packs, err = pack.Open(pack.Options{Dir: filepath.Join(e.o.Dir, "sites")}); err != nil {
		return err
	}
	if e.host, err = newHost(e.o, key); err != nil {
		return err
	}
	if e.routes, err = newRoutes(e.o, e.host, bootstrap); err != nil {
		return err
	}
	e.swap = newSwap(e.ctx, e)
	e.names = newNames(e)
	if e.web, err = newWeb(e); err != nil {
		return err
	}
	if e.o.LocalDiscovery {
		e.mdns = mdns.NewMdnsService(e.host, "", nearby{e})
		return e.mdns.Start()
	}
	return nil
}

// Network is address.NetworkIPFS.
func (e *Engine) Network() address.Network { return address.NetworkIPFS }

// Open implements engine.Engine.
func (e *Engine) Open(ctx context.Context, a address.Address) (engine.Site, error) {
	if a.Kind() != address.IPFS {
		return nil, fault.New(fault.Invalid, "%s is not an immutable IPFS address", a.String())
	}
	s, err := e.hold(a.Root())
	if err != nil {
		return nil, err
	}
	e.meet(a.Hints.Peers)
	if err := s.begin(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// hold returns the open site at a with one more reference, opening its pack
// when it is the first.
func (e *Engine) hold(a address.Address) (*site, error) {
	name := packName(a.CID())
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, fs.ErrClosed
	}
	if s, ok := e.sites[name]; ok {
		s.refs++
		return s, nil
	}
	p, err := e.packs.Pack(name)
	if err != nil {
		return nil, err
	}
	s := &site{
		e: e, addr: a, root: a.CID(), name: name, pack: p, refs: 1,
		touched: map[pack.Key]bool{}, framing: make(chan struct{}, 1),
	}
	s.meta = readMeta(p)
	s.tally = &tally{down: s.meta.Down, up: s.meta.Up, peers: map[string]*engine.Peer{}}
	s.fetch = newFetcher(e, p, s.tally)
	e.sites[name] = s
	e.work.Go(func() { e.attend(s) })
	return s, nil
}

// release gives back one reference to a site.
func (e *Engine) release(s *site) error {
	e.mu.Lock()
	s.refs--
	last := s.refs == 0 && e.sites[s.name] == s
	if last {
		delete(e.sites, s.name)
	}
	e.mu.Unlock()
	if !last {
		return nil
	}
	return e.shut(s)
}

// shut ends a site that is in e.sites no more.
func (e *Engine) shut(s *site) error {
	s.fetch.stop(fs.ErrClosed)
	if s.pack.Usage().Blocks == 0 {
		return errors.Join(s.pack.Close(), e.packs.Remove(s.name))
	}
	return errors.Join(s.record(), s.pack.Close())
}

// opened lists the open sites.
func (e *Engine) opened() []*site {
	e.mu.RLock()
	defer e.mu.RUnlock()
	out := make([]*site, 0, len(e.sites))
	for _, s := range e.sites {
		out = append(out, s)
	}
	return out
}

// locate finds a block in the open sites.
func (e *Engine) locate(k pack.Key) (*pack.Pack, pack.Extent, bool) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	for _, s := range e.sites {
		if ext, ok := s.pack.Find(k); ok {
			return s.pack, ext, true
		}
	}
	return nil, pack.Extent{}, false
}

// Stats implements engine.Engine.
func (e *Engine) Stats(a address.Address) (engine.Stats, bool) {
	if a.Kind() != address.IPFS {
		return engine.Stats{}, false
	}
	name := packName(a.CID())
	e.mu.RLock()
	s, closed := e.sites[name], e.closed
	e.mu.RUnlock()
	switch {
	case s != nil:
		return s.stats(), true
	case closed || !e.packs.Has(name):
		return engine.Stats{}, false
	}
	if raw, err := e.packs.Meta(name); err == nil {
		if m := decodeMeta(raw); m.Have > 0 {
			return m.stats(), true // as it was when the site was last closed
		}
	}
	p, err := e.packs.Pack(name)
	if err != nil {
		return engine.Stats{}, false
	}
	defer func() { _ = p.Close() }()
	m, u := readMeta(p), p.Usage()
	m.Stored, m.Have, m.Disk = m.stored(u), u.Blocks, u.Disk
	return m.stats(), true
}

// Remove implements engine.Engine.
func (e *Engine) Remove(_ context.Context, a address.Address) error {
	if a.Kind() != address.IPFS {
		return fault.New(fault.Invalid, "%s is not an immutable IPFS address", a.String())
	}
	name := packName(a.CID())
	e.mu.Lock()
	s := e.sites[name]
	delete(e.sites, name)
	closed := e.closed
	e.mu.Unlock()
	if closed {
		return fs.ErrClosed
	}
	if s != nil {
		s.fetch.stop(fs.ErrClosed)
	}
	return errors.Join(e.forgetFolder(name), e.packs.Remove(name))
}

// forgetFolder forgets which folder a pack is the publication of.
func (e *Engine) forgetFolder(name string) error {
	if !e.packs.Has(name) {
		return nil
	}
	p, err := e.packs.Pack(name)
	if err != nil {
		return err
	}
	folder := readMeta(p).Folder
	_ = p.Close() // what it could not write any more, on a full disk, goes anyway
	if folder == "" {
		return nil
	}
	last, err := e.o.Store.Get(folderPrefix + folder)
	if err != nil || string(last) != name {
		return nil // never noted, or published again since
	}
	return e.o.Store.Delete(folderPrefix + folder)
}

// Status implements engine.Engine.
func (e *Engine) Status() engine.Status {
	st := engine.Status{
		Listen: []string{}, PeerID: e.host.ID().String(), Peers: len(e.host.Network().Peers()),
		DHTNodes: e.routes.nodes(), Reachable: "unknown",
		Services: append(append([]engine.Service{}, e.routes.status()...), e.gateways.status()...),
	}
	for _, a := range e.host.Addrs() {
		st.Listen = append(st.Listen, fmt.Sprintf("%s/p2p/%s", a, e.host.ID()))
	}
	for _, c := range e.host.Network().Conns() {
		if c.Stat().Direction == network.DirInbound {
			st.Reachable = "yes"
		}
	}
	return st
}

// Close implements engine.Engine.
func (e *Engine) Close() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil
	}
	e.closed = true
	sites := e.sites
	e.sites = map[string]*site{}
	e.mu.Unlock()
	var errs []error
	for _, s := range sites {
		errs = append(errs, e.shut(s))
	}
	e.stop()
	if e.mdns != nil {
		errs = append(errs, e.mdns.Close())
	}
	if e.swap != nil {
		errs = append(errs, e.swap.Close())
	}
	if e.routes != nil {
		errs = append(errs, e.routes.close())
	}
	if e.host != nil {
		errs = append(errs, e.host.Close())
	}
	if e.gateways != nil {
		e.gateways.client.CloseIdleConnections()
	}
	e.work.Wait()
	if e.packs != nil {
		errs = append(errs, e.packs.Close())
	}
	return errors.Join(errs...)
}

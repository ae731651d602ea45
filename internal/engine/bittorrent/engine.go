package bittorrent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anacrolix/torrent"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/bittorrent/signal"
	"github.com/kith-web/kith/internal/fault"
)

// saveEvery is how often the counters of busy sites are stored.
const saveEvery = time.Minute

// Engine opens and publishes torrents.
type Engine struct {
	o      Options
	client *torrent.Client
	hub    *signal.Hub // nil without WebRTC
	inlet  *inlet      // nil without WebTransport
	names  *names
	ctx    context.Context //nolint:containedctx // ends what runs in the background, at Close
	cancel context.CancelFunc
	wg     sync.WaitGroup

	open     sync.Map     // *site by short infohash, for callbacks of the library
	dhtNodes atomic.Int64 // good ones, as of late
	reached  atomic.Bool  // a peer from elsewhere connected to us

	mu     sync.Mutex
	closed bool
	sites  map[string]*site        // open or opening, by key
	cold   map[string]engine.Stats // of sites that are not open

	aliasMu sync.Mutex        // taken after mu
	alias   map[string]string // infohash → key of a site known by another one
}

var (
	_ engine.Publisher = (*Engine)(nil)
	_ engine.Namer     = (*Engine)(nil)
	_ engine.Importer  = (*Engine)(nil)
)

// New starts an engine. It fails with fault.Invalid for options that cannot be
// used, and with fault.InUse when no port can be had.
func New(o Options) (*Engine, error) {
	o = o.withDefaults()
	if o.Dir == "" || o.Store == nil {
		return nil, fault.New(fault.Internal, "the BitTorrent engine needs a folder and a store")
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder for pieces: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	e := &Engine{
		o: o, ctx: ctx, cancel: cancel,
		sites: map[string]*site{}, alias: map[string]string{}, cold: map[string]engine.Stats{},
	}
	if err := e.loadAliases(); err != nil {
		cancel()
		return nil, err
	}
	if err := e.start(); err != nil {
		cancel()
		return nil, err
	}
	e.wg.Go(e.saveCounters)
	e.wg.Go(e.wakeWriters)
	return e, nil
}

// Network implements engine.Engine.
func (e *Engine) Network() address.Network { return address.NetworkBitTorrent }

// Open implements engine.Engine. Hints of a (trackers, web seeds, peers, exact
// sources) are used, also by those who opened the site before.
func (e *Engine) Open(ctx context.Context, a address.Address) (engine.Site, error) {
	s, err := e.acquire(a)
	if err != nil {
		return nil, err
	}
	s.hint(a.Hints)
	select {
	case <-s.ready:
		return &handle{s: s}, nil
	case <-s.failed:
		err = s.failure
	case <-s.gone:
		err = fault.New(fault.Conflict, "%v was removed while it was opened", s.addr)
	case <-ctx.Done():
		err = s.unreachable(context.Cause(ctx))
	}
	e.release(s)
	return nil, err
}

// unreachable says what Open waited for in vain.
func (s *site) unreachable(cause error) error {
	known, connected := s.peersKnown()
	if connected > 0 {
		return fault.New(fault.Unreachable, "no peer sent the list of files of %v in time: %w", s.addr, cause)
	}
	return fault.New(fault.Unreachable, "no peer of %v answered in time (%d known): %w", s.addr, known, cause)
}

// acquire returns the site at a with one more reference, opened if it was not.
func (e *Engine) acquire(a address.Address) (*site, error) {
	key, err := keyOf(a)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, fault.New(fault.Conflict, "the BitTorrent engine is closed")
	}
	key = e.canonical(key)
	s := e.sites[key]
	if s == nil {
		if s, err = e.newSite(key, a); err != nil {
			return nil, err
		}
		e.sites[key] = s
	}
	s.refs++
	return s, nil
}

// release gives back a reference; with the last one the site is put away.
func (e *Engine) release(s *site) {
	e.mu.Lock()
	s.refs--
	last := s.refs == 0 && e.sites[s.key] == s
	if last {
		delete(e.sites, s.key)
		if stats, ok := s.stats(); ok {
			stats.Left = engine.MostFirst(append(stats.Left, stats.Peers...))
			stats.Peers, stats.DownRate, stats.UpRate, stats.Waiting = []engine.Peer{}, 0, 0, ""
			e.cold[s.key] = stats
		}
	}
	// The site is put away before another one may take its place.
	defer e.mu.Unlock()
	if last {
		if err := s.close(); err != nil {
			e.o.Log.Warn("close a torrent", "site", s.key, "error", err)
		}
	}
}

// Remove implements engine.Engine.
func (e *Engine) Remove(_ context.Context, a address.Address) error {
	key, err := keyOf(a)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	key = e.canonical(key)
	var errs []error
	if s := e.sites[key]; s != nil {
		delete(e.sites, key)
		errs = append(errs, s.close())
	}
	delete(e.cold, key)
	errs = append(errs, e.forget(key))
	return errors.Join(errs...)
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
	e.cancel()
	var errs []error
	var wg sync.WaitGroup
	errsMu := sync.Mutex{}
	for _, s := range sites {
		wg.Go(func() {
			err := s.close()
			errsMu.Lock()
			defer errsMu.Unlock()
			errs = append(errs, err)
		})
	}
	wg.Wait()
	if e.hub != nil {
		errs = append(errs, e.hub.Close())
	}
	errs = append(errs, e.client.Close()...)
	if e.inlet != nil {
		close(e.inlet.done) // the library, closed, asks it no more
	}
	e.wg.Wait()
	return errors.Join(errs...)
}

// canonical is the key a site is kept under; the caller holds mu.
func (e *Engine) canonical(key string) string {
	if e.sites[key] != nil {
		return key // opened before it was known to be a hybrid
	}
	e.aliasMu.Lock()
	defer e.aliasMu.Unlock()
	if other, ok := e.alias[key]; ok {
		return other
	}
	return key
}

// path is where the pieces of a site are, without ending.
func (e *Engine) path(key string) string { return filepath.Join(e.o.Dir, key) }

// snapshot is the open sites.
func (e *Engine) snapshot() []*site {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := make([]*site, 0, len(e.sites))
	for _, s := range e.sites {
		out = append(out, s)
	}
	return out
}

// saveCounters stores what went up and down, now and then.
func (e *Engine) saveCounters() {
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	for {
		select {
		case <-e.ctx.Done():
			return
		case <-tick.C:
			e.countDHT()
			for _, s := range e.snapshot() {
				if err := s.saveCounters(); err != nil {
					e.o.Log.Warn("store the counters of a torrent", "site", s.key, "error", err)
				}
			}
		}
	}
}

package ipfs

import (
	"context"
	"time"

	blocks "github.com/ipfs/go-block-format"
	"github.com/ipfs/go-cid"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/kith-web/kith/internal/engine/ipfs/pack"
	"github.com/kith-web/kith/internal/fault"
)

// nearby connects to peers in the local network.
type nearby struct{ e *Engine }

// HandlePeerFound implements mdns.Notifee.
func (n nearby) HandlePeerFound(p peer.AddrInfo) {
	n.e.background(func() { _ = n.e.host.Connect(n.e.ctx, p) })
}

// How often a lost peer is dialled again, at first and at most.
const (
	firstRedial = 2 * time.Second
	longRedial  = 5 * time.Minute
)

// stayConnected connects to a peer, and again whenever it is lost.
func (e *Engine) stayConnected(p peer.AddrInfo) {
	e.host.ConnManager().Protect(p.ID, "configured")
	pause := firstRedial
	for {
		if e.host.Network().Connectedness(p.ID) == network.Connected {
			pause = firstRedial
		} else if err := e.host.Connect(e.ctx, p); err != nil {
			e.o.Log.Debug("peer does not answer", "peer", p.ID, "error", err)
		}
		select {
		case <-e.ctx.Done():
			return
		case <-time.After(pause):
			pause = min(2*pause, longRedial)
		}
	}
}

// Connect connects to the peer at a multiaddr that ends in /p2p/<peer>.
func (e *Engine) Connect(ctx context.Context, addr string) error {
	infos, err := parsePeers("connect", []string{addr})
	if err != nil {
		return err
	}
	for _, info := range infos {
		if err := e.host.Connect(ctx, info); err != nil {
			return fault.New(fault.Unreachable, "cannot reach the peer at %s: %w", addr, err)
		}
	}
	return nil
}

// meet connects to the peers an address came with, those that are multiaddrs.
func (e *Engine) meet(hints []string) {
	for _, h := range hints {
		infos, err := parsePeers("peer hint", []string{h})
		if err != nil {
			continue // a host and port: a hint for another network
		}
		for _, info := range infos {
			e.background(func() { _ = e.host.Connect(e.ctx, info) })
		}
	}
}

// attend looks for providers of a site that is not here, tells peers that wait
// for one that is, and announces it.
func (e *Engine) attend(s *site) {
	if data, _, err := s.pack.Get(pack.KeyOf(s.root)); err == nil {
		if b, err := blocks.NewBlockWithCid(data, s.root); err == nil {
			_ = e.swap.Server.NotifyNewBlocks(s.fetch.ctx, b)
		}
	} else if len(e.routes.finders) > 0 {
		found := e.routes.seek(s.fetch.ctx, s.root)
		s.mu.Lock()
		s.known = found
		s.mu.Unlock()
	}
	e.announce(s.fetch.ctx, s.root)
}

// announce tells the DHT that a root can be had here.
func (e *Engine) announce(ctx context.Context, root cid.Cid) {
	if err := e.routes.announce(ctx, root); err != nil && ctx.Err() == nil {
		e.o.Log.Debug("site not announced", "root", root, "error", err)
	}
}

// announceLoop announces open sites, and names, again and again.
func (e *Engine) announceLoop() {
	sites := time.NewTicker(e.o.AnnounceEvery)
	defer sites.Stop()
	names := time.NewTicker(e.o.NameEvery)
	defer names.Stop()
	for {
		select {
		case <-e.ctx.Done():
			return
		case <-sites.C:
			for _, s := range e.opened() {
				e.announce(s.fetch.ctx, s.root)
			}
		case <-names.C:
			e.names.announceAll(e.ctx)
		}
	}
}

package ipfs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"

	"github.com/ipfs/go-cid"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/ipfs/pack"
	"github.com/kith-web/kith/internal/engine/ipfs/unixfs"
	"github.com/kith-web/kith/internal/fault"
)

// site is one open site. It implements engine.Site.
type site struct {
	e     *Engine
	addr  address.Address
	root  cid.Cid
	name  string // of the pack
	pack  *pack.Pack
	fetch *fetcher
	tally *tally
	refs  int // guarded by e.mu

	skeleton atomic.Pointer[skeleton] // once it was asked for
	framing  chan struct{}            // holds one who makes it

	mu      sync.Mutex
	meta    siteMeta
	opened  bool              // the root is here and is a site
	touched map[pack.Key]bool // folders whose children were asked for
	known   int               // providers heard of
}

// siteMeta is what is remembered of a site on disk.
type siteMeta struct {
	// Total, Files and Blocks are exact when Whole is true, else the claim of
	// the root.
	Total  int64 `json:"total"`
	Files  int   `json:"files"`
	Blocks int   `json:"blocks"`
	Whole  bool  `json:"whole"`
	// Down and Up count content bytes over all time.
	Down int64 `json:"down"`
	Up   int64 `json:"up"`
	// Folder is the published folder.
	Folder string `json:"folder,omitempty"`
	// Stored, Have and Disk are what was there when the site was last closed.
	Stored int64 `json:"stored"`
	Have   int   `json:"have"`
	Disk   int64 `json:"disk"`
}

// packName is what the pack of a site is called: the same for every way to
// write its CID.
func packName(c cid.Cid) string {
	return cid.NewCidV1(c.Prefix().Codec, c.Hash()).String()
}

// readMeta reads what is remembered of a site; the zero value when nothing is.
func readMeta(p *pack.Pack) siteMeta {
	raw, err := p.Meta()
	if err != nil {
		return siteMeta{}
	}
	return decodeMeta(raw)
}

// decodeMeta reads what encodeMeta wrote; the zero value when it is damaged.
func decodeMeta(raw []byte) siteMeta {
	var m siteMeta
	if json.Unmarshal(raw, &m) != nil {
		return siteMeta{}
	}
	return m
}

// encodeMeta is the form decodeMeta reads.
func encodeMeta(m siteMeta) ([]byte, error) {
	raw, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode site record: %w", err)
	}
	return raw, nil
}

// Address implements engine.Site.
func (s *site) Address() address.Address { return s.addr }

// FS implements engine.Site.
func (s *site) FS(ctx context.Context) fs.FS { return &siteFS{s: s, ctx: ctx} }

// Close implements engine.Site.
func (s *site) Close() error { return s.e.release(s) }

// begin fetches the root and checks that it is a site.
func (s *site) begin(ctx context.Context) error {
	n, size, err := s.node(ctx, s.root)
	if err != nil {
		return s.explain(ctx, err)
	}
	if n.Type == unixfs.Symlink {
		return fault.New(fault.Corrupt, "%s is a symbolic link, not a site", s.addr.String())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened = true
	if !s.meta.Whole {
		s.meta.Total = max(s.meta.Total, int64(n.Claimed(size)))
	}
	return nil
}

// explain turns the end of a context into what a person can do about it.
func (s *site) explain(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, cause) {
		return fault.New(fault.Unreachable, "no peer sent %s in time: %w", s.addr.String(), err)
	}
	return err
}

// record updates what is remembered of the site and writes it down.
func (s *site) record() error {
	s.mu.Lock()
	s.meta.Down, s.meta.Up = s.tally.totals()
	u := s.pack.Saved()
	s.meta.Stored, s.meta.Have, s.meta.Disk = s.meta.stored(u), u.Blocks, u.Disk
	raw, err := encodeMeta(s.meta)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return s.pack.SetMeta(raw)
}

// stored is how much is on disk, in the terms of Total: blocks as links claim
// them while the site is not known as a whole, then content, which is all there
// when every block is.
func (m *siteMeta) stored(u pack.Usage) int64 {
	switch {
	case !m.Whole:
		return min(u.Content+u.Nodes, m.Total)
	case u.Blocks >= m.Blocks:
		return m.Total
	}
	return min(u.Content, m.Total)
}

// stats fills in how things stand with the site. What a crash would still take
// away is not yet stored.
func (s *site) stats() engine.Stats {
	u := s.pack.Saved()
	s.mu.Lock()
	st := s.meta.stats()
	st.Stored, st.Have, st.Disk = s.meta.stored(u), u.Blocks, u.Disk
	st.Pieces = max(st.Pieces, st.Have)
	st.Known = s.known
	opened := s.opened
	s.mu.Unlock()
	wanted := s.fetch.waiting()
	st.Pieces = max(st.Pieces, st.Have+wanted)
	s.tally.fill(&st, s.connected)
	switch {
	case wanted == 0 && opened:
	case len(s.e.host.Network().Peers()) == 0 && len(s.e.gateways.list) == 0:
		st.Waiting = "looking for peers"
	case !opened:
		st.Waiting = "asking peers for the first block"
	case st.DownRate == 0:
		st.Waiting = "asking peers for blocks"
	}
	return st
}

// stats is what is known of a site without opening it.
func (m *siteMeta) stats() engine.Stats {
	return engine.Stats{
		Total: m.Total, Stored: m.Stored, Disk: m.Disk, Downloaded: m.Down, Uploaded: m.Up,
		Pieces: m.Blocks, Have: m.Have, Files: m.Files, Folder: m.Folder, Peers: []engine.Peer{},
	}
}

// connected reports whether a peer is connected now, and fills in where.
func (s *site) connected(p *engine.Peer) bool {
	if p.Kind == engine.PeerHTTP {
		p.Addr = p.ID
		return true
	}
	id, err := peer.Decode(p.ID)
	if err != nil || s.e.host.Network().Connectedness(id) != network.Connected {
		return false
	}
	if conns := s.e.host.Network().ConnsToPeer(id); len(conns) > 0 {
		p.Addr = conns[0].RemoteMultiaddr().String()
	}
	if v, err := s.e.host.Peerstore().Get(id, "AgentVersion"); err == nil {
		p.Client, _ = v.(string)
	}
	return true
}

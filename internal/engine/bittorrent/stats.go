package bittorrent

import (
	"encoding/hex"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/anacrolix/torrent"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/bittorrent/signal"
	"github.com/kith-web/kith/internal/engine/bittorrent/vault"
	"github.com/kith-web/kith/internal/fault"
)

// Stats implements engine.Engine.
func (e *Engine) Stats(a address.Address) (engine.Stats, bool) {
	key, err := keyOf(a)
	if err != nil {
		return engine.Stats{}, false
	}
	e.mu.Lock()
	key = e.canonical(key)
	s := e.sites[key]
	cold, known := e.cold[key]
	e.mu.Unlock()
	switch {
	case s != nil:
		stats, _ := s.stats()
		return stats, true
	case known:
		return cold, true
	}
	return e.coldStats(key)
}

// coldStats describes a site that is stored but was not opened since the engine
// started.
func (e *Engine) coldStats(key string) (engine.Stats, bool) {
	index, ok, err := e.index(key)
	if err != nil || !ok {
		return engine.Stats{}, false
	}
	record, _, _ := recall[folderRecord](e.o.Store, folderPrefix+key)
	base, _, _ := recall[counters](e.o.Store, countPrefix+key)
	v, err := vault.Open(vault.Options{
		Path: e.path(key), Meta: index.Meta, Folder: record.Root, Files: record.sources(),
	})
	if err != nil {
		return engine.Stats{}, false
	}
	defer v.Close() //nolint:errcheck // nothing was written
	c := &content{meta: index.Meta, vault: v, folder: record.Root, pieces: int64(len(index.Info))}
	st := c.stats()
	st.Peers, st.Downloaded, st.Uploaded = []engine.Peer{}, base.Down, base.Up
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.sites[key] == nil {
		e.cold[key] = st
	}
	return st, true
}

// stats describes an open or opening site; ok is false while nothing is known of
// it but its address.
func (s *site) stats() (st engine.Stats, ok bool) {
	c := s.content.Load()
	if c != nil {
		st = c.stats()
	}
	now := s.count()
	st.Downloaded, st.Uploaded = now.Down, now.Up
	st.DownRate, st.UpRate = s.ledger.rates(now)
	st.Peers = s.peers(st.Pieces)
	st.Left = s.ledger.absent(st.Peers)
	st.Known, _ = s.peersKnown()
	switch {
	case c == nil && len(st.Peers) == 0:
		st.Waiting = "looking for peers"
	case c == nil:
		st.Waiting = "the list of files"
	case s.waiting.Load() > 0 && len(st.Peers) == 0:
		st.Waiting = "looking for peers"
	case s.waiting.Load() > 0:
		st.Waiting = "pieces from peers"
	}
	return st, c != nil
}

// mapRuns is the most runs of Stats.Map.
const mapRuns = 512

// stats is what the disk says.
func (c *content) stats() engine.Stats {
	st := engine.Stats{
		Total: c.meta.Size, Pieces: c.meta.Pieces, Have: c.vault.Count(),
		Files: len(c.meta.Files), Folder: c.folder, Disk: c.vault.Stored() + c.pieces,
	}
	runs := min(mapRuns, st.Pieces)
	var b strings.Builder
	for r := range runs {
		first, end, have := r*st.Pieces/runs, (r+1)*st.Pieces/runs, 0
		for i := first; i < end; i++ {
			if c.vault.Has(i) {
				have++
			}
		}
		b.WriteByte(byte('0' + 9*have/(end-first)))
	}
	st.Map, st.Stored = b.String(), c.stored(st.Have)
	return st
}

// stored is how much of the files is in pieces that are there.
func (c *content) stored(have int) int64 {
	switch have {
	case c.meta.Pieces:
		return c.meta.Size
	case 0:
		return 0
	}
	var sum int64
	for _, f := range c.meta.Files {
		if f.Link {
			continue
		}
		for at := f.Offset; at < f.Offset+f.Size; {
			i := at / c.meta.PieceLength
			end := min((i+1)*c.meta.PieceLength, f.Offset+f.Size)
			if c.vault.Has(int(i)) {
				sum += end - at
			}
			at = end
		}
	}
	return sum
}

// peers describes the peers that are connected.
func (s *site) peers(pieces int) []engine.Peer {
	out := []engine.Peer{}
	for _, pc := range s.t.PeerConns() {
		out = append(out, s.peer(pc, pieces))
	}
	for _, p := range s.t.WebseedPeerConns() {
		st := p.Stats()
		if st.BytesReadData.Int64() == 0 {
			continue
		}
		addr := p.String()
		for _, u := range s.seedURLs() {
			if strings.Contains(addr, u) {
				addr = u
			}
		}
		out = append(out, engine.Peer{
			ID: addr, Addr: addr, Kind: engine.PeerHTTP, Downloaded: s.ledger.of(p), Progress: 1,
		})
	}
	slices.SortFunc(out, func(a, b engine.Peer) int { return strings.Compare(a.ID, b.ID) })
	return out
}

func (s *site) seedURLs() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.webSeeds)
}

func (s *site) peer(pc *torrent.PeerConn, pieces int) engine.Peer {
	st := pc.Stats()
	p := engine.Peer{
		ID: hex.EncodeToString(pc.PeerID[:]), Addr: pc.RemoteAddr.String(), Kind: kindOf(pc.Network),
		Downloaded: s.ledger.of(&pc.Peer), Uploaded: st.BytesWrittenData.Int64(), Progress: -1,
	}
	if a, ok := pc.RemoteAddr.(signal.Addr); ok && a.Remote() != "" {
		p.Addr = a.Remote()
	}
	if name, ok := pc.PeerClientName.Load().(string); ok {
		p.Client = name
	}
	if pieces > 0 {
		p.Progress = min(1, float64(st.RemotePieceCount)/float64(pieces))
	}
	return p
}

// kindOf translates the name of a network.
func kindOf(network string) engine.PeerKind {
	switch {
	case network == signal.Network:
		return engine.PeerWebRTC
	case network == string(engine.PeerWebTransport):
		return engine.PeerWebTransport
	case strings.HasPrefix(network, "udp"):
		return engine.PeerUTP
	}
	return engine.PeerTCP
}

// Status implements engine.Engine.
func (e *Engine) Status() engine.Status {
	id := e.client.PeerID()
	st := engine.Status{
		Listen: []string{}, PeerID: hex.EncodeToString(id[:]), DHTNodes: -1,
		Reachable: "unknown", Services: []engine.Service{},
	}
	for _, l := range e.client.Listeners() {
		if a := l.Addr(); a.Network() != signal.Network && a != net.Addr(inletAddr{}) {
			st.Listen = append(st.Listen, a.Network()+"://"+a.String())
		}
	}
	if e.o.Endpoints != nil {
		for _, at := range e.o.Endpoints() {
			st.Listen = append(st.Listen, at.URL)
		}
	}
	if e.reached.Load() {
		st.Reachable = "yes"
	}
	for _, s := range e.snapshot() {
		_, connected := s.peersKnown()
		st.Peers += connected
	}
	if e.o.DHT {
		st.DHTNodes = e.countDHT()
	}
	st.Services = append(st.Services, e.services()...)
	return st
}

// services are the trackers in use.
func (e *Engine) services() []engine.Service {
	var out []engine.Service
	seen := map[string]bool{}
	if e.hub != nil {
		for _, c := range e.hub.Contacts() {
			sv := engine.Service{URL: fault.Redact(c.URL), Last: c.Last}
			if c.Err != nil {
				sv.Error = fault.Redact(c.Err.Error())
			}
			seen[c.URL] = true
			out = append(out, sv)
		}
	}
	for _, u := range e.o.Trackers {
		if _, err := url.Parse(u); err == nil && !seen[u] {
			out = append(out, engine.Service{URL: fault.Redact(u)})
		}
	}
	return out
}

package bittorrent

import (
	"context"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/anacrolix/torrent"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
)

// Times of announces to the DHT: the longest one takes, the time to the next
// when all is well, the first when nobody was found, and the most while somebody
// waits for what no peer sent yet.
const (
	dhtTime    = 2 * time.Minute
	dhtEvery   = 15 * time.Minute
	dhtRetry   = 3 * time.Second
	dhtStarved = time.Minute
)

// find begins to look for peers.
func (s *site) find() {
	s.addTrusted()
	if s.e.o.DHT {
		for _, server := range s.e.client.DhtServers() {
			go s.announceDHT(server)
		}
	}
}

// isPrivate says whether the torrent's author allows only its own trackers (BEP
// 27). That is not known before the index is.
func (s *site) isPrivate() bool {
	c := s.content.Load()
	return c != nil && c.meta.Private
}

// hint uses what an address says of where to find the site.
func (s *site) hint(h address.Hints) {
	var peers []torrent.PeerInfo
	for _, p := range h.Peers {
		if host, _, err := net.SplitHostPort(p); err == nil && net.ParseIP(host) != nil {
			peers = append(peers, torrent.PeerInfo{Addr: torrent.StringAddr(p), Source: torrent.PeerSourceDirect})
		}
	}
	s.remind(peers)
	s.addTrackers(h.Trackers)
	s.addWebSeeds(h.WebSeeds)
	if !s.isReady() {
		s.fetchSources(h.ExactSources)
	}
	if s.e.hub != nil && !s.isReady() {
		s.e.hub.Wake(s.hash)
	}
}

// addTrusted announces to the configured trackers.
func (s *site) addTrusted() {
	if s.isPrivate() {
		return
	}
	for _, u := range s.e.o.Trackers {
		s.join(u)
	}
}

// addTrackers announces to trackers that the torrent or an address names.
func (s *site) addTrackers(urls []string) {
	for _, u := range urls {
		trusted := slices.Contains(s.e.o.Trackers, u)
		if trusted || s.e.usable(u, "udp", "http", "https", "ws", "wss") {
			s.mu.Lock()
			s.trackers = appendNew(s.trackers, u)
			s.mu.Unlock()
			s.join(u)
		}
	}
}

// maxPerSite is how many trackers and web seeds of one site are used.
const maxPerSite = 64

func appendNew(to []string, u string) []string {
	if slices.Contains(to, u) || len(to) >= maxPerSite {
		return to
	}
	return append(to, u)
}

// join announces to one tracker, once.
func (s *site) join(u string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.joined[u] || len(s.joined) >= 2*maxPerSite {
		return
	}
	s.joined[u] = true
	if hasScheme(u, "ws", "wss") {
		if s.e.hub != nil {
			s.leave = append(s.leave, s.e.hub.Join(u, s.hash, swarm{s}))
		}
	} else if canonical, ok := trackerURL(u); ok {
		s.t.AddTrackers([][]string{{canonical}})
	}
}

// addWebSeeds fetches pieces from web servers (BEP 19).
func (s *site) addWebSeeds(urls []string) {
	if s.e.o.NoWebSeeds {
		return
	}
	var add []string
	s.mu.Lock()
	for _, u := range urls {
		if s.e.usable(u, "http", "https") && !slices.Contains(s.webSeeds, u) && len(s.webSeeds) < maxPerSite {
			s.webSeeds = append(s.webSeeds, u)
			add = append(add, u)
		}
	}
	closed := s.closed
	s.mu.Unlock()
	if len(add) > 0 && !closed {
		s.t.AddWebSeeds(add)
	}
}

// Times between attempts to reach peers that were told of or were connected; while
// somebody waits they grow no longer than starvedRedial, for a peer that does not
// have the torrent hangs up, and says nothing when it has it.
const (
	minRedial     = 300 * time.Millisecond
	starvedRedial = 5 * time.Second
	maxRedial     = time.Minute
	maxFormer     = 32
)

// starved says whether somebody waits for the list of files or for pieces.
func (s *site) starved() bool { return !s.isReady() || s.waiting.Load() > 0 }

// past is the peers that were told of or connected. Its lock may be taken while
// the wire library holds its own.
type past struct {
	mu        sync.Mutex
	peers     []torrent.PeerInfo
	redialing bool
}

// remind dials peers, and dials them again when none is connected: a peer that
// hangs up, or starts after this node, is not lost. Trackers and the DHT name
// others, but a site may have nothing but its hints.
func (s *site) remind(peers []torrent.PeerInfo) {
	if len(peers) > 0 {
		s.note(peers)
		s.t.AddPeers(peers)
	}
}

// note remembers peers for redial.
func (s *site) note(peers []torrent.PeerInfo) {
	s.past.mu.Lock()
	for _, p := range peers {
		known := slices.ContainsFunc(s.past.peers, func(q torrent.PeerInfo) bool { return q.Addr.String() == p.Addr.String() })
		if !known && len(s.past.peers) < maxFormer {
			s.past.peers = append(s.past.peers, p)
		}
	}
	begin := !s.past.redialing && s.ctx.Err() == nil
	s.past.redialing = s.past.redialing || begin
	s.past.mu.Unlock()
	if begin {
		go s.redial()
	}
}

// redial runs until the site is closed.
func (s *site) redial() {
	wait := minRedial
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-s.hurried:
			wait = minRedial
			timer.Reset(wait)
			continue
		case <-timer.C:
		}
		if _, connected := s.peersKnown(); connected > 0 {
			continue // until one hangs up
		}
		if c := s.content.Load(); c == nil || c.missing() > 0 {
			s.past.mu.Lock()
			peers := slices.Clone(s.past.peers)
			s.past.mu.Unlock()
			s.t.AddPeers(peers)
		}
		wait = min(2*wait, maxRedial)
		if s.starved() {
			wait = min(wait, starvedRedial)
		}
		timer.Reset(wait)
	}
}

// departed is told of a peer whose connection ended.
func (s *site) departed(pc *torrent.PeerConn) {
	if pc.Discovery != torrent.PeerSourceIncoming && kindOf(pc.Network) != engine.PeerWebRTC {
		peer := torrent.PeerInfo{Addr: torrent.StringAddr(pc.RemoteAddr.String()), Source: pc.Discovery}
		s.note([]torrent.PeerInfo{peer})
	}
	s.hurry()
}

// hurry begins redial anew: a peer hung up, or somebody begins to wait.
func (s *site) hurry() {
	select {
	case s.hurried <- struct{}{}:
	default:
	}
}

// announceDHT looks for peers in the DHT and says that this one is here, until
// the site is closed.
func (s *site) announceDHT(server torrent.DhtServer) {
	wait := dhtRetry
	for s.ctx.Err() == nil && !s.isPrivate() {
		if done, stop, err := s.t.AnnounceToDht(server); err == nil {
			ctx, cancel := context.WithTimeout(s.ctx, dhtTime)
			select {
			case <-done:
			case <-ctx.Done():
			}
			cancel()
			stop()
		}
		switch known, _ := s.peersKnown(); {
		case s.starved():
			wait = min(wait, dhtStarved)
		case known > 0:
			wait = dhtEvery
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-s.ctx.Done():
			timer.Stop()
		}
		wait = min(2*wait, dhtEvery)
	}
}

// peersKnown counts peers heard of and peers connected.
func (s *site) peersKnown() (known, connected int) {
	st := s.t.Stats()
	return st.TotalPeers, st.ActivePeers
}

// swarm is what WebSocket trackers are told of a site.
type swarm struct{ s *site }

// Progress implements signal.Swarm.
func (w swarm) Progress() (uploaded, downloaded, left int64) {
	now := w.s.count()
	left = -1
	if c := w.s.content.Load(); c != nil {
		left = c.missing()
	}
	return now.Up, now.Down, left
}

// Wanted implements signal.Swarm: peers are wanted while something is missing
// that a reader may ask for.
func (w swarm) Wanted() int {
	if c := w.s.content.Load(); c != nil && c.missing() == 0 {
		return 0
	}
	const enough = 10
	_, connected := w.s.peersKnown()
	return enough - connected
}

// missing is how much of the content is not there.
func (c *content) missing() int64 {
	have := c.vault.Count()
	switch have {
	case c.meta.Pieces:
		return 0
	case 0:
		return c.meta.Size
	}
	return max(1, c.meta.Size-int64(have)*c.meta.PieceLength)
}

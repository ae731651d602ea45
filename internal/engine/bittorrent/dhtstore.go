package bittorrent

import (
	"sync"
	"time"

	"github.com/anacrolix/dht/v2/bep44"
	"github.com/anacrolix/dht/v2/krpc"
	peer_store "github.com/anacrolix/dht/v2/peer-store"
)

// maxItems is how many items of others this node keeps for the DHT, itemTime for
// how long (BEP 44).
const (
	maxItems = 10_000
	itemTime = 2 * time.Hour
)

// itemStore keeps items of the DHT, not too many.
type itemStore struct {
	mu    sync.Mutex
	items map[bep44.Target]*bep44.Item
}

var _ bep44.Store = (*itemStore)(nil)

// Put implements bep44.Store. When there is no room some other item goes.
func (s *itemStore) Put(i *bep44.Item) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.items == nil {
		s.items = map[bep44.Target]*bep44.Item{}
	}
	dropOne(s.items, maxItems)
	s.items[i.Target()] = i
	return nil
}

// Get implements bep44.Store.
func (s *itemStore) Get(t bep44.Target) (*bep44.Item, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.items[t]; i != nil {
		return i, nil
	}
	return nil, bep44.ErrItemNotFound
}

// Del implements bep44.Store.
func (s *itemStore) Del(t bep44.Target) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.items, t)
	return nil
}

// Bounds of what is kept of announces to this node: torrents, peers of each, and
// for how long (BEP 5 leaves the time open; clients announce every quarter of an
// hour or half).
const (
	maxHashes = 5_000
	maxPeers  = 50
	peerTime  = 45 * time.Minute
)

// peerStore keeps who announced what to this node of the DHT.
type peerStore struct {
	mu    sync.Mutex
	peers map[peer_store.InfoHash]map[string]announced
}

type announced struct {
	addr krpc.NodeAddr
	at   time.Time
}

var _ peer_store.Interface = (*peerStore)(nil)

// AddPeer implements peer_store.Interface. Where there is no room some other
// goes.
func (s *peerStore) AddPeer(h peer_store.InfoHash, a krpc.NodeAddr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.peers == nil {
		s.peers = map[peer_store.InfoHash]map[string]announced{}
	}
	if s.peers[h] == nil {
		dropOne(s.peers, maxHashes)
		s.peers[h] = map[string]announced{}
	}
	if _, known := s.peers[h][a.String()]; !known {
		dropOne(s.peers[h], maxPeers)
	}
	s.peers[h][a.String()] = announced{a, time.Now()}
}

// dropOne makes room in m if it has limit members.
func dropOne[K comparable, V any](m map[K]V, limit int) {
	if len(m) < limit {
		return
	}
	for k := range m {
		delete(m, k)
		return
	}
}

// GetPeers implements peer_store.Interface.
func (s *peerStore) GetPeers(h peer_store.InfoHash) (out []krpc.NodeAddr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, p := range s.peers[h] {
		if time.Since(p.at) > peerTime {
			delete(s.peers[h], k)
			continue
		}
		out = append(out, p.addr)
	}
	return out
}

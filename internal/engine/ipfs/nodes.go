package ipfs

import (
	"container/list"
	"context"
	"sync"

	"github.com/ipfs/go-cid"

	"github.com/kith-web/kith/internal/engine/ipfs/pack"
	"github.com/kith-web/kith/internal/engine/ipfs/unixfs"
	"github.com/kith-web/kith/internal/fault"
)

// nodeCache holds decoded nodes, the least recently used ones dropped first.
type nodeCache struct {
	maxCount int
	maxBytes int64

	mu    sync.Mutex
	order *list.List // of *cached, the latest in front
	byKey map[pack.Key]*list.Element
	bytes int64
}

// cached is a node with the length of its block.
type cached struct {
	key  pack.Key
	node *unixfs.Node
	size int
}

func newNodeCache(count int, bytes int64) *nodeCache {
	return &nodeCache{maxCount: count, maxBytes: bytes, order: list.New(), byKey: map[pack.Key]*list.Element{}}
}

func (c *nodeCache) get(k pack.Key) *cached {
	c.mu.Lock()
	defer c.mu.Unlock()
	el, ok := c.byKey[k]
	if !ok {
		return nil
	}
	c.order.MoveToFront(el)
	return el.Value.(*cached)
}

// nodeCost is what a decoded link takes in memory beyond its block.
const nodeCost = 3

func (c *nodeCache) put(n *cached) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.byKey[n.key]; ok {
		return
	}
	c.byKey[n.key] = c.order.PushFront(n)
	c.bytes += int64(n.size) * nodeCost
	for c.order.Len() > 1 && (c.order.Len() > c.maxCount || c.bytes > c.maxBytes) {
		last := c.order.Back()
		old := c.order.Remove(last).(*cached)
		delete(c.byKey, old.key)
		c.bytes -= int64(old.size) * nodeCost
	}
}

// node returns the node c names, with the length of its block. A raw block is a
// leaf of a file.
func (s *site) node(ctx context.Context, c cid.Cid) (*unixfs.Node, int, error) {
	key := pack.KeyOf(c)
	isNode := c.Prefix().Codec == cid.DagProtobuf
	if _, here := s.pack.Find(key); here && isNode {
		if hit := s.e.nodes.get(key); hit != nil {
			return hit.node, hit.size, nil
		}
	}
	data, err := s.fetch.get(ctx, c)
	if err != nil {
		return nil, 0, err
	}
	if !isNode {
		return &unixfs.Node{Type: unixfs.Raw, Data: data, Size: uint64(len(data))}, len(data), nil
	}
	if !matches(c, data) {
		s.pack.Drop(key)
		if data, err = s.fetch.get(ctx, c); err != nil {
			return nil, 0, err
		}
	}
	n, err := unixfs.Decode(data, s.e.o.MaxEntries)
	if err != nil {
		return nil, 0, fault.New(fault.Corrupt, "block %s: %w", c, err)
	}
	s.e.nodes.put(&cached{key: key, node: n, size: len(data)})
	return n, len(data), nil
}

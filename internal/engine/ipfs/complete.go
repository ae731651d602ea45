package ipfs

import (
	"context"
	"fmt"

	"github.com/ipfs/go-cid"

	"github.com/kith-web/kith/internal/engine/ipfs/pack"
	"github.com/kith-web/kith/internal/engine/ipfs/unixfs"
	"github.com/kith-web/kith/internal/fault"
)

// stride is how many children of a node are asked for at once while the whole
// site is fetched.
const stride = 1024

// sum is what a part of a site amounts to.
type sum struct {
	bytes uint64
	files uint64
}

// most is where sums stop, so that hostile DAGs do not overflow them.
const most = 1 << 62

// plus adds two sums.
func (a sum) plus(b sum) sum {
	return sum{min(a.bytes+b.bytes, most), min(a.files+b.files, most-1)}
}

// survey walks a whole DAG. Parts that occur again are fetched and counted
// once and added each time, so that a DAG that names one block a million
// times costs one block.
type survey struct {
	s    *site
	seen map[pack.Key]sum
}

// Complete implements engine.Site.
func (s *site) Complete(ctx context.Context) error {
	v := &survey{s: s, seen: map[pack.Key]sum{}}
	total, err := v.visit(ctx, unixfs.Link{CID: s.root}, 0)
	if err != nil {
		return s.explain(ctx, err)
	}
	s.mu.Lock()
	s.meta.Total, s.meta.Files = int64(total.bytes), int(total.files)
	s.meta.Blocks, s.meta.Whole = len(v.seen), true
	s.mu.Unlock()
	if err := s.pack.Flush(); err != nil {
		return err
	}
	return s.record()
}

// visit fetches what is below and including a link.
func (v *survey) visit(ctx context.Context, l unixfs.Link, depth int) (sum, error) {
	key := pack.KeyOf(l.CID)
	if known, ok := v.seen[key]; ok {
		return known, nil
	}
	if depth > 2*v.s.e.o.MaxDepth {
		return sum{}, fault.New(fault.TooLarge, "%s is more than %d levels deep", v.s.addr.String(), 2*v.s.e.o.MaxDepth)
	}
	if l.CID.Prefix().Codec != cid.DagProtobuf {
		if err := v.s.fetch.await(ctx, l); err != nil {
			return sum{}, err
		}
		total := sum{bytes: min(l.Size, most), files: 1}
		if e, ok := v.s.pack.Find(key); ok {
			total.bytes = uint64(e.Len)
		}
		v.seen[key] = total
		return total, nil
	}
	n, _, err := v.s.node(ctx, l.CID)
	if err != nil {
		return sum{}, err
	}
	total, err := v.children(ctx, n, depth)
	if err != nil {
		return sum{}, err
	}
	switch n.Type {
	case unixfs.File, unixfs.Raw:
		total = sum{bytes: n.Size, files: 1}
	case unixfs.Symlink:
		total = sum{}
	case unixfs.Directory, unixfs.Shard, unixfs.Metadata:
	}
	v.seen[key] = total
	return total, nil
}

// children fetches what is below a node.
func (v *survey) children(ctx context.Context, n *unixfs.Node, depth int) (sum, error) {
	var total sum
	for at := 0; at < len(n.Links); at += stride {
		part := n.Links[at:min(at+stride, len(n.Links))]
		v.s.fetch.prefetch(part)
		for _, l := range part {
			below, err := v.visit(ctx, l, depth+1)
			if err != nil {
				return sum{}, fmt.Errorf("%.200q: %w", l.Name, err)
			}
			total = total.plus(below)
		}
	}
	return total, nil
}

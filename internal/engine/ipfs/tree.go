package ipfs

import (
	"context"
	"errors"
	"io/fs"

	"github.com/ipfs/go-cid"

	"github.com/kith-web/kith/internal/engine/ipfs/pack"
	"github.com/kith-web/kith/internal/engine/ipfs/unixfs"
	"github.com/kith-web/kith/internal/fault"
)

// tree is the DAG of one file.
type tree struct {
	s    *site
	root *entry
}

// leaf is a stretch of a file: one raw block, or the bytes inside a node.
type leaf struct {
	cid       cid.Cid // of the raw block
	inline    []byte  // else
	off, size int64   // in the file
}

// walk calls f with the leaves from pos on, in order, until it returns false.
func (t *tree) walk(ctx context.Context, pos int64, f func(leaf) (bool, error)) error {
	_, err := t.descend(ctx, t.root.link.CID, t.root.node, 0, t.root.size, pos, 0, f)
	return err
}

// descend walks the part of the file that a node (nil: a raw block) covers.
func (t *tree) descend(
	ctx context.Context, c cid.Cid, n *unixfs.Node, start, size, pos int64, depth int, f func(leaf) (bool, error),
) (more bool, err error) {
	if n == nil {
		return f(leaf{cid: c, off: start, size: size})
	}
	if depth > t.s.e.o.MaxDepth {
		return false, fault.New(fault.TooLarge, "the file %s is more than %d levels deep", t.root.link.CID, depth-1)
	}
	at := start + int64(len(n.Data))
	if len(n.Data) > 0 && pos < at {
		if more, err = f(leaf{inline: n.Data, off: start, size: int64(len(n.Data))}); !more || err != nil {
			return more, err
		}
	}
	for i, l := range n.Links {
		part := int64(n.Sizes[i])
		if at+part <= pos || part == 0 {
			at += part
			continue
		}
		child, err := t.load(ctx, l, part)
		if err != nil {
			return false, err
		}
		if more, err = t.descend(ctx, l.CID, child, at, part, pos, depth+1, f); !more || err != nil {
			return more, err
		}
		at += part
	}
	return true, nil
}

// load fetches an inner node and holds it to its parent's word; nil for a raw
// block.
func (t *tree) load(ctx context.Context, l unixfs.Link, size int64) (*unixfs.Node, error) {
	if l.CID.Prefix().Codec != cid.DagProtobuf {
		return nil, nil
	}
	n, _, err := t.s.node(ctx, l.CID)
	if err != nil {
		return nil, err
	}
	if n.Type != unixfs.File && n.Type != unixfs.Raw || int64(n.Size) != size {
		return nil, t.lied(l.CID)
	}
	return n, nil
}

// lied is the error of a file whose parts are not what it says.
func (t *tree) lied(c cid.Cid) error {
	return fault.New(fault.Corrupt, "the part %s of the file %s is not what the file says it is", c, t.root.link.CID)
}

// extent returns where a leaf is on disk; ok is false when it is not, or is not
// as long as it should be.
func (t *tree) extent(l leaf) (pack.Extent, bool) {
	if l.inline != nil {
		return pack.Extent{}, false
	}
	e, ok := t.s.pack.Find(pack.KeyOf(l.cid))
	return e, ok && int64(e.Len) == l.size
}

// content returns the bytes of a leaf, from memory, disk or peers.
func (t *tree) content(ctx context.Context, l leaf) ([]byte, error) {
	if l.inline != nil {
		return l.inline, nil
	}
	data, err := t.s.fetch.get(ctx, l.cid)
	if err == nil && int64(len(data)) != l.size {
		err = t.lied(l.cid)
	}
	return data, err
}

// read fills b from a leaf, from skip on.
func (t *tree) read(ctx context.Context, b []byte, l leaf, skip int64, r *pack.Reader) error {
	if e, ok := t.extent(l); ok {
		err := r.ReadAt(b, e, skip)
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	data, err := t.content(ctx, l)
	if err == nil {
		copy(b, data[skip:])
	}
	return err
}

// firstAhead is how far ahead of a reader blocks are fetched at first; it
// doubles while the reader goes on, up to Options.Window.
const firstAhead = 1 << 20

// ahead is how far the blocks before a sequential reader were asked for.
type ahead struct {
	expect int64 // where the reader is if it did not seek
	upTo   int64
	window int64
}

// readAhead asks for what comes after the file's position. f.mu is held.
func (f *file) readAhead() {
	a := &f.ahead
	if f.pos != a.expect && (f.pos > a.upTo || f.pos < a.expect) || a.window == 0 {
		*a = ahead{upTo: f.pos, window: firstAhead}
	}
	a.expect = f.pos
	if a.upTo-f.pos > a.window/2 || a.upTo >= f.en.size {
		return
	}
	from := max(a.upTo, f.pos)
	a.upTo = min(f.pos+a.window, f.en.size)
	a.window = min(2*a.window, f.fsys.s.e.o.Window)
	f.tree.prefetch(from, a.upTo)
}

// prefetch asks in the background for the blocks of the file between two
// places, as far as its structure is known.
func (t *tree) prefetch(from, to int64) {
	if t.root.node == nil {
		return
	}
	var links []unixfs.Link
	t.gather(t.root.node, 0, from, to, 0, &links)
	t.s.fetch.prefetch(links)
}

func (t *tree) gather(n *unixfs.Node, start, from, to int64, depth int, out *[]unixfs.Link) {
	at := start + int64(len(n.Data))
	for i, l := range n.Links {
		if at >= to || depth > t.s.e.o.MaxDepth {
			return
		}
		part := int64(n.Sizes[i])
		if at+part > from {
			*out = append(*out, unixfs.Link{CID: l.CID, Size: uint64(part)})
			hit := t.s.e.nodes.get(pack.KeyOf(l.CID))
			if hit != nil && len(hit.node.Sizes) == len(hit.node.Links) && int64(hit.node.Size) == part {
				t.gather(hit.node, at, from, to, depth+1, out)
			}
		}
		at += part
	}
}

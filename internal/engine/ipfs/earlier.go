package ipfs

import (
	"github.com/ipfs/go-cid"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/ipfs/pack"
	"github.com/kith-web/kith/internal/engine/ipfs/unixfs"
)

// earlier is the last publication of a folder, to take unchanged files from.
type earlier struct {
	pack  *pack.Pack
	files map[string]pack.File
	depth int
}

// earlier returns the last publication of a folder; nil when there is none.
func (e *Engine) earlier(folder string) *earlier {
	name, err := e.o.Store.Get(folderPrefix + folder)
	if err != nil || !e.packs.Has(string(name)) {
		return nil
	}
	p, err := e.packs.Pack(string(name))
	if err != nil {
		return nil
	}
	out := &earlier{pack: p, files: map[string]pack.File{}, depth: e.o.MaxDepth}
	for _, f := range p.Published() {
		out.files[f.Path] = f
	}
	return out
}

// file returns the DAG of an unchanged file; ok is false when the file is new
// or changed, or its nodes are not all there.
func (p *earlier) file(src engine.SourceFile, path string) (f draftFile, ok bool) {
	old, ok := p.files[path]
	if !ok || old.Size != src.Size || !old.ModTime.Equal(src.ModTime) {
		return f, false
	}
	root, err := cid.Decode(old.Root)
	if err != nil {
		return f, false
	}
	f.kept = true
	f.root, ok = p.collect(&f, root, src.Size, 0)
	return f, ok && f.size == src.Size
}

// collect gathers nodes and leaves below a CID that stands for size bytes.
func (p *earlier) collect(f *draftFile, c cid.Cid, size int64, depth int) (l unixfs.Link, ok bool) {
	if c.Prefix().Codec == cid.Raw {
		f.leaves = append(f.leaves, leafSum{digest: pack.KeyOf(c), size: int(size)})
		f.size += size
		return unixfs.Link{CID: c, Size: uint64(size)}, size <= unixfs.ChunkSize
	}
	block, _, err := p.pack.Get(pack.KeyOf(c))
	if err != nil || depth > p.depth {
		return l, false
	}
	n, err := unixfs.Decode(block, unixfs.AnyLinks)
	if err != nil || n.Type != unixfs.File || !matches(c, block) {
		return l, false
	}
	f.nodes = append(f.nodes, block)
	for i, child := range n.Links {
		if _, ok := p.collect(f, child.CID, int64(n.Sizes[i]), depth+1); !ok {
			return l, false
		}
	}
	return unixfs.Link{CID: c, Size: n.Claimed(len(block))}, true
}

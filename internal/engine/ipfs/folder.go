package ipfs

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/ipfs/go-cid"

	"github.com/kith-web/kith/internal/engine/ipfs/pack"
	"github.com/kith-web/kith/internal/engine/ipfs/unixfs"
	"github.com/kith-web/kith/internal/fault"
)

// touch asks for the children of a folder that is seen for the first time.
func (s *site) touch(dir *entry) {
	key := pack.KeyOf(dir.link.CID)
	s.mu.Lock()
	seen := s.touched[key]
	s.touched[key] = true
	whole := s.meta.Whole && s.meta.Folder == ""
	s.mu.Unlock()
	if seen || whole && s.pack.Usage().Blocks >= s.meta.Blocks {
		return
	}
	warm := &budget{bytes: s.e.o.PrefetchBytes, blocks: s.e.o.PrefetchBlocks}
	if dir.node.Type == unixfs.Directory {
		s.fetch.prefetch(warm.take(dir.node.Links, s.e.o.MaxBlock))
		return
	}
	s.e.background(func() { s.warm(s.fetch.ctx, dir.node, 0, warm) })
}

// budget is what may still be fetched in the background.
type budget struct {
	bytes  int64
	blocks int
}

// take returns as many of links as the budget allows, and charges it. Of a
// child that is a node only the node is fetched, which is small.
func (b *budget) take(links []unixfs.Link, maxBlock int) []unixfs.Link {
	for i, l := range links {
		if b.blocks == 0 || b.bytes <= 0 {
			return links[:i]
		}
		b.blocks--
		if l.CID.Prefix().Codec != cid.DagProtobuf {
			b.bytes -= int64(min(l.Size, uint64(maxBlock)))
		}
	}
	return links
}

// warm asks for the entries of a sharded folder, one part after the other.
func (s *site) warm(ctx context.Context, n *unixfs.Node, level int, b *budget) {
	entries, deeper, err := n.Split(level)
	if err != nil {
		return // whoever reads the folder is told
	}
	s.fetch.prefetch(b.take(entries, s.e.o.MaxBlock))
	deeper = b.take(deeper, s.e.o.MaxBlock)
	s.fetch.prefetch(deeper)
	for _, l := range deeper {
		below, err := s.shard(ctx, l, n.Fanout)
		if err != nil {
			return // likewise
		}
		s.warm(ctx, below, level+1, b)
	}
}

// list returns the entries of a folder, sorted by name. Symbolic links are
// listed as the files they lead to; those to folders can be followed but are
// not listed, so that no walk runs in circles, and those to nowhere are left
// out.
func (s *site) list(ctx context.Context, dir *entry) ([]fs.DirEntry, error) {
	s.touch(dir)
	links, err := s.links(ctx, dir.node)
	if err != nil {
		return nil, err
	}
	out := make([]fs.DirEntry, 0, len(links))
	for at := 0; at < len(links); at += stride {
		part := links[at:min(at+stride, len(links))]
		var nodes []unixfs.Link
		for _, l := range part {
			if l.CID.Prefix().Codec == cid.DagProtobuf {
				nodes = append(nodes, l)
			}
		}
		s.fetch.prefetch(nodes)
		for _, l := range part {
			en, err := s.entry(ctx, l, false)
			if err != nil {
				return nil, err
			}
			if en.node != nil && en.node.Type == unixfs.Symlink {
				en = s.target(ctx, dir, en)
			}
			if en != nil {
				out = append(out, fs.FileInfoToDirEntry(en))
			}
		}
	}
	slices.SortFunc(out, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return slices.CompactFunc(out, func(a, b fs.DirEntry) bool { return a.Name() == b.Name() }), nil
}

// target returns the file that a symbolic link leads to, under the link's own
// name; nil when there is none.
func (s *site) target(ctx context.Context, dir, link *entry) *entry {
	to, ok := follow(split(dir.path()), string(link.node.Data))
	if !ok {
		return nil
	}
	en, err := s.resolve(ctx, to)
	if err != nil || en.IsDir() {
		return nil
	}
	named := *en
	named.name = link.name
	return &named
}

// links lists a folder whether it is sharded or not.
func (s *site) links(ctx context.Context, n *unixfs.Node) ([]unixfs.Link, error) {
	if n.Type == unixfs.Directory {
		return n.Links, nil
	}
	var all []unixfs.Link
	err := s.collect(ctx, n, 0, &all)
	return all, err
}

func (s *site) collect(ctx context.Context, n *unixfs.Node, level int, all *[]unixfs.Link) error {
	entries, deeper, err := n.Split(level)
	if err != nil {
		return fault.New(fault.Corrupt, "%s: %w", s.addr.String(), err)
	}
	*all = append(*all, entries...)
	if len(*all) > s.e.o.MaxEntries {
		return fault.New(fault.TooLarge, "a folder has more than %d names", s.e.o.MaxEntries)
	}
	s.fetch.prefetch(deeper)
	for _, l := range deeper {
		below, err := s.shard(ctx, l, n.Fanout)
		if err == nil {
			err = s.collect(ctx, below, level+1, all)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// folder is an open folder.
type folder struct {
	fsys *siteFS
	en   *entry
	list []fs.DirEntry
	read bool
	done bool
}

// Stat implements fs.File.
func (d *folder) Stat() (fs.FileInfo, error) { return d.en, nil }

// Read implements fs.File; a folder has no bytes.
func (d *folder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.en.name, Err: errors.New("is a folder")}
}

// Close implements fs.File.
func (d *folder) Close() error { d.done = true; return nil }

// ReadDir implements fs.ReadDirFile.
func (d *folder) ReadDir(n int) ([]fs.DirEntry, error) {
	if d.done {
		return nil, &fs.PathError{Op: "readdir", Path: d.en.name, Err: fs.ErrClosed}
	}
	if !d.read {
		list, err := d.fsys.s.list(d.fsys.ctx, d.en)
		if err != nil {
			return nil, d.fsys.failed("readdir", d.en.name, err)
		}
		d.list, d.read = list, true
	}
	if n > 0 && len(d.list) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(d.list) {
		n = len(d.list)
	}
	out := d.list[:n]
	d.list = d.list[n:]
	return out, nil
}

package ipfs

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/ipfs/go-cid"

	"github.com/kith-web/kith/internal/engine/ipfs/pack"
	"github.com/kith-web/kith/internal/engine/ipfs/unixfs"
	"github.com/kith-web/kith/internal/fault"
)

// maxHops bounds how many symbolic links one name may lead through.
const maxHops = 32

// siteFS is a site as an fs.FS, for as long as ctx.
type siteFS struct {
	s   *site
	ctx context.Context // of the request that reads; fs.FS has no other place for it
}

var (
	_ fs.ReadDirFS = (*siteFS)(nil)
	_ fs.StatFS    = (*siteFS)(nil)
)

// Open implements fs.FS.
func (f *siteFS) Open(name string) (fs.File, error) {
	en, err := f.find("open", name)
	if err != nil {
		return nil, err
	}
	if en.IsDir() {
		return &folder{fsys: f, en: en}, nil
	}
	return newFile(f, en), nil
}

// Stat implements fs.StatFS.
func (f *siteFS) Stat(name string) (fs.FileInfo, error) {
	en, err := f.find("stat", name)
	if err != nil {
		return nil, err
	}
	return en, nil
}

// ReadDir implements fs.ReadDirFS.
func (f *siteFS) ReadDir(name string) ([]fs.DirEntry, error) {
	en, err := f.find("readdir", name)
	if err == nil && !en.IsDir() {
		err = &fs.PathError{Op: "readdir", Path: name, Err: errNotFolder}
	}
	if err != nil {
		return nil, err
	}
	list, err := f.s.list(f.ctx, en)
	return list, f.failed("readdir", name, err)
}

var errNotFolder = errors.New("not a folder")

// find resolves a name.
func (f *siteFS) find(op, name string) (*entry, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	en, err := f.s.resolve(f.ctx, name)
	return en, f.failed(op, name, err)
}

// failed wraps an error as io/fs wants it; the kind of a fault survives.
func (f *siteFS) failed(op, name string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// resolve walks from the root to what name is, through symbolic links that stay
// inside the site.
func (s *site) resolve(ctx context.Context, name string) (*entry, error) {
	root, err := s.rootEntry(ctx)
	if err != nil {
		return nil, err
	}
	at, here, hops := root, []string(nil), 0
	for rest := split(name); len(rest) > 0; {
		if len(here) > s.e.o.MaxDepth {
			return nil, fs.ErrNotExist
		}
		next, err := s.child(ctx, at, rest[0])
		if err != nil {
			return nil, err
		}
		if next.node == nil || next.node.Type != unixfs.Symlink {
			at, here, rest = next, append(here, rest[0]), rest[1:]
			at.where = path.Join(here...)
			continue
		}
		to, ok := follow(here, string(next.node.Data))
		if hops++; hops > maxHops || !ok {
			return nil, fs.ErrNotExist
		}
		at, here, rest = root, nil, append(split(to), rest[1:]...)
	}
	if hops > 0 { // it goes by the name it was asked for
		named := *at
		named.name = path.Base(name)
		at = &named
	}
	return at, nil
}

// split cuts a path of io/fs into its elements.
func split(name string) []string {
	if name == "." {
		return nil
	}
	return strings.Split(name, "/")
}

// follow returns where a symbolic link in the folder here leads; ok is false
// when that is outside the site.
func follow(here []string, target string) (to string, ok bool) {
	if path.IsAbs(target) {
		return "", false
	}
	to = path.Join(path.Join(here...), target)
	return to, fs.ValidPath(to)
}

// rootEntry is the site's top folder. A site that is one file is a folder of
// that file, under the name of its CID.
func (s *site) rootEntry(ctx context.Context) (*entry, error) {
	n, _, err := s.node(ctx, s.root)
	if err != nil {
		return nil, err
	}
	if n.Type == unixfs.Directory || n.Type == unixfs.Shard {
		return &entry{name: ".", link: unixfs.Link{CID: s.root}, node: n}, nil
	}
	only := &unixfs.Node{Type: unixfs.Directory, Links: []unixfs.Link{{Name: s.root.String(), CID: s.root, Size: n.Size}}}
	return &entry{name: ".", link: unixfs.Link{CID: s.root}, node: only}, nil
}

// child finds one name in a folder.
func (s *site) child(ctx context.Context, dir *entry, name string) (*entry, error) {
	if !dir.IsDir() {
		return nil, fs.ErrNotExist
	}
	s.touch(dir)
	link, ok := unixfs.Link{}, false
	if dir.node.Type == unixfs.Directory {
		link, ok = dir.node.Find(name)
	} else {
		var err error
		if link, ok, err = s.step(ctx, dir.node, name); err != nil {
			return nil, err
		}
	}
	if !ok {
		return nil, fs.ErrNotExist
	}
	return s.entry(ctx, link, true)
}

// step finds one name in a sharded folder.
func (s *site) step(ctx context.Context, n *unixfs.Node, name string) (unixfs.Link, bool, error) {
	for level := 0; ; level++ {
		l, deeper, ok := n.Step(name, level)
		if !ok || !deeper {
			return l, ok, nil
		}
		next, err := s.shard(ctx, l, n.Fanout)
		if err != nil {
			return l, false, err
		}
		n = next
	}
}

// shard fetches a part of a sharded folder.
func (s *site) shard(ctx context.Context, l unixfs.Link, fanout int) (*unixfs.Node, error) {
	n, _, err := s.node(ctx, l.CID)
	if err == nil && (n.Type != unixfs.Shard || n.Fanout != fanout) {
		err = fault.New(fault.Corrupt, "block %s is not part of the folder that names it", l.CID)
	}
	return n, err
}

// entry makes the entry of a link. The length of a raw block is only known for
// certain when it is here; sized asks for that.
func (s *site) entry(ctx context.Context, l unixfs.Link, sized bool) (*entry, error) {
	en := &entry{name: l.Name, link: l, size: int64(min(l.Size, 1<<62))}
	if l.CID.Prefix().Codec == cid.DagProtobuf {
		n, _, err := s.node(ctx, l.CID)
		if err != nil {
			return nil, err
		}
		en.node, en.size = n, int64(n.Size)
		return en, nil
	}
	ext, ok := s.pack.Find(pack.KeyOf(l.CID))
	if !ok && sized {
		data, err := s.fetch.get(ctx, l.CID)
		if err != nil {
			return nil, err
		}
		ext.Len, ok = len(data), true
	}
	if ok {
		en.size = int64(ext.Len)
	}
	return en, nil
}

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

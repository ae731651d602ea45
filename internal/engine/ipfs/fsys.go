package ipfs

import (
	"context"
	"errors"
	"io/fs"
	"path"
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
	var link unixfs.Link
	var ok bool
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

package bittorrent

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"sync"

	"github.com/kith-web/kith/internal/engine"
)

// fsys is the files of a site, for as long as ctx.
type fsys struct {
	s   *site
	ctx context.Context //nolint:containedctx // what the file system is for
}

var (
	_ fs.ReadDirFS  = (*fsys)(nil)
	_ fs.StatFS     = (*fsys)(nil)
	_ fs.ReadFileFS = (*fsys)(nil)
)

func (f *fsys) find(op, name string) (*node, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	select {
	case <-f.s.gone:
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrClosed}
	default:
	}
	n := f.s.content.Load().tree.nodes[name]
	if n == nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return n, nil
}

// Open implements fs.FS.
func (f *fsys) Open(name string) (fs.File, error) {
	n, err := f.find("open", name)
	if err != nil {
		return nil, err
	}
	if n.file == nil {
		return &dir{node: n}, nil
	}
	return &file{s: f.s, ctx: f.ctx, n: n, name: name}, nil
}

// Stat implements fs.StatFS.
func (f *fsys) Stat(name string) (fs.FileInfo, error) { return found(f.find("stat", name)) }

func found(n *node, err error) (fs.FileInfo, error) {
	if err != nil {
		return nil, err
	}
	return n, nil
}

// ReadDir implements fs.ReadDirFS.
func (f *fsys) ReadDir(name string) ([]fs.DirEntry, error) {
	n, err := f.find("readdir", name)
	if err != nil {
		return nil, err
	}
	if n.file != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: errors.New("not a directory")}
	}
	return slices.Clone(n.sub), nil
}

// ReadFile implements fs.ReadFileFS.
func (f *fsys) ReadFile(name string) ([]byte, error) {
	n, err := f.find("open", name)
	if err != nil {
		return nil, err
	}
	if n.file == nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("is a directory")}
	}
	r := &file{s: f.s, ctx: f.ctx, n: n, name: name}
	defer r.Close() //nolint:errcheck // reading
	data := make([]byte, n.file.Size)
	if _, err := r.ReadAt(data, 0); err != nil && err != io.EOF {
		return nil, err
	}
	return data, nil
}

// dir is an open folder.
type dir struct {
	*node
	mu  sync.Mutex
	pos int
}

var _ fs.ReadDirFile = (*dir)(nil)

// Stat implements fs.File.
func (d *dir) Stat() (fs.FileInfo, error) { return d.node, nil }

// Read implements fs.File.
func (d *dir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.name, Err: errors.New("is a directory")}
}

// Close implements fs.File.
func (d *dir) Close() error { return nil }

// ReadDir implements fs.ReadDirFile.
func (d *dir) ReadDir(n int) ([]fs.DirEntry, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	rest := d.sub[d.pos:]
	if n > 0 && len(rest) == 0 {
		return nil, io.EOF
	}
	if n > 0 {
		rest = rest[:min(n, len(rest))]
	}
	d.pos += len(rest)
	return slices.Clone(rest), nil
}

var _ engine.File = (*file)(nil)

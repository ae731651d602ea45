package memory

import (
	"context"
	"io"
	"io/fs"
	"slices"
)

// siteFS is a site's files as one reader sees them; waiting ends with ctx,
// which the fs.FS interface leaves no other place for.
type siteFS struct {
	site *site
	ctx  context.Context
}

var (
	_ fs.ReadDirFS = siteFS{}
	_ fs.StatFS    = siteFS{}
)

// find describes name, or says why it cannot.
func (f siteFS) find(op, name string) (*info, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	if err := f.site.alive(); err != nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: err}
	}
	i := f.site.tree.infos[name]
	if i == nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return i, nil
}

// Open implements fs.FS.
func (f siteFS) Open(name string) (fs.File, error) {
	i, err := f.find("open", name)
	if err != nil {
		return nil, err
	}
	if i.dir {
		return &dir{fs: f, path: name, info: i}, nil
	}
	return &file{fs: f, path: name, info: i, index: f.site.tree.files[name]}, nil
}

// Stat implements fs.StatFS.
func (f siteFS) Stat(name string) (fs.FileInfo, error) {
	i, err := f.find("stat", name)
	if err != nil {
		return nil, err
	}
	return i, nil
}

// ReadDir implements fs.ReadDirFS.
func (f siteFS) ReadDir(name string) ([]fs.DirEntry, error) {
	i, err := f.find("readdir", name)
	if err != nil {
		return nil, err
	}
	if !i.dir {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrInvalid}
	}
	return slices.Clone(f.site.tree.dirs[name]), nil
}

// dir is an open folder.
type dir struct {
	fs   siteFS
	path string
	info *info
	next int
}

var _ fs.ReadDirFile = (*dir)(nil)

func (d *dir) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *dir) Close() error               { return nil }

func (d *dir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.path, Err: fs.ErrInvalid}
}

func (d *dir) ReadDir(n int) ([]fs.DirEntry, error) {
	rest := d.fs.site.tree.dirs[d.path][d.next:]
	if n > 0 && len(rest) == 0 {
		return nil, io.EOF
	}
	if n > 0 && len(rest) > n {
		rest = rest[:n]
	}
	d.next += len(rest)
	return slices.Clone(rest), nil
}

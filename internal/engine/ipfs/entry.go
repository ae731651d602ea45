package ipfs

import (
	"io/fs"
	"time"

	"github.com/kith-web/kith/internal/engine/ipfs/unixfs"
)

// entry is a file or folder of a site. It is its own fs.FileInfo.
type entry struct {
	name  string
	where string       // the whole path of a folder, from resolve
	link  unixfs.Link  // how it was found
	node  *unixfs.Node // nil for a raw block
	size  int64
}

// path is the path of a folder inside its site.
func (e *entry) path() string {
	if e.where == "" {
		return "."
	}
	return e.where
}

// Name implements fs.FileInfo.
func (e *entry) Name() string { return e.name }

// Size implements fs.FileInfo.
func (e *entry) Size() int64 {
	if e.IsDir() {
		return 0
	}
	return e.size
}

// Mode implements fs.FileInfo: what the publisher said, without the right to
// write, or else readable by all.
func (e *entry) Mode() fs.FileMode {
	mode := fs.FileMode(0o444)
	if e.node != nil && e.node.Mode != 0 {
		mode = e.node.Mode &^ 0o222
	}
	if e.IsDir() {
		return fs.ModeDir | mode | 0o111
	}
	return mode
}

// ModTime implements fs.FileInfo; zero when the publisher left it out.
func (e *entry) ModTime() time.Time {
	if e.node == nil {
		return time.Time{}
	}
	return e.node.ModTime
}

// IsDir implements fs.FileInfo.
func (e *entry) IsDir() bool {
	return e.node != nil && (e.node.Type == unixfs.Directory || e.node.Type == unixfs.Shard)
}

// Sys implements fs.FileInfo.
func (e *entry) Sys() any { return nil }

// ContentID implements engine.Identity: the file's CID.
func (e *entry) ContentID() string { return e.link.CID.String() }

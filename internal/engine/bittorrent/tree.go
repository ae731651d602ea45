package bittorrent

import (
	"cmp"
	"crypto/sha1" //nolint:gosec // an identifier, not a proof
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"time"

	"github.com/kith-web/kith/internal/engine/bittorrent/metafile"
)

// tree is the folders and files of a torrent by path.
type tree struct {
	nodes map[string]*node
}

// node is a folder or file. It is its own fs.FileInfo and fs.DirEntry.
type node struct {
	name string
	file *metafile.File // nil for folders
	meta *metafile.Meta
	sub  []fs.DirEntry // of a folder, by name
}

func newTree(m *metafile.Meta) *tree {
	t := &tree{nodes: map[string]*node{".": {name: ".", meta: m}}}
	for i := range m.Files {
		f := &m.Files[i]
		n := &node{name: path.Base(f.Path), file: f, meta: m}
		t.nodes[f.Path] = n
		t.attach(path.Dir(f.Path), n)
	}
	for _, n := range t.nodes {
		slices.SortFunc(n.sub, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	}
	return t
}

// attach puts n into the folder dir, which is made with those above it.
func (t *tree) attach(dir string, n *node) {
	parent := t.nodes[dir]
	if parent == nil {
		parent = &node{name: path.Base(dir), meta: n.meta}
		t.nodes[dir] = parent
		t.attach(path.Dir(dir), parent)
	}
	parent.sub = append(parent.sub, n)
}

// Name implements fs.FileInfo and fs.DirEntry.
func (n *node) Name() string { return n.name }

// Size implements fs.FileInfo.
func (n *node) Size() int64 {
	if n.file == nil {
		return 0
	}
	return n.file.Size
}

// Mode implements fs.FileInfo.
func (n *node) Mode() fs.FileMode {
	if n.file == nil {
		return fs.ModeDir | 0o555
	}
	return 0o444
}

// ModTime implements fs.FileInfo: torrents know no times.
func (n *node) ModTime() time.Time { return time.Time{} }

// IsDir implements fs.FileInfo and fs.DirEntry.
func (n *node) IsDir() bool { return n.file == nil }

// Sys implements fs.FileInfo.
func (n *node) Sys() any { return nil }

// Type implements fs.DirEntry.
func (n *node) Type() fs.FileMode { return n.Mode().Type() }

// Info implements fs.DirEntry.
func (n *node) Info() (fs.FileInfo, error) { return n, nil }

// ContentID implements engine.Identity: the Merkle root where there is one, else
// where in which torrent the file lies.
func (n *node) ContentID() string {
	if n.file == nil {
		return ""
	}
	if n.file.Root != [32]byte{} {
		return hex.EncodeToString(n.file.Root[:])
	}
	h := sha1.New()
	_, _ = fmt.Fprintf(h, "%x %d %d", n.meta.V1, n.file.Offset, n.file.Size)
	return hex.EncodeToString(h.Sum(nil))
}

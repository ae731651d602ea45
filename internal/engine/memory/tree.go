package memory

import (
	"crypto/sha256"
	"encoding/base64"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/fault"
)

// tree finds a manifest's files and folders by name. It never changes.
type tree struct {
	infos map[string]*info
	files map[string]int           // index into manifest.Files
	dirs  map[string][]fs.DirEntry // sorted by name
}

// newTree fails when one name stands for two things.
func newTree(m *manifest) (*tree, error) {
	t := &tree{
		infos: map[string]*info{".": {name: ".", dir: true}},
		files: make(map[string]int, len(m.Files)),
		dirs:  map[string][]fs.DirEntry{".": nil},
	}
	for i, f := range m.Files {
		if t.infos[f.Path] != nil {
			return nil, fault.New(fault.Corrupt, "the name %q stands for two things", f.Path)
		}
		t.files[f.Path] = i
		if err := t.add(f.Path, &info{name: path.Base(f.Path), size: f.Size, id: f.id()}); err != nil {
			return nil, err
		}
	}
	for _, entries := range t.dirs {
		slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	}
	return t, nil
}

// add enters what under name, and in the folder it is in, and so on upwards.
func (t *tree) add(name string, what *info) error {
	t.infos[name] = what
	dir := path.Dir(name)
	above := t.infos[dir]
	if above != nil && !above.dir {
		return fault.New(fault.Corrupt, "%q is a file and a folder", dir)
	}
	t.dirs[dir] = append(t.dirs[dir], fs.FileInfoToDirEntry(what))
	if above == nil {
		return t.add(dir, &info{name: path.Base(dir), dir: true})
	}
	return nil
}

// id is the same for the same content, and differs for different content.
func (f *entry) id() string {
	all := sha256.New()
	for _, h := range f.Pieces {
		all.Write(h[:])
	}
	return base64.RawURLEncoding.EncodeToString(all.Sum(nil)[:18])
}

// info is the fs.FileInfo of a file or folder.
type info struct {
	name string
	size int64
	dir  bool
	id   string
}

func (i *info) Name() string       { return i.name }
func (i *info) Size() int64        { return i.size }
func (i *info) ModTime() time.Time { return time.Time{} }
func (i *info) IsDir() bool        { return i.dir }
func (i *info) Sys() any           { return nil }

// ContentID implements engine.Identity.
func (i *info) ContentID() string { return i.id }

// Mode is read-only.
func (i *info) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o555
	}
	return 0o444
}

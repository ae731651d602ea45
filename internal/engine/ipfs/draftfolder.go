package ipfs

import (
	"sort"
	"strings"

	"github.com/kith-web/kith/internal/engine/ipfs/unixfs"
	"github.com/kith-web/kith/internal/fault"
)

// draftFolder is a folder of a draft.
type draftFolder struct {
	files   []unixfs.Link
	folders map[string]*draftFolder
}

// add enters a file under its path.
func (f *draftFolder) add(path string, l unixfs.Link) error {
	name, rest, deeper := strings.Cut(path, "/")
	if !deeper {
		if f.folders[name] != nil {
			return fault.New(fault.Invalid, "%q is both a file and a folder", name)
		}
		l.Name = name
		f.files = append(f.files, l)
		return nil
	}
	sub := f.folders[name]
	if sub == nil {
		sub = &draftFolder{}
		if f.folders == nil {
			f.folders = map[string]*draftFolder{}
		}
		f.folders[name] = sub
	}
	return sub.add(rest, l)
}

// write writes the folder, what is below it first, and returns the link to it.
func (f *draftFolder) write(put func([]byte) (unixfs.Link, error)) (unixfs.Link, error) {
	names := make([]string, 0, len(f.folders))
	for name := range f.folders {
		names = append(names, name)
	}
	sort.Strings(names)
	links := f.files
	for _, l := range links {
		if f.folders[l.Name] != nil {
			return unixfs.Link{}, fault.New(fault.Invalid, "%q is both a file and a folder", l.Name)
		}
	}
	for _, name := range names {
		l, err := f.folders[name].write(put)
		if err != nil {
			return l, err
		}
		l.Name = name
		links = append(links, l)
	}
	return unixfs.EncodeFolder(links, put)
}

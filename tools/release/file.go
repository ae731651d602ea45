package main

import (
	"cmp"
	"crypto/sha256"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
)

// file is one that goes into an archive or a package.
type file struct {
	path   string // slash-separated, without one at the beginning
	data   []byte
	mode   fs.FileMode
	config bool // the administrator's to change: an upgrade leaves it alone
}

// sorted sorts files by path, as in everything a release writes.
func sorted(files []file) []file {
	slices.SortFunc(files, func(a, b file) int { return cmp.Compare(a.path, b.path) })
	return files
}

// below puts files into a folder.
func below(folder string, files []file) []file {
	var moved []file
	for _, f := range files {
		f.path = path.Join(folder, f.path)
		moved = append(moved, f)
	}
	return moved
}

// folders are all that files are in, from the outermost.
func folders(files []file) []string {
	var all []string
	for _, f := range files {
		for dir := path.Dir(f.path); dir != "." && dir != "/"; dir = path.Dir(dir) {
			all = append(all, dir)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// read reads a file of the source.
func (s *source) read(name string) ([]byte, error) {
	return os.ReadFile(filepath.Join(s.root, filepath.FromSlash(name)))
}

func sum(data []byte) [sha256.Size]byte { return sha256.Sum256(data) }

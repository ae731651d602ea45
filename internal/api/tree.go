package api

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"strings"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
)

// Tree is a file or folder of a site. The gateway shows a folder as its
// index.html; this is what is really in it.
type Tree struct {
	// Path is as in io/fs.
	Path   string `json:"path"`
	Folder bool   `json:"folder"`
	Size   int64  `json:"size"`
	// Entries are what is in a folder, by name.
	Entries []TreeEntry `json:"entries,omitempty"`
}

// TreeEntry is one name in a folder.
type TreeEntry struct {
	Name   string `json:"name"`
	Folder bool   `json:"folder"`
}

func (s *Server) getTree(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), s.o.Patience)
	defer cancel()
	a, err := address.FromLabel(r.PathValue("label"))
	if err != nil {
		fail(w, err)
		return
	}
	tree, err := s.tree(ctx, a, r.PathValue("path"))
	if errors.Is(err, fs.ErrClosed) {
		err = fault.New(fault.NotFound, "%s was removed from this node", a)
	}
	answer(w, tree, err)
}

func (s *Server) tree(ctx context.Context, a address.Address, name string) (t Tree, err error) {
	handle, err := s.o.Sites.Open(ctx, a)
	if err != nil {
		return t, err
	}
	defer handle.Close()
	t.Path = "."
	if trimmed := strings.Trim(name, "/"); trimmed != "" {
		t.Path = trimmed
	}
	if !fs.ValidPath(t.Path) {
		return t, fault.New(fault.Invalid, "%.200q is no path of a site", name)
	}
	files := handle.FS(ctx)
	info, err := fs.Stat(files, t.Path)
	if err != nil {
		return t, err
	}
	if t.Folder = info.IsDir(); !t.Folder {
		t.Size = info.Size()
		return t, nil
	}
	entries, err := fs.ReadDir(files, t.Path)
	if err != nil {
		return t, err
	}
	if len(entries) > s.o.MaxEntries {
		return t, fault.New(fault.TooLarge, "%s has %d names; at most %d are listed", t.Path, len(entries), s.o.MaxEntries)
	}
	for _, e := range entries {
		t.Entries = append(t.Entries, TreeEntry{e.Name(), e.IsDir()})
	}
	return t, nil
}

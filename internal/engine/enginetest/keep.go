package enginetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
)

// bare is the address without what leads to peers.
func bare(a address.Address) address.Address { return a.Root() }

func references(t *testing.T, h Harness) {
	s := h.serve(t, Tree())
	e := h.reader(t, s.by)
	first, second := h.open(t, e, s.address), h.open(t, e, s.address)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	checkBytes(t, second.FS(h.ctx(t)), s.files)
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	checkBytes(t, h.open(t, e, s.address).FS(h.ctx(t)), s.files)
}

func completeKeeps(t *testing.T, h Harness) {
	s := h.serve(t, Large())
	e := h.reader(t, s.by)
	site := h.open(t, e, s.address)
	if err := site.Complete(h.ctx(t)); err != nil {
		t.Fatal(err)
	}
	st, ok := e.Stats(s.address)
	if !ok || st.Total == 0 || st.Stored != st.Total || st.Have != st.Pieces || st.Waiting != "" {
		t.Errorf("after Complete: %+v", st)
	}
	if st.Files != len(s.files) {
		t.Errorf("Stats counts %d files, not %d", st.Files, len(s.files))
	}
	if st.Downloaded < BigSize || st.Disk < BigSize || st.Folder != "" {
		t.Errorf("after fetching %d bytes: downloaded %d, on disk %d, folder %q", st.Total, st.Downloaded, st.Disk, st.Folder)
	}
	if err := s.by.Close(); err != nil {
		t.Fatal(err)
	}
	checkBytes(t, site.FS(h.ctx(t)), s.files)
}

func removeEndsReads(t *testing.T, h Harness) {
	s := h.serve(t, Large())
	e := h.reader(t, s.by)
	site := h.open(t, e, s.address)
	f := openFile(t, site.FS(h.ctx(t)), BigName)
	if _, err := io.CopyN(io.Discard, f, 1000); err != nil {
		t.Fatal(err)
	}
	if err := e.Remove(h.ctx(t), s.address); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Read(make([]byte, 10)); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Read after Remove: %v; want fs.ErrClosed", err)
	}
	if _, err := f.ReadAt(make([]byte, 10), BigSize/2); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("ReadAt after Remove: %v; want fs.ErrClosed", err)
	}
	if _, err := fs.ReadFile(site.FS(h.ctx(t)), "many/000.txt"); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("ReadFile after Remove: %v; want fs.ErrClosed", err)
	}
	if st, ok := e.Stats(s.address); ok {
		t.Errorf("Stats after Remove: %+v", st)
	}
	if err := e.Remove(h.ctx(t), s.address); err != nil {
		t.Errorf("Remove of what is not there: %v", err)
	}
	checkBytes(t, h.open(t, e, s.address).FS(h.ctx(t)), s.files)
}

func removeLeavesFolder(t *testing.T, h Harness) {
	s := h.serve(t, Tree())
	if err := s.by.Remove(h.ctx(t), s.address); err != nil {
		t.Fatal(err)
	}
	checkBytes(t, os.DirFS(s.folder), s.files)
	ctx, cancel := context.WithTimeout(h.ctx(t), 200*time.Millisecond)
	defer cancel()
	if site, err := s.by.Open(ctx, bare(s.address)); fault.KindOf(err) != fault.Unreachable {
		t.Errorf("Open after Remove: %v, %v; want an error of kind %s", site, err, fault.Unreachable)
	}
}

func restartKeeps(t *testing.T, h Harness) {
	if h.Reopen == nil {
		t.Skip("the harness cannot restart an engine")
	}
	s := h.serve(t, Large())
	e := h.reader(t, s.by)
	if err := h.open(t, e, s.address).Complete(h.ctx(t)); err != nil {
		t.Fatal(err)
	}
	if err := s.by.Close(); err != nil {
		t.Fatal(err)
	}
	e = h.Reopen(t, e)
	checkBytes(t, h.open(t, e, bare(s.address)).FS(h.ctx(t)), s.files)
	if st, _ := e.Stats(s.address); st.Stored != st.Total || st.Downloaded < BigSize {
		t.Errorf("after a restart: %d of %d bytes stored, %d downloaded", st.Stored, st.Total, st.Downloaded)
	}
}

func restartPublishes(t *testing.T, h Harness) {
	if h.Reopen == nil {
		t.Skip("the harness cannot restart an engine")
	}
	s := h.serve(t, Tree())
	by, ok := h.Reopen(t, s.by).(engine.Publisher)
	if !ok {
		t.Fatal("the restarted engine does not implement engine.Publisher")
	}
	checkBytes(t, h.open(t, by, bare(s.address)).FS(h.ctx(t)), s.files)
	got := h.open(t, h.reader(t, by), h.hinted(by, bare(s.address)))
	checkBytes(t, got.FS(h.ctx(t)), s.files)
	if a, needed := Publish(t, by, s.folder, engine.DraftOptions{}); len(needed) > 0 || a.Key() != s.address.Key() {
		t.Errorf("publishing the same again after a restart read %q and gave %v", needed, a)
	}
}

// editedFolder changes published files in ways that size or modification time
// tell; neither the publisher nor its peer may serve anything else than what
// was published.
func editedFolder(t *testing.T, h Harness) {
	s := h.serve(t, Tree())
	site := h.open(t, h.reader(t, s.by), s.address)
	later := time.Now().Add(time.Hour)
	edits := map[string][]byte{
		"index.html":    bytes.Repeat([]byte("x"), len(s.files["index.html"])), // same size, new time
		"css/site.css":  []byte("shorter"),
		"one":           []byte("1 and more"),
		"borders/16385": Bytes(99, 16<<10+1),
	}
	for name, data := range edits {
		file := filepath.Join(s.folder, filepath.FromSlash(name))
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, later, later); err != nil {
			t.Fatal(err)
		}
	}
	for name := range edits {
		for who, from := range map[string]engine.Site{"the publisher": s.site, "its peer": site} {
			ctx, cancel := context.WithTimeout(h.ctx(t), 200*time.Millisecond)
			data, err := fs.ReadFile(from.FS(ctx), name)
			cancel()
			if err == nil && !bytes.Equal(data, s.files[name]) {
				t.Errorf("%s served %d wrong bytes of %q", who, len(data), name)
			}
		}
	}
	if data, err := fs.ReadFile(site.FS(h.ctx(t)), "twins/a"); err != nil || !bytes.Equal(data, s.files["twins/a"]) {
		t.Errorf("a file that was not edited: %q, %v", data, err)
	}
}

func publishAgain(t *testing.T, h Harness) {
	s := h.serve(t, Tree())
	a, needed := Publish(t, s.by, s.folder, engine.DraftOptions{})
	if len(needed) > 0 || a.Key() != s.address.Key() {
		t.Errorf("publishing the same again read %q and gave %v instead of %v", needed, a, s.address.Root())
	}
	added := map[string][]byte{"css/new.css": []byte("b { color: red }\n"), "index.html": []byte("<h1>New home</h1>\n")}
	Write(t, s.folder, added)
	a, needed = Publish(t, s.by, s.folder, engine.DraftOptions{})
	if !slices.Equal(needed, []string{"css/new.css", "index.html"}) {
		t.Errorf("publishing what changed read %q", needed)
	}
	if a.Key() == s.address.Key() {
		t.Error("a changed folder has the same address")
	}
	files := s.files
	for name, data := range added {
		files[name] = data
	}
	_ = h.open(t, s.by, a)
	got := h.open(t, h.reader(t, s.by), h.hinted(s.by, a))
	checkBytes(t, got.FS(h.ctx(t)), files)
}

func readerServes(t *testing.T, h Harness) {
	s := h.serve(t, Tree())
	second := h.reader(t, s.by)
	if err := h.open(t, second, s.address).Complete(h.ctx(t)); err != nil {
		t.Fatal(err)
	}
	if err := s.by.Close(); err != nil {
		t.Fatal(err)
	}
	third := h.reader(t, second)
	got := h.open(t, third, h.hinted(second, bare(s.address)))
	checkBytes(t, got.FS(h.ctx(t)), s.files)
}

package publish

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
)

// tree is a folder as it was found.
type tree struct {
	source  engine.Source
	size    int64
	skipped []Skipped
}

// limits bound a walk.
type limits struct {
	files int
	size  int64
}

// look finds what there is to publish at name, a folder or a file, which must
// be absolute.
func look(ctx context.Context, name, title string, l limits) (*tree, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, unreadable(name, err)
	}
	if title == "" {
		title = filepath.Base(name)
	}
	w := walker{ctx: ctx, limits: l, tree: &tree{source: engine.Source{Name: title}}}
	dir := name
	if !info.IsDir() {
		dir = filepath.Dir(name)
	}
	if w.real, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, unreadable(name, err)
	}
	w.tree.source.Root = w.real
	switch {
	case info.IsDir():
		err = w.folder(".", []fs.FileInfo{info})
	case info.Mode().IsRegular():
		err = w.file(filepath.Base(name), info)
	default:
		err = fault.New(fault.Invalid, "%q is neither a folder nor a regular file", name)
	}
	if err != nil {
		return nil, err
	}
	if len(w.tree.source.Files) == 0 {
		return nil, fault.New(fault.Invalid, "there are no files to publish in %q", name)
	}
	return w.tree, nil
}

// walker fills a tree.
type walker struct {
	ctx    context.Context //nolint:containedctx // one walk, one call
	limits limits
	real   string // the folder without symbolic links
	tree   *tree
}

// folder adds what is in the folder dir. above are the folders from the root to
// dir, dir included: a link to one of them would never end.
func (w *walker) folder(dir string, above []fs.FileInfo) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	entries, err := os.ReadDir(w.join(dir))
	if err != nil {
		return unreadable(w.join(dir), err)
	}
	if err := clash(dir, entries); err != nil {
		return err
	}
	for _, e := range entries {
		if err := w.entry(path.Join(dir, e.Name()), e, above); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) entry(name string, e fs.DirEntry, above []fs.FileInfo) error {
	if why := litter(e.Name()); why != "" {
		w.skip(name, why)
		return nil
	}
	if !utf8.ValidString(e.Name()) {
		return fault.New(fault.Invalid, "the name of the file %q is not valid UTF-8", name).
			WithHint("rename it: addresses of files are Unicode")
	}
	info, err := e.Info()
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		var why string
		if info, why = w.follow(name, above); why != "" {
			w.skip(name, why)
			return nil
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // gone since the folder was listed
	case err != nil:
		return unreadable(w.join(name), err)
	case info.IsDir():
		return w.folder(name, append(above[:len(above):len(above)], info))
	case info.Mode().IsRegular():
		return w.file(name, info)
	}
	w.skip(name, "not a regular file")
	return nil
}

// follow returns what the symbolic link at name leads to, or why it is skipped.
func (w *walker) follow(name string, above []fs.FileInfo) (info fs.FileInfo, why string) {
	target, err := filepath.EvalSymlinks(w.join(name))
	if err != nil {
		return nil, "a link that leads nowhere"
	}
	rel, err := filepath.Rel(w.real, target)
	if err != nil || !filepath.IsLocal(rel) {
		return nil, "a link that leads out of the folder"
	}
	if info, err = os.Stat(target); err != nil {
		return nil, "a link that leads nowhere"
	}
	for _, a := range above {
		if os.SameFile(a, info) {
			return nil, "a link to a folder that it is in"
		}
	}
	return info, ""
}

func (w *walker) file(name string, info fs.FileInfo) error {
	t := w.tree
	if len(t.source.Files) >= w.limits.files {
		return fault.New(fault.TooLarge, "%q has more than %d files", w.real, w.limits.files)
	}
	if t.size += info.Size(); t.size > w.limits.size {
		return fault.New(fault.TooLarge, "%q has more than %d bytes", w.real, w.limits.size)
	}
	t.source.Files = append(t.source.Files, engine.SourceFile{
		Path: name, Size: info.Size(), ModTime: info.ModTime(),
	})
	return nil
}

func (w *walker) skip(name, why string) {
	w.tree.skipped = append(w.tree.skipped, Skipped{Path: name, Reason: why})
}

func (w *walker) join(name string) string {
	return filepath.Join(w.real, filepath.FromSlash(name))
}

// litter says why a name is left out wherever it stands: what version control
// and operating systems leave in folders; "" for all other names.
func litter(name string) string {
	switch name {
	case ".git", ".hg", ".svn", ".bzr", ".jj", ".gitignore", ".gitattributes", ".gitmodules":
		return "version control"
	case ".DS_Store", ".AppleDouble", ".Spotlight-V100", ".Trashes", ".fseventsd", "__MACOSX",
		"Thumbs.db", "desktop.ini", "$RECYCLE.BIN", "System Volume Information", "lost+found":
		return "left by the operating system"
	}
	if strings.HasPrefix(name, "._") {
		return "left by the operating system"
	}
	return ""
}

// clash refuses two names in one folder that differ only in how Unicode writes
// them: readers could not tell which one a link means.
func clash(dir string, entries []fs.DirEntry) error {
	var seen map[string]string
	for _, e := range entries {
		if isASCII(e.Name()) {
			continue // no other name has this normal form
		}
		if seen == nil {
			seen = map[string]string{}
		}
		normal := norm.NFC.String(e.Name())
		if other, ok := seen[normal]; ok {
			return fault.New(fault.Invalid, "the names %+q and %+q in %q are the same to readers", other, e.Name(), dir).
				WithHint("rename one of the two files")
		}
		seen[normal] = e.Name()
	}
	return nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// unreadable explains why a path of the folder cannot be read.
func unreadable(name string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fault.New(fault.NotFound, "there is no file or folder %q", name).
			WithHint("check the path; it is looked up on the machine the node runs on")
	case errors.Is(err, fs.ErrPermission):
		return fault.New(fault.Forbidden, "%q cannot be read: %w", name, err).
			WithHint("make it readable for the node, or move it out of the folder")
	}
	return fault.New(fault.Internal, "%q cannot be read: %w", name, err)
}

// fingerprint changes when a file of the folder does.
func (t *tree) fingerprint() [sha256.Size]byte {
	h := sha256.New()
	var line []byte
	for _, f := range t.source.Files {
		line = binary.LittleEndian.AppendUint64(append(line[:0], f.Path...), uint64(f.Size))
		line = binary.LittleEndian.AppendUint64(line, uint64(f.ModTime.UnixNano()))
		h.Write(line)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

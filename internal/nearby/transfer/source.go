package transfer

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/kith-web/kith/internal/fault"
)

// Source is what is to be sent: files as they were found by Scan.
type Source struct {
	layout *layout
	local  []string
	// Skipped are paths that are neither files nor folders, such as symbolic
	// links, and are not sent.
	Skipped []string
}

// Files lists what is sent.
func (s *Source) Files() []File { return s.layout.files }

// Total is how many bytes there are.
func (s *Source) Total() int64 { return s.layout.total }

// Scan finds the files at the paths, folders with all that is below them, of
// which there may be maxFiles. Symbolic links below are not followed.
func Scan(ctx context.Context, paths []string, maxFiles int) (*Source, error) {
	if len(paths) == 0 {
		return nil, fault.New(fault.Invalid, "there is nothing to send").WithHint("name files or folders")
	}
	if maxFiles <= 0 {
		maxFiles = DefaultMaxFiles
	}
	c := &scan{ctx: ctx, most: maxFiles, names: newNamer(runtime.GOOS == "windows"), source: &Source{}}
	for _, p := range paths {
		if err := c.add(p); err != nil {
			return nil, err
		}
	}
	c.source.layout = newLayout(c.files)
	return c.source, nil
}

type scan struct {
	ctx    context.Context //nolint:containedctx // of one call
	most   int
	names  *namer
	files  []File
	source *Source
}

func (c *scan) add(p string) error {
	abs, err := filepath.Abs(p)
	if err != nil {
		return err
	}
	info, err := os.Stat(abs) // a link that was named is followed
	if err != nil {
		return fault.New(fault.KindOf(err), "cannot send %q: %w", p, err).WithHint("check the path")
	}
	base := filepath.Base(abs)
	if base == string(filepath.Separator) || base == filepath.VolumeName(abs) {
		base = "disk"
	}
	if !info.IsDir() {
		if !info.Mode().IsRegular() {
			return fault.New(fault.Invalid, "%q is neither a file nor a folder", p)
		}
		return c.file(abs, c.names.place(File{Path: base}, nil), info)
	}
	top := c.names.place(File{Path: base, Folder: true}, nil)
	if len(c.files) > 0 && c.has(top) { // two folders of one name
		top = c.names.place(File{Path: base}, nil)
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		abs = real
	}
	return filepath.WalkDir(abs, func(name string, d fs.DirEntry, err error) error {
		if err = errors.Join(err, c.ctx.Err()); err != nil {
			return err
		}
		rel, err := filepath.Rel(abs, name)
		if err != nil {
			return err
		}
		return c.entry(name, filepath.ToSlash(filepath.Join(top, rel)), d)
	})
}

func (c *scan) has(top string) bool {
	for _, f := range c.files {
		if f.Path == top {
			return true
		}
	}
	return false
}

func (c *scan) entry(local, path string, d fs.DirEntry) error {
	if !d.IsDir() && !d.Type().IsRegular() {
		c.source.Skipped = append(c.source.Skipped, path)
		return nil
	}
	info, err := d.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it went away meanwhile
	}
	if err != nil {
		return err
	}
	return c.file(local, path, info)
}

func (c *scan) file(local, path string, info fs.FileInfo) error {
	if len(c.files) >= c.most {
		return fault.New(fault.TooLarge, "there are more than %d files to send", c.most).
			WithHint("send a part of them, or an archive")
	}
	f := File{Path: path, Modified: info.ModTime().UnixMilli(), Folder: info.IsDir()}
	if !f.Folder {
		f.Size, f.Executable = info.Size(), info.Mode()&0o100 != 0
	}
	if err := f.check(); err != nil {
		return fault.New(fault.Invalid, "cannot send %q: %w", local, err).WithHint("give it a name in UTF-8")
	}
	c.files = append(c.files, f)
	c.source.local = append(c.source.local, local)
	return nil
}

// reader reads chunks of a Source. It keeps the file open that it read last,
// and is for one goroutine.
type reader struct {
	s    *Source
	at   int
	file *os.File
}

func newReader(s *Source) *reader { return &reader{s: s, at: -1} }

// errChanged says that a file is not as it was offered.
var errChanged = errors.New("it changed since it was offered")

// read reads chunk n into buf, which has room for it, and hashes it. A file that
// is no longer as it was offered is an error of that file.
func (r *reader) read(n int64, buf []byte) (file int, data []byte, sum Digest, err error) {
	file, offset, length := r.s.layout.span(n)
	if err := r.open(file); err != nil {
		return file, nil, sum, err
	}
	data = buf[:length]
	var h hasher
	for at := 0; at < length; at += pieceSize {
		piece := data[at:min(at+pieceSize, length)]
		if _, err := r.file.ReadAt(piece, offset+int64(at)); err != nil {
			if errors.Is(err, io.EOF) {
				err = errChanged
			}
			return file, nil, sum, err
		}
		if at+pieceSize < length {
			h.add(piece)
		} else {
			sum = h.sum(piece)
		}
	}
	if offset+int64(length) == r.s.layout.files[file].Size { // the last one: was it the same all along?
		err = r.unchanged(file)
	}
	return file, data, sum, err
}

func (r *reader) open(file int) error {
	if r.at == file {
		return nil
	}
	r.close()
	f, err := os.Open(r.s.local[file])
	if err != nil {
		return err
	}
	r.at, r.file = file, f
	if err := r.unchanged(file); err != nil {
		r.close()
		return err
	}
	return nil
}

func (r *reader) unchanged(file int) error {
	info, err := r.file.Stat()
	if err != nil {
		return err
	}
	want := r.s.layout.files[file]
	if !info.Mode().IsRegular() || info.Size() != want.Size || info.ModTime().UnixMilli() != want.Modified {
		return errChanged
	}
	return nil
}

func (r *reader) close() {
	if r.file != nil {
		_ = r.file.Close()
		r.file, r.at = nil, -1
	}
}

package ipfs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/ipfs/pack"
)

// file is an open regular file. It implements engine.File.
type file struct {
	fsys *siteFS
	en   *entry
	tree tree

	mu     sync.Mutex
	pos    int64
	ahead  ahead
	reader pack.Reader
	closed bool
}

var _ engine.File = (*file)(nil)

func newFile(f *siteFS, en *entry) *file {
	return &file{fsys: f, en: en, tree: tree{s: f.s, root: en}, reader: pack.Reader{Pack: f.s.pack}}
}

// Stat implements fs.File.
func (f *file) Stat() (fs.FileInfo, error) { return f.en, nil }

// Read implements io.Reader.
func (f *file) Read(b []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return 0, f.failed("read", fs.ErrClosed)
	}
	f.readAhead()
	n, err := f.readAt(b, f.pos, &f.reader)
	f.pos += int64(n)
	if n > 0 && err == io.EOF {
		err = nil
	}
	return n, err
}

// ReadAt implements io.ReaderAt; calls may run side by side.
func (f *file) ReadAt(b []byte, off int64) (int, error) {
	if off < 0 {
		return 0, f.failed("read", fs.ErrInvalid)
	}
	if f.mu.TryLock() {
		defer f.mu.Unlock()
		if f.closed {
			return 0, f.failed("read", fs.ErrClosed)
		}
		return f.readAt(b, off, &f.reader)
	}
	r := pack.Reader{Pack: f.fsys.s.pack}
	defer func() { _ = r.Close() }()
	return f.readAt(b, off, &r)
}

// readAt fills b from off on, or as far as the file goes.
func (f *file) readAt(b []byte, off int64, r *pack.Reader) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	if off >= f.en.size {
		return 0, io.EOF
	}
	n := 0
	err := f.tree.walk(f.fsys.ctx, off, func(l leaf) (bool, error) {
		skip := max(off-l.off, 0)
		part := b[n:min(len(b), n+int(l.size-skip))]
		if err := f.tree.read(f.fsys.ctx, part, l, skip, r); err != nil {
			return false, err
		}
		n += len(part)
		return n < len(b), nil
	})
	if err != nil {
		return n, f.failed("read", err)
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// Seek implements io.Seeker.
func (f *file) Seek(offset int64, whence int) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += f.pos
	case io.SeekEnd:
		offset += f.en.size
	default:
		return 0, f.failed("seek", fs.ErrInvalid)
	}
	if offset < 0 {
		return 0, f.failed("seek", fs.ErrInvalid)
	}
	f.pos = offset
	return offset, nil
}

// Close implements fs.File.
func (f *file) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return f.failed("close", fs.ErrClosed)
	}
	f.closed = true
	return f.reader.Close()
}

func (f *file) failed(op string, err error) error {
	if f.fsys.ctx.Err() != nil && errors.Is(err, f.fsys.ctx.Err()) {
		err = context.Cause(f.fsys.ctx)
	}
	return &fs.PathError{Op: op, Path: f.en.name, Err: err}
}

// How much of a file on disk is sent in one go: runs shorter than smallRun are
// copied through memory, since a file of its own costs more; none is longer
// than longRun, so that a reader who left is noticed.
const (
	smallRun = 64 << 10
	longRun  = 64 << 20
)

// run is a stretch of a file that is in one piece on disk.
type run struct {
	first, last pack.Extent
	skip        int64 // into first
	size        int64
}

// WriteTo implements io.WriterTo.
func (f *file) WriteTo(w io.Writer) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return 0, f.failed("read", fs.ErrClosed)
	}
	start := f.pos
	for f.pos < f.en.size {
		if err := f.writeSome(w); err != nil {
			return f.pos - start, f.failed("read", err)
		}
	}
	return f.pos - start, nil
}

// writeSome writes the next run, or the next block that is not on disk yet.
func (f *file) writeSome(w io.Writer) error {
	f.readAhead()
	var r run
	var wait *leaf
	err := f.tree.walk(f.fsys.ctx, f.pos, func(l leaf) (bool, error) {
		skip := max(f.pos-l.off, 0)
		ext, ok := f.tree.extent(l)
		switch {
		case r.size == 0 && !ok:
			wait = &l
			return false, nil
		case r.size == 0:
			r = run{first: ext, last: ext, skip: skip, size: l.size - skip}
			return true, nil
		case !ok || !ext.Follows(r.last) || r.size >= longRun:
			return false, nil
		}
		r.last = ext
		r.size += l.size
		return true, nil
	})
	switch {
	case err != nil:
		return err
	case wait != nil:
		return f.writeLeaf(w, *wait)
	case r.size == 0:
		return io.ErrUnexpectedEOF
	}
	return f.writeRun(w, r)
}

// writeLeaf writes the rest of one block from memory.
func (f *file) writeLeaf(w io.Writer, l leaf) error {
	data, err := f.tree.content(f.fsys.ctx, l)
	if err != nil {
		return err
	}
	n, err := w.Write(data[max(f.pos-l.off, 0):])
	f.pos += int64(n)
	return err
}

// writeRun writes a run from disk. A published file that changed makes it
// return without having written; the next round fetches the block.
func (f *file) writeRun(w io.Writer, r run) error {
	if err := context.Cause(f.fsys.ctx); err != nil {
		return err
	}
	if r.size < smallRun {
		buf := make([]byte, r.size)
		if err := f.reader.ReadAt(buf, r.first, r.skip); err != nil {
			return retryable(err)
		}
		n, err := w.Write(buf)
		f.pos += int64(n)
		return err
	}
	disk, err := f.reader.Open(r.first)
	if err != nil {
		return retryable(err)
	}
	defer func() { _ = disk.Close() }()
	if _, err := disk.Seek(r.skip, io.SeekCurrent); err != nil {
		return fmt.Errorf("seek: %w", err)
	}
	n, err := io.Copy(w, io.LimitReader(disk, r.size))
	f.pos += n
	if err == nil && n < r.size {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// retryable drops the error of a block that was just lost: it is looked for
// among peers next.
func retryable(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

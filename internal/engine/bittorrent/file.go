package bittorrent

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"sync"

	"github.com/kith-web/kith/internal/engine/bittorrent/vault"
)

// file is an open regular file.
type file struct {
	s    *site
	ctx  context.Context //nolint:containedctx // that of the file system
	n    *node
	name string

	mu     sync.Mutex // of the position
	pos    int64
	begun  int64 // where reading without seeking began
	closed bool
	window window
}

// Stat implements fs.File.
func (f *file) Stat() (fs.FileInfo, error) { return f.n, nil }

// Close implements fs.File.
func (f *file) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return f.fail("close", fs.ErrClosed)
	}
	f.closed = true
	f.s.done(&f.window)
	return nil
}

func (f *file) fail(op string, err error) error {
	return &fs.PathError{Op: op, Path: f.name, Err: err}
}

// state fails when the site is gone or ctx ended.
func (f *file) state() error {
	select {
	case <-f.s.gone:
		return f.fail("read", fs.ErrClosed)
	default:
	}
	if f.ctx.Err() != nil {
		return f.fail("read", context.Cause(f.ctx))
	}
	return nil
}

// ahead is how far behind the position pieces are wanted: more, the longer the
// reader goes on.
func (f *file) ahead() int64 {
	return min(max(firstAhead, 2*(f.pos-f.begun)), f.s.e.o.ReadAhead)
}

// reach moves the read-ahead along while the site is not complete.
func (f *file) reach(c *content) {
	if c.vault.Count() == c.meta.Pieces || f.n.file.Size == 0 {
		return
	}
	at := f.n.file.Offset + f.pos
	first, end := int(at/c.meta.PieceLength), f.s.pieceEnd(at+f.ahead())
	if f.window.end == 0 || first < f.window.first || first > f.window.first+(f.window.end-f.window.first)/4 {
		f.s.want(&f.window, first, end)
	}
}

// Read implements io.Reader.
func (f *file) Read(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return 0, f.fail("read", fs.ErrClosed)
	}
	if err := f.state(); err != nil {
		return 0, err
	}
	if f.pos >= f.n.file.Size {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	f.reach(f.s.content.Load())
	p = p[:min(int64(len(p)), f.n.file.Size-f.pos)]
	for {
		c := f.s.content.Load()
		n, err := c.vault.ReadAt(p, f.n.file.Offset+f.pos)
		f.pos += int64(n)
		if n > 0 && errors.Is(err, vault.ErrMissing) {
			err = nil
		}
		if !errors.Is(err, vault.ErrMissing) {
			return n, f.wrap(err)
		}
		if err := f.s.await(f.ctx, &f.window, f.n.file.Offset+f.pos, f.ahead()); err != nil {
			return 0, f.fail("read", err)
		}
	}
}

func (f *file) wrap(err error) error {
	if err == nil {
		return nil
	}
	return f.fail("read", err)
}

// ReadAt implements io.ReaderAt. It leaves the position alone, and other
// readers of the file running.
func (f *file) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, f.fail("read", fs.ErrInvalid)
	}
	if err := f.state(); err != nil {
		return 0, err
	}
	size := f.n.file.Size
	if off >= size {
		return 0, io.EOF
	}
	var atEnd error
	if int64(len(p)) > size-off {
		p, atEnd = p[:size-off], io.EOF
	}
	w := &window{}
	defer f.s.done(w)
	n := 0
	for {
		c := f.s.content.Load()
		m, err := c.vault.ReadAt(p[n:], f.n.file.Offset+off+int64(n))
		n += m
		if err == nil {
			return n, atEnd
		}
		if !errors.Is(err, vault.ErrMissing) {
			return n, f.fail("read", err)
		}
		at := f.n.file.Offset + off + int64(n)
		if err := f.s.await(f.ctx, w, at, max(int64(len(p)-n), firstAhead)); err != nil {
			return n, f.fail("read", err)
		}
	}
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
		offset += f.n.file.Size
	default:
		return 0, f.fail("seek", fs.ErrInvalid)
	}
	if offset < 0 {
		return 0, f.fail("seek", fs.ErrInvalid)
	}
	if offset != f.pos {
		f.pos, f.begun = offset, offset
	}
	return offset, nil
}

// WriteTo implements io.WriterTo.
func (f *file) WriteTo(w io.Writer) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return 0, f.fail("read", fs.ErrClosed)
	}
	var total int64
	for f.pos < f.n.file.Size {
		if err := f.state(); err != nil {
			return total, err
		}
		c := f.s.content.Load()
		f.reach(c)
		from, to := f.n.file.Offset+f.pos, f.n.file.Offset+f.n.file.Size
		n, err := c.vault.WriteTo(w, from, to)
		total += n
		f.pos += n
		if err != nil {
			return total, f.wrap(err)
		}
		if f.pos < f.n.file.Size {
			if err := f.s.await(f.ctx, &f.window, from+n, f.ahead()); err != nil {
				return total, f.fail("read", err)
			}
		}
	}
	return total, nil
}

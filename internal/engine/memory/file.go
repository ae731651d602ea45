package memory

import (
	"context"
	"io"
	"io/fs"

	"github.com/kith-web/kith/internal/engine"
)

// file is an open regular file.
type file struct {
	fs     siteFS
	path   string
	info   *info
	index  int
	offset int64
	closed bool
}

var _ engine.File = (*file)(nil)

func (f *file) Stat() (fs.FileInfo, error) { return f.info, nil }

func (f *file) Close() error {
	if f.closed {
		return f.fail("close", fs.ErrClosed)
	}
	f.closed = true
	return nil
}

func (f *file) fail(op string, err error) error {
	return &fs.PathError{Op: op, Path: f.path, Err: err}
}

func (f *file) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.offset
	case io.SeekEnd:
		offset += f.info.size
	}
	if offset < 0 || whence < io.SeekStart || whence > io.SeekEnd {
		return 0, f.fail("seek", fs.ErrInvalid)
	}
	f.offset = offset
	return offset, nil
}

func (f *file) Read(p []byte) (int, error) {
	n, err := f.readPiece(p, f.offset)
	f.offset += int64(n)
	return n, err
}

func (f *file) ReadAt(p []byte, offset int64) (n int, err error) {
	if offset < 0 {
		return 0, f.fail("read", fs.ErrInvalid)
	}
	for n < len(p) && err == nil {
		var m int
		m, err = f.readPiece(p[n:], offset+int64(n))
		n += m
	}
	return n, err
}

// readPiece reads from the one piece that has offset in it.
func (f *file) readPiece(p []byte, offset int64) (int, error) {
	if err := f.ready(); err != nil {
		return 0, err
	}
	if offset >= f.info.size {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	size := int64(f.fs.site.manifest.PieceSize)
	data, err := f.fs.site.piece(f.fs.ctx, f.index, int(offset/size))
	if err != nil {
		return 0, f.fail("read", err)
	}
	return copy(p, data[offset%size:]), nil
}

// ready fails when nothing may be read any more.
func (f *file) ready() error {
	if f.closed {
		return f.fail("read", fs.ErrClosed)
	}
	if err := f.fs.site.alive(); err != nil {
		return f.fail("read", err)
	}
	if err := context.Cause(f.fs.ctx); err != nil {
		return f.fail("read", err)
	}
	return nil
}

// WriteTo hands w the published file itself, where there is one.
func (f *file) WriteTo(w io.Writer) (int64, error) {
	if err := f.ready(); err != nil {
		return 0, err
	}
	rest := f.info.size - f.offset
	if rest <= 0 {
		return 0, nil
	}
	if os, err := f.fs.site.published(f.index); os != nil && err == nil {
		defer os.Close()
		if _, err := os.Seek(f.offset, io.SeekStart); err != nil {
			return 0, err
		}
		n, err := io.Copy(w, io.LimitReader(os, rest))
		f.offset += n
		if err == nil && n < rest {
			err = f.fail("read", f.fs.site.changed(f.index))
		}
		return n, err
	}
	return f.writePieces(w)
}

func (f *file) writePieces(w io.Writer) (written int64, err error) {
	size := int64(f.fs.site.manifest.PieceSize)
	for f.offset < f.info.size {
		if err := f.ready(); err != nil {
			return written, err
		}
		data, err := f.fs.site.piece(f.fs.ctx, f.index, int(f.offset/size))
		if err != nil {
			return written, f.fail("read", err)
		}
		n, err := w.Write(data[f.offset%size:])
		written += int64(n)
		f.offset += int64(n)
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

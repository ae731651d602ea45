package pack

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Reader reads blocks of one pack. It keeps the file it read last open, so one
// Reader serves one reader of one file well. It is not safe for concurrent use;
// the zero value with Pack set is ready.
type Reader struct {
	Pack *Pack

	file *os.File // a published file
	of   File
	num  uint32
}

// ReadAt reads len(b) bytes of the block at e, from off on. The error is
// fs.ErrNotExist when the published file changed: the block is lost then, and
// no longer found.
func (r *Reader) ReadAt(b []byte, e Extent, off int64) error {
	if e.file == 0 {
		return r.Pack.readData(b, e.Off+off)
	}
	f, err := r.published(e)
	if err == nil {
		if _, err = f.ReadAt(b, e.Off+off); err == nil {
			return nil
		}
	}
	return r.lost(e, err)
}

// lost forgets the published file of e when err says that it is no longer what
// was published.
func (r *Reader) lost(e Extent, err error) error {
	_ = r.Close()
	if closed := r.Pack.Err(); closed != nil {
		return closed
	}
	r.Pack.forget(e.file)
	return fmt.Errorf("published file: %w", errors.Join(fs.ErrNotExist, err))
}

// published returns the open published file of e, unchanged as of now.
func (r *Reader) published(e Extent) (*os.File, error) {
	if r.file == nil || r.num != e.file {
		_ = r.Close()
		f, of, err := r.Pack.openPublished(e.file)
		if err != nil {
			return nil, err
		}
		r.file, r.of, r.num = f, of, e.file
	}
	return r.file, unchanged(r.file, r.of)
}

// Open returns a file of its own, positioned at the block at e; the caller
// closes it. It is what the kernel can copy from by itself.
func (r *Reader) Open(e Extent) (*os.File, error) {
	if e.file == 0 {
		f, err := r.Pack.openData()
		if err == nil {
			_, err = f.Seek(e.Off, 0)
		}
		return f, err
	}
	f, of, err := r.Pack.openPublished(e.file)
	if err == nil {
		if err = unchanged(f, of); err == nil {
			_, err = f.Seek(e.Off, 0)
		}
		if err != nil {
			_ = f.Close()
		}
	}
	if err != nil {
		return nil, r.lost(e, err)
	}
	return f, nil
}

// Close closes what the Reader held open. It may be used again.
func (r *Reader) Close() error {
	if r.file == nil {
		return nil
	}
	f := r.file
	r.file = nil
	return f.Close()
}

// errChanged says that a published file is not what was published.
var errChanged = errors.New("the file changed since it was published")

// unchanged checks that f is still what was published.
func unchanged(f *os.File, of File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() != of.Size || !info.ModTime().Equal(of.ModTime) {
		return errChanged
	}
	return nil
}

// Get returns a whole block.
func (p *Pack) Get(k Key) ([]byte, Extent, error) {
	r := Reader{Pack: p}
	defer func() { _ = r.Close() }()
	for {
		e, ok := p.Find(k)
		if !ok {
			return nil, e, fs.ErrNotExist
		}
		b := make([]byte, e.Len)
		err := r.ReadAt(b, e, 0)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return b, e, err
		}
	}
}

func (p *Pack) readData(b []byte, off int64) error {
	p.mu.RLock()
	f, err := p.data, p.shutErr
	p.mu.RUnlock()
	if err != nil {
		return err
	}
	_, err = f.ReadAt(b, off)
	if closed := p.Err(); err != nil && closed != nil {
		return closed
	}
	return err
}

func (p *Pack) openData() (*os.File, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.shutErr != nil {
		return nil, p.shutErr
	}
	return os.Open(filepath.Join(p.dir, "data"))
}

func (p *Pack) openPublished(n uint32) (*os.File, File, error) {
	p.mu.RLock()
	if p.shutErr != nil || int(n) > len(p.files) {
		defer p.mu.RUnlock()
		return nil, File{}, errors.Join(fs.ErrClosed, p.shutErr)
	}
	of := p.files[n-1]
	p.mu.RUnlock()
	f, err := os.Open(of.Path)
	return f, of, err
}

// forget drops every block of published file n from the index; blocks that are
// somewhere else as well are found there from now on.
func (p *Pack) forget(n uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stale[n] || p.shutErr != nil {
		return
	}
	p.stale[n] = true
	for k, e := range p.index {
		if e.file == n {
			delete(p.index, k)
			p.count(e, -1)
			p.restore(k)
		}
	}
}

// restore enters the next good place of block k, if there is one. p.mu is held.
func (p *Pack) restore(k Key) {
	for len(p.spare[k]) > 0 {
		e := p.spare[k][0]
		p.spare[k] = p.spare[k][1:]
		if !p.stale[e.file] {
			p.index[k] = e
			p.count(e, 1)
			break
		}
	}
	if len(p.spare[k]) == 0 {
		delete(p.spare, k)
	}
}

// Published lists the published files; index i is file number i.
func (p *Pack) Published() []File {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.files
}

package vault

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

// errGone is what reading a published file that is not as it was ends with.
var errGone = fmt.Errorf("the published file was changed or moved: %w", fs.ErrNotExist)

// SourceFile is a file of a published folder and its place among the pieces.
// One without a path is a pad file.
type SourceFile struct {
	Path    string // relative, with slashes
	Offset  int64
	Size    int64
	ModTime int64 // nanoseconds since 1970
}

// maxOpen is how many files of a folder are kept open.
const maxOpen = 64

// folder reads pieces from the files they were published from.
type folder struct {
	root  string
	files []SourceFile // by offset, without gaps
	gone  []atomic.Bool

	mu   sync.Mutex
	open map[int]*sourceHandle
}

// sourceHandle is an open file that readers share.
type sourceHandle struct {
	f     *os.File
	users int
	used  time.Time
	seen  time.Time // when the path was last looked at
}

// trustFor is how long a path is taken to lead to the file that is open.
const trustFor = time.Second

func newFolder(root string, files []SourceFile) *folder {
	d := &folder{root: root, files: files, gone: make([]atomic.Bool, len(files)), open: map[int]*sourceHandle{}}
	for i, f := range files {
		if f.Path == "" {
			continue
		}
		info, err := os.Stat(d.name(i))
		d.gone[i].Store(err != nil || !f.is(info))
	}
	return d
}

func (f SourceFile) is(info fs.FileInfo) bool {
	return info.Mode().IsRegular() && info.Size() == f.Size && info.ModTime().UnixNano() == f.ModTime
}

func (d *folder) name(i int) string {
	return filepath.Join(d.root, filepath.FromSlash(d.files[i].Path))
}

// at is the index of the file that holds the octet at off.
func (d *folder) at(off int64) int {
	return sort.Search(len(d.files), func(i int) bool { return d.files[i].Offset+d.files[i].Size > off })
}

// intact says whether no file between from and to is known to be changed.
func (d *folder) intact(from, to int64) bool {
	for i := d.at(from); i < len(d.files) && d.files[i].Offset < to; i++ {
		if d.gone[i].Load() {
			return false
		}
	}
	return true
}

// check looks at the files between from and to themselves.
func (d *folder) check(from, to int64) bool {
	for i := d.at(from); i < len(d.files) && d.files[i].Offset < to; i++ {
		if d.files[i].Path == "" || d.files[i].Size == 0 {
			continue
		}
		info, err := os.Stat(d.name(i))
		if err != nil || !d.files[i].is(info) {
			d.gone[i].Store(true)
		}
		if d.gone[i].Load() {
			return false
		}
	}
	return true
}

// readAt reads across files. Nothing it returns without error was read from a
// file that is not as it was published.
func (d *folder) readAt(p []byte, off int64) (int, error) {
	n := 0
	for i := d.at(off); n < len(p); i++ {
		if i >= len(d.files) {
			clear(p[n:]) // a v2 piece that ends early
			return len(p), nil
		}
		f := d.files[i]
		begin := off + int64(n) - f.Offset
		if begin < 0 { // between aligned files
			gap := min(-begin, int64(len(p)-n))
			clear(p[n : n+int(gap)])
			n += int(gap)
			i--
			continue
		}
		part := p[n:min(int64(len(p)), int64(n)+f.Size-begin)]
		if err := d.read(i, part, begin); err != nil {
			return n, err
		}
		n += len(part)
	}
	return n, nil
}

// read fills p from file i.
func (d *folder) read(i int, p []byte, off int64) error {
	if d.files[i].Path == "" || len(p) == 0 {
		clear(p)
		return nil
	}
	f, err := d.acquire(i)
	if err != nil {
		return err
	}
	defer d.release(i, f)
	if _, err := f.f.ReadAt(p, off); err != nil && err != io.EOF {
		return err
	}
	return d.verify(i, f.f)
}

// verify looks at the open file, after it was read: a change that came before
// the read shows by now.
func (d *folder) verify(i int, f *os.File) error {
	info, err := f.Stat()
	if err != nil || !d.files[i].is(info) {
		d.gone[i].Store(true)
		return errGone
	}
	return nil
}

// acquire opens file i, or shares it.
func (d *folder) acquire(i int) (*sourceHandle, error) {
	if d.gone[i].Load() {
		return nil, errGone
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	h := d.open[i]
	if h != nil && time.Since(h.seen) > trustFor {
		if info, err := os.Stat(d.name(i)); err != nil || !d.files[i].is(info) {
			d.gone[i].Store(true)
			return nil, errGone
		}
		h.seen = time.Now()
	}
	if h == nil {
		f, err := os.Open(d.name(i))
		if err != nil {
			d.gone[i].Store(true)
			return nil, errGone
		}
		h = &sourceHandle{f: f, seen: time.Now()}
		if err := d.verify(i, f); err != nil {
			_ = f.Close()
			return nil, err
		}
		d.evict()
		d.open[i] = h
	}
	h.users++
	return h, nil
}

func (d *folder) release(i int, h *sourceHandle) {
	d.mu.Lock()
	defer d.mu.Unlock()
	h.users--
	h.used = time.Now()
	if d.open[i] != h && h.users == 0 {
		_ = h.f.Close()
	}
}

// evict closes the file that was used longest ago when there are too many.
func (d *folder) evict() {
	if len(d.open) < maxOpen {
		return
	}
	oldest := -1
	for i, h := range d.open {
		if h.users == 0 && (oldest < 0 || h.used.Before(d.open[oldest].used)) {
			oldest = i
		}
	}
	if oldest >= 0 {
		_ = d.open[oldest].f.Close()
		delete(d.open, oldest)
	}
}

func (d *folder) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, h := range d.open {
		delete(d.open, i)
		if h.users == 0 {
			_ = h.f.Close()
		}
	}
}

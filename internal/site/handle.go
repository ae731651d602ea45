package site

import (
	"context"
	"io/fs"
	"path"
	"sync/atomic"
	"time"

	"github.com/kith-web/kith/internal/address"
)

// Handle is a site in use: it is not closed or removed for want of use before
// Close.
type Handle struct {
	m      *Manager
	record *record
	on     *content
	closed atomic.Bool
}

// FS returns the site's files as engine.Site.FS does.
func (h *Handle) FS(ctx context.Context) fs.FS {
	files := h.on.site.FS(ctx)
	if h.on.target.Path == "" {
		return files
	}
	return folder{files, h.on.target.Path[1:]}
}

// Address is the site's own address.
func (h *Handle) Address() address.Address { return h.record.root }

// Target is the immutable address the handle reads from. Its Path is the folder
// in which the site begins, "" for the root.
func (h *Handle) Target() address.Address { return h.on.target }

// Mode is how the site is shown, with the origins that an app may talk to.
func (h *Handle) Mode() (mode Mode, allow []string) {
	p := h.record.policy.Load()
	return p.mode, p.allow
}

// ClearOnNext reports, once, that the browser's storage of this origin has to be
// cleared with the next response, because the mode changed.
func (h *Handle) ClearOnNext() bool {
	if !h.record.clear.Load() || !h.record.clear.CompareAndSwap(true, false) {
		return false
	}
	h.m.mu.Lock()
	h.record.dirty = true
	h.m.mu.Unlock()
	return true
}

// Close ends the use.
func (h *Handle) Close() {
	if h.closed.Swap(true) {
		return
	}
	h.m.mu.Lock()
	defer h.m.mu.Unlock()
	h.record.users--
	h.record.lastUsed = time.Now()
	h.record.dirty = true
	h.m.release(h.on)
}

// use makes a handle of an open site. The caller holds mu.
func (m *Manager) use(r *record) *Handle {
	now := time.Now()
	r.users++
	r.lastUsed, r.dirty = now, true
	r.current.refs++
	if !r.expires.IsZero() && now.After(r.expires) {
		m.refresh(r)
	}
	return &Handle{m: m, record: r, on: r.current}
}

// release gives back a use of c and closes it after the last. The caller holds
// mu.
func (m *Manager) release(c *content) {
	if c.refs--; c.refs == 0 {
		m.goOn(func() { m.closeContent(c) })
	}
}

func (m *Manager) closeContent(c *content) {
	if err := c.site.Close(); err != nil {
		m.o.Log.Warn("site not closed", "site", c.target.Key(), "error", err)
	}
}

// folder is a folder of a site as a site of its own, like fs.Sub, with Stat.
type folder struct {
	files fs.FS
	root  string
}

var (
	_ fs.ReadDirFS = folder{}
	_ fs.StatFS    = folder{}
)

// name returns the name below root. As names of io/fs do not climb, it stays
// there.
func (f folder) name(op, name string) (string, error) {
	if !fs.ValidPath(name) {
		return "", &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	return path.Join(f.root, name), nil
}

func (f folder) Open(name string) (fs.File, error) {
	full, err := f.name("open", name)
	if err != nil {
		return nil, err
	}
	return f.files.Open(full)
}

func (f folder) ReadDir(name string) ([]fs.DirEntry, error) {
	full, err := f.name("readdir", name)
	if err != nil {
		return nil, err
	}
	return fs.ReadDir(f.files, full)
}

func (f folder) Stat(name string) (fs.FileInfo, error) {
	full, err := f.name("stat", name)
	if err != nil {
		return nil, err
	}
	return fs.Stat(f.files, full)
}

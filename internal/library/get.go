package library

import (
	"bytes"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/library/body"
)

// Body is an open body of a document.
type Body interface {
	io.ReadSeeker
	io.Closer
}

// Get opens a document. The error is fault.NotFound when there is none, and
// fault.Unreachable when its body is on other devices alone: Fetch brings it.
func (l *Library) Get(app, name string) (Item, Body, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.index.find(app, name)
	if e == nil || app == personApp || l.doubtful(e) {
		return Item{}, nil, fault.New(fault.NotFound, "there is no document %s", name).
			WithHint("'kith data ls' shows what there is")
	}
	b, err := l.openBody(e)
	return l.item(e, name), b, err
}

// Stat tells of a document without opening it.
func (l *Library) Stat(app, name string) (Item, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	e := l.index.find(app, name)
	if e == nil || app == personApp || l.doubtful(e) {
		return Item{}, fault.New(fault.NotFound, "there is no document %s", name).
			WithHint("'kith data ls' shows what there is")
	}
	return l.item(e, name), nil
}

// small is an inline body.
type small struct{ *bytes.Reader }

func (small) Close() error { return nil }

// openBody opens what an entry has on this device, and notes that it was used.
func (l *Library) openBody(e *entry) (Body, error) {
	if !e.here {
		return nil, fault.New(fault.Unreachable, "the body of %s is not on this device", e.path).
			WithHint("it comes when another of your devices is reachable")
	}
	l.use(e)
	if !e.names {
		data, err := l.vault.Extra(e.slot)
		if err != nil {
			return nil, err
		}
		return small{bytes.NewReader(data)}, nil
	}
	r, err := l.full(e)
	if err != nil {
		return nil, err
	}
	return body.Open(filepath.Join(l.bodies, body.FileName(r.Key)), r.Key, r.Size)
}

// use notes the day on which a body was used, where that decides what is kept.
func (l *Library) use(e *entry) {
	const day = 24 * 60 * 60 * 1000
	now := l.now()
	if l.o.Holds.Recent == 0 || now-e.used < day {
		return
	}
	b := l.vault.Begin()
	b.Used(e.slot, now)
	if err := b.Commit(); err != nil {
		l.o.Log.Warn("cannot note that a document was used", "error", err)
		return
	}
	e.used = now
}

// ListOptions choose what List tells.
type ListOptions struct {
	App    string
	Folder string // "" for all; documents in folders below it, too
	Label  string // "" for any
	After  string // a path as it is shown: begin behind it
	Most   int    // 0 for all
}

// List tells of documents, ordered by path. Where two have one path, the newer
// has it, and the other is shown with "~" and the beginning of its handle.
func (l *Library) List(o ListOptions) ([]Item, error) {
	if err := checkFolder(o.Folder); err != nil {
		return nil, err
	}
	if o.App == personApp {
		return nil, fault.New(fault.Forbidden, "the person's own state is not shown as documents")
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	items := []Item{}
	l.index.each(o.App, below(o.Folder), func(e *entry, shown string) bool {
		if l.doubtful(e) || shown <= o.After && o.After != "" || o.Label != "" && !slices.Contains(e.labels, o.Label) {
			return true
		}
		items = append(items, l.item(e, shown))
		return o.Most <= 0 || len(items) < o.Most
	})
	return items, nil
}

// below is a folder as what its paths begin with.
func below(folder string) string {
	if folder == "" || strings.HasSuffix(folder, "/") {
		return folder
	}
	return folder + "/"
}

// Seq is the number of the last change; Changes tells what came after one.
func (l *Library) Seq() uint64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.seq
}

package library

import (
	"errors"
	"io"
	"path/filepath"
	"slices"
	"sync"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/library/body"
	"github.com/kith-web/kith/internal/library/vault"
	"github.com/kith-web/kith/internal/seal"
)

// draft is a document that comes in parts and is not whole yet. It is on this
// device alone.
type draft struct {
	App   string `cbor:"1,keyasint"`
	Path  string `cbor:"2,keyasint"`
	Key   []byte `cbor:"3,keyasint"`
	Total int64  `cbor:"4,keyasint"` // -1 while it is not known

	slot int64
	used int64 // ms since 1970

	// mu is held by who writes or drops it, and taken before the library's. What
	// is above changes with both held.
	mu sync.Mutex
	w  *body.Writer // nil until something is written after a start
}

// progress says how far it is. Callers hold d.mu.
func (d *draft) progress() Parts {
	p := Parts{Total: d.Total}
	if d.w != nil {
		p.Have = d.w.Size()
	}
	return p
}

func (l *Library) loadDraft(r vault.Row) error {
	d := &draft{slot: r.Slot, used: r.Used}
	if err := seal.Unmarshal(r.Meta, d); err != nil {
		return fault.New(fault.Corrupt, "a draft of the library cannot be read: %w", err)
	}
	l.drafts = append(l.drafts, d)
	return nil
}

// settleDrafts forgets those that became documents before the process ended, and
// has the files of the others kept.
func (l *Library) settleDrafts(keep map[string]bool) error {
	b := l.vault.Begin()
	before := len(l.drafts)
	l.drafts = slices.DeleteFunc(l.drafts, func(d *draft) bool {
		name := body.FileName(d.Key)
		_, done := keep[name]
		if done {
			b.Drop(d.slot)
		} else {
			keep[name+".part"] = true
		}
		return done
	})
	if len(l.drafts) == before {
		return nil
	}
	return b.Commit()
}

func (l *Library) findDraft(app, path string) *draft {
	for _, d := range l.drafts {
		if d.App == app && d.Path == path {
			return d
		}
	}
	return nil
}

// draft returns the draft that a part belongs to, locked; a first part makes it.
func (l *Library) draft(name string, p Part, app string) (*draft, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := l.findDraft(app, name)
	if d != nil && !d.mu.TryLock() {
		return nil, fault.New(fault.Conflict, "%s is being written", name).WithHint("send one part after another")
	}
	switch {
	case d != nil && (p.From > 0 || p.Length == 0):
		return d, nil
	case d == nil && p.From > 0:
		return nil, fault.New(fault.Conflict, "octets 0 to %d are missing", p.From-1).WithHint("begin with the first part")
	case d != nil:
		if err := l.endDraft(d, true); err != nil {
			return nil, err
		}
	}
	if err := l.crowdDrafts(app); err != nil {
		return nil, err
	}
	d = &draft{App: app, Path: name, Key: make([]byte, body.KeySize), Total: p.Total, used: l.now()}
	if _, err := io.ReadFull(l.rand, d.Key); err != nil {
		return nil, err
	}
	meta, err := seal.Marshal(d)
	if err != nil {
		return nil, err
	}
	b := l.vault.Begin()
	d.slot = b.Add(vault.Row{Kind: rowDraft, Meta: meta, Used: d.used}, nil)
	if err := b.Commit(); err != nil {
		return nil, err
	}
	d.mu.Lock()
	l.drafts = append(l.drafts, d)
	return d, nil
}

// crowdDrafts makes room for a draft of an app, by the one that got nothing for
// longest.
func (l *Library) crowdDrafts(app string) error {
	var oldest *draft
	n := 0
	for _, d := range l.drafts {
		if d.App != app {
			continue
		}
		if n++; oldest == nil || d.used < oldest.used {
			oldest = d
		}
	}
	if n < l.o.MostDrafts {
		return nil
	}
	if !oldest.mu.TryLock() {
		return fault.New(fault.RateLimited, "%d documents are being written in parts", n).WithHint("finish some first")
	}
	return l.endDraft(oldest, true)
}

// noteDraft notes that a part comes. Callers hold d.mu.
func (l *Library) noteDraft(d *draft, total int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if total >= 0 {
		d.Total = total
	}
	d.used = l.now()
	b := l.vault.Begin()
	b.Used(d.slot, d.used)
	return b.Commit()
}

// openDraft goes on with what there is of a draft. Callers hold d.mu.
func (l *Library) openDraft(d *draft) (err error) {
	if d.w == nil {
		d.w, err = body.Resume(l.draftPath(d), d.Key, l.rand)
	}
	return err
}

func (l *Library) draftPath(d *draft) string { return filepath.Join(l.bodies, body.FileName(d.Key)) }

// endDraft forgets a draft, with its file or, when it became a document, without,
// and unlocks it for good. Callers hold both locks.
func (l *Library) endDraft(d *draft, remove bool) error {
	defer d.mu.Unlock()
	l.drafts = slices.DeleteFunc(l.drafts, func(o *draft) bool { return o == d })
	b := l.vault.Begin()
	b.Drop(d.slot)
	err := b.Commit()
	if d.w != nil {
		err = errors.Join(err, d.w.Pause())
		d.w = nil
	}
	if remove {
		l.discard(d.Key)
	}
	return err
}

// Draft says how far a document that comes in parts is; fault.NotFound when none
// was begun, or it is whole.
func (l *Library) Draft(app, name string) (Parts, error) {
	l.mu.RLock()
	d := l.findDraft(app, name)
	l.mu.RUnlock()
	if d == nil {
		return Parts{Total: -1}, fault.New(fault.NotFound, "no part of %s waits for the rest", name)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := l.openDraft(d); err != nil {
		return Parts{Total: -1}, err
	}
	return d.progress(), nil
}

// DropDraft forgets what came of a document in parts.
func (l *Library) DropDraft(app, name string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := l.findDraft(app, name)
	if d == nil {
		return fault.New(fault.NotFound, "no part of %s waits for the rest", name)
	}
	if !d.mu.TryLock() {
		return fault.New(fault.Conflict, "%s is being written", name).WithHint("drop it when that has ended")
	}
	return l.endDraft(d, true)
}

// expireDrafts drops drafts that got nothing for long.
func (l *Library) expireDrafts() error {
	for _, d := range slices.Clone(l.drafts) {
		if l.now()-d.used >= l.o.Drafts.Milliseconds() && d.mu.TryLock() {
			if err := l.endDraft(d, true); err != nil {
				return err
			}
		}
	}
	return nil
}

// closeDrafts closes their files. One that is being written ends with an error.
func (l *Library) closeDrafts() error {
	var errs []error
	for _, d := range l.drafts {
		if d.mu.TryLock() {
			if d.w != nil {
				errs = append(errs, d.w.Pause())
			}
			d.w = nil
			d.mu.Unlock()
		}
	}
	return errors.Join(errs...)
}

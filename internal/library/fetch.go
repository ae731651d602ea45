package library

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/library/body"
	"github.com/kith-web/kith/internal/library/vault"
	"github.com/kith-web/kith/internal/seal"
)

// Asker asks another own device, and waits for its answer; internal/exchange does.
type Asker interface {
	Ask(ctx context.Context, to seal.RelationID, r seal.Request) (*seal.Reply, error)
}

// fetchMost is how much of a body is asked for at once (spec §5.3).
const fetchMost = 64 << 20

// Wanted are items whose bodies belong on this device and are not here yet, at
// most so many.
func (l *Library) Wanted(most int) []Item {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var items []Item
	for _, e := range l.index.byPath {
		if len(items) == most {
			break
		}
		if !e.here && l.wants(e) {
			items = append(items, l.item(e, l.shown(e)))
		}
	}
	return items
}

// Fetch brings a body from whichever other device has it, or waits for it where it
// is being fetched. What came of it before is not asked for again. The error is
// fault.Unreachable when no device has it or answers.
func (l *Library) Fetch(ctx context.Context, ask Asker, h Handle) error {
	r, devices, busy, err := l.toFetch(h)
	for err == nil && busy != nil {
		select {
		case <-busy:
			r, devices, busy, err = l.toFetch(h)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if err != nil || r.Key == nil {
		return err
	}
	defer func() {
		l.mu.Lock()
		close(l.fetching[h])
		delete(l.fetching, h)
		l.mu.Unlock()
	}()
	err = fault.New(fault.Unreachable, "no other device has the body of %s, or answers", r.Path)
	for _, d := range devices {
		done, e := l.fetchFrom(ctx, ask, d, r)
		if done {
			return e
		}
		if e != nil {
			err = errors.Join(err, e)
		}
	}
	return err
}

// toFetch claims an item whose body is to be fetched; none when it is here. busy is
// closed when somebody else is done with it.
func (l *Library) toFetch(h Handle) (r record, _ []Device, busy <-chan struct{}, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.index.byHandle[h]
	switch {
	case e == nil:
		return r, nil, nil, fault.New(fault.NotFound, "there is no such document")
	case e.here:
		return r, nil, nil, nil
	case l.fetching[h] != nil:
		return r, nil, l.fetching[h], nil
	}
	if r, err = l.full(e); err == nil {
		l.fetching[h] = make(chan struct{})
	}
	return r, l.circle.line, nil, err
}

// fetchFrom reports whether it is done: the body is here, or not wanted any more.
func (l *Library) fetchFrom(ctx context.Context, ask Asker, d Device, r record) (bool, error) {
	path := filepath.Join(l.bodies, body.FileName(r.Key))
	w, err := body.Resume(path, r.Key, l.rand)
	if err != nil {
		return false, err
	}
	for w.Size() < r.Size {
		if err := l.fetchPart(ctx, ask, d, r, w); err != nil {
			return false, errors.Join(err, w.Pause())
		}
	}
	tag, err := w.Finish()
	if err != nil {
		return false, err
	}
	if string(tag[:]) != string(r.Tag) {
		return false, errors.Join(fault.New(fault.Corrupt, "the body of %s is not what it should be", r.Path), body.Remove(path))
	}
	return true, l.arrived(r, path)
}

// fetchPart asks for the next octets.
func (l *Library) fetchPart(ctx context.Context, ask Asker, d Device, r record, w *body.Writer) error {
	at := w.Size()
	end := min(at+fetchMost, r.Size)
	reply, err := ask.Ask(ctx, d.Relation, seal.Request{
		Method: "GET", Path: ownPrefix + r.Handle.String(), Most: fetchMost,
		Header: map[string]string{
			headIfMatch: Item{Revision: r.Revision}.Tag(),
			headRange:   "bytes=" + strconv.FormatInt(at, 10) + "-" + strconv.FormatInt(end-1, 10),
		},
	})
	if err != nil {
		return err
	}
	if reply.Body == nil || reply.Status != 206 ||
		!strings.HasPrefix(reply.Header[headContent], "bytes "+strconv.FormatInt(at, 10)+"-") {
		return closing(reply, fault.New(fault.Unreachable, "another device answered %d", reply.Status))
	}
	n, err := io.Copy(w, io.LimitReader(reply.Body, end-at))
	if err == nil && n == 0 {
		err = fault.New(fault.Unreachable, "another device sent nothing")
	}
	return errors.Join(err, reply.Body.Close())
}

// arrived notes that a body is here, unless its item changed meanwhile.
func (l *Library) arrived(r record, path string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.index.byHandle[r.Handle]
	if e == nil {
		return body.Remove(path)
	}
	now, err := l.full(e)
	switch {
	case err != nil:
		return err
	case string(now.Key) != string(r.Key): // another body by now
		return body.Remove(path)
	case e.here:
		return nil
	}
	b := l.begin()
	slot, err := l.rewrite(b, e, now, true)
	if err != nil {
		return err
	}
	if err := l.commit(b); err != nil {
		return err
	}
	e.slot, e.here, e.names = slot, true, true
	l.notify(e.app, e.path)
	return nil
}

// rewrite puts the row of an entry anew that differs in nothing but whether the
// body is here.
func (l *Library) rewrite(b *vault.Batch, e *entry, r record, here bool) (int64, error) {
	row, err := rowOf(stored{Record: r, Seq: e.seq, Here: here}, e.used, e.sent)
	if err != nil {
		return 0, err
	}
	slot := b.Add(row, nil)
	b.Drop(e.slot)
	return slot, nil
}

package library

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/library/body"
	"github.com/kith-web/kith/internal/seal"
)

// PutOptions say how a document is stored.
type PutOptions struct {
	App string // the app it belongs to; "" for the person's own documents
	// Type is the media type; "" keeps what there is, or goes by the name.
	Type string
	// Labels and Audience replace what there is; nil keeps it (none, nobody).
	Labels   []string
	Audience *Audience
	Modified int64 // ms since 1970; 0 is now
	// IfMatch and IfNoneMatch are as in RFC 9110 §13.1: tags of Item.Tag, or "*".
	// The error is fault.Conflict.
	IfMatch, IfNoneMatch string
}

// Tag is the entity tag of an item for the owner's own programs.
func (i Item) Tag() string { return `"` + i.Revision.String() + `"` }

// Put stores a document. The body is streamed; nothing of it is seen before it is
// whole and on disk.
func (l *Library) Put(ctx context.Context, name string, r io.Reader, o PutOptions) (Item, []seal.Outgoing, error) {
	if err := o.check(name); err != nil {
		return Item{}, nil, err
	}
	l.mu.RLock()
	err := l.condition(o.App, name, o)
	l.mu.RUnlock()
	if err != nil {
		return Item{}, nil, err
	}
	in, err := l.stage(ctx, r)
	if err != nil {
		return Item{}, nil, err
	}
	item, out, err := l.settle(name, in, o)
	if err != nil && !in.inline {
		l.discard(in.key)
	}
	return item, out, err
}

func (o PutOptions) check(name string) error {
	if err := errors.Join(CheckPath(name), checkApp(o.App), checkType(o.Type)); err != nil {
		return err
	}
	if len(o.Labels) > maxLabels {
		return fault.New(fault.TooLarge, "%d labels", len(o.Labels)).WithHint("at most %d", maxLabels)
	}
	for _, label := range o.Labels {
		if err := checkLabel(label); err != nil {
			return err
		}
	}
	if o.Audience != nil {
		return o.Audience.check()
	}
	return nil
}

func (a Audience) check() error {
	if a.Reach > All || len(a.Friends) > maxFriends || len(a.Lists) > maxLists {
		return fault.New(fault.Invalid, "an audience of %d friends and %d lists", len(a.Friends), len(a.Lists)).
			WithHint("at most %d friends and %d lists", maxFriends, maxLists)
	}
	return nil
}

// canonical sorts an audience, so that equal ones are the same.
func (a Audience) canonical() Audience {
	a.Friends, a.Lists = slices.Clone(a.Friends), slices.Clone(a.Lists)
	slices.SortFunc(a.Friends, func(x, y seal.RelationID) int { return bytes.Compare(x[:], y[:]) })
	slices.SortFunc(a.Lists, func(x, y ListHandle) int { return bytes.Compare(x[:], y[:]) })
	a.Friends, a.Lists = slices.Compact(a.Friends), slices.Compact(a.Lists)
	if a.Reach != Some {
		a.Friends, a.Lists = nil, nil
	}
	return a
}

// condition checks IfMatch and IfNoneMatch.
func (l *Library) condition(app, name string, o PutOptions) error {
	e := l.index.find(app, name)
	tag := ""
	if e != nil {
		tag = Item{Revision: e.rev}.Tag()
	}
	if o.IfMatch != "" && !matches(o.IfMatch, tag) {
		return fault.New(fault.Conflict, "%s is not what it was", name).WithHint("look at what is there now, and try again")
	}
	if o.IfNoneMatch != "" && matches(o.IfNoneMatch, tag) {
		return fault.New(fault.Conflict, "%s exists", name).WithHint("choose another path, or replace it")
	}
	return nil
}

// matches compares a tag with a list of them, or "*". There is no tag where there
// is nothing.
func matches(list, tag string) bool {
	if tag == "" {
		return false
	}
	for part := range strings.SplitSeq(list, ",") {
		part = strings.TrimSpace(part)
		if part == "*" || strings.TrimPrefix(part, "W/") == tag {
			return true
		}
	}
	return false
}

// staged is a body that is on this device and belongs to nothing yet.
type staged struct {
	key    []byte
	size   int64
	inline bool
	small  []byte
	tag    body.Tag
}

// stage reads a body to its end.
func (l *Library) stage(ctx context.Context, r io.Reader) (staged, error) {
	s := staged{key: make([]byte, body.KeySize)}
	if _, err := io.ReadFull(l.rand, s.key); err != nil {
		return s, err
	}
	r = &contextReader{ctx, r}
	head := make([]byte, inlineMost+1)
	n, err := io.ReadFull(r, head)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		s.inline, s.small, s.size = true, head[:n], int64(n)
		h := body.NewTag(s.key)
		h.Write(s.small)
		s.tag = body.Sum(h)
		return s, nil
	}
	if err != nil {
		return s, err
	}
	w, err := body.Create(filepath.Join(l.bodies, body.FileName(s.key)), s.key, l.rand)
	if err != nil {
		return s, err
	}
	if _, err := io.Copy(w, io.MultiReader(bytes.NewReader(head), r)); err != nil {
		return s, errors.Join(err, w.Abort())
	}
	s.size = w.Size()
	s.tag, err = w.Finish()
	return s, err
}

// contextReader ends with its context. What broke off it does not take for an end.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (r *contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.r.Read(p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = fault.New(fault.Invalid, "the document broke off on its way in").WithHint("send it again")
	}
	return n, err
}

// settle gives a staged body its place.
func (l *Library) settle(name string, in staged, o PutOptions) (Item, []seal.Outgoing, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.condition(o.App, name, o); err != nil {
		return Item{}, nil, err
	}
	w, err := l.version(name, in, o)
	if err != nil {
		return Item{}, nil, err
	}
	out, err := l.change([]*write{w})
	if err != nil {
		return Item{}, nil, err
	}
	return l.item(w.fresh, name), out, nil
}

// version makes the next version of the document at a path, or its first.
func (l *Library) version(name string, in staged, o PutOptions) (*write, error) {
	now := l.now()
	r := record{App: o.App, Path: name, Modified: now, Type: typeOf(name), By: l.o.Device}
	if e := l.index.find(o.App, name); e != nil {
		old, err := l.full(e)
		if err != nil {
			return nil, err
		}
		r = old
		r.Modified = now
	} else if _, err := io.ReadFull(l.rand, r.Handle[:]); err != nil {
		return nil, err
	}
	r.Revision = l.clock.next(now)
	if r.Created == 0 {
		r.Created = r.Revision.Time()
	}
	r.Key, r.Size, r.Tag, r.Inline = in.key, in.size, in.tag[:], in.small
	if o.Type != "" {
		r.Type = o.Type
	}
	if o.Modified != 0 {
		r.Modified = o.Modified
	}
	if o.Labels != nil {
		r.Labels = slices.Compact(slices.Sorted(slices.Values(o.Labels)))
	}
	if o.Audience != nil {
		r.Audience = o.Audience.canonical()
	}
	return &write{record: r, here: true}, nil
}

// typeOf goes by the name.
func typeOf(name string) string {
	if t := mime.TypeByExtension(path.Ext(name)); t != "" && checkType(t) == nil {
		return t
	}
	return "application/octet-stream"
}

func (l *Library) item(e *entry, shown string) Item {
	return Item{
		Handle: e.handle, Revision: e.rev, App: e.app, Path: shown, Type: e.ctype, Size: e.size,
		Labels: slices.Clone(e.labels), Audience: e.aud.Audience, Created: e.created, Modified: e.modified,
		Here: e.here, Sent: len(e.sent),
	}
}

package library

import (
	"context"
	"errors"
	"io"
	"path/filepath"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/library/body"
	"github.com/kith-web/kith/internal/seal"
)

// Part says which octets of a document are written, as Content-Range does
// (RFC 9110 §14.4).
type Part struct {
	From   int64 // the first of them
	Length int64 // how many; none ends a draft whose length was not known before
	Total  int64 // of the whole document; -1 while that is not known
}

// Parts says how far a document that comes in parts is.
type Parts struct {
	// Whole says that the document is complete: it is Item.
	Whole bool
	Item  Item
	// Have is how many octets from the beginning are here, Total of how many; -1
	// while that is not known.
	Have, Total int64
}

func (p Part) check() error {
	if p.From < 0 || p.Length < 0 || p.From+p.Length < p.From || p.Total >= 0 && p.From+p.Length > p.Total {
		return fault.New(fault.Invalid, "octets %d to %d of %d are no part of a document", p.From, p.From+p.Length-1, p.Total)
	}
	return nil
}

// PutPart writes a part of a document.
//
// Where IfMatch names the version that there is, by its tag, and its size is that
// of the whole, these octets are replaced in a new version. Otherwise parts make a
// draft, which nobody sees and no other device has, and which becomes the
// document when it is whole. They come in order; the first one begins anew, and
// one that overlaps goes on behind what is there. A draft that gets nothing for
// Options.Drafts is dropped. Parts says how far it is with errors, too: it is
// fault.Conflict that octets before the part are missing.
//
// Conditions are looked at with every part, and when the document is complete.
func (l *Library) PutPart(ctx context.Context, name string, r io.Reader, p Part, o PutOptions) (Parts, []seal.Outgoing, error) {
	if err := errors.Join(o.check(name), p.check()); err != nil {
		return Parts{Total: p.Total}, nil, err
	}
	l.mu.RLock()
	err := l.condition(o.App, name, o)
	e := l.index.find(o.App, name)
	within := e != nil && o.IfMatch != "" && o.IfMatch != "*" && (p.Total < 0 || p.Total == e.size)
	l.mu.RUnlock()
	if err != nil {
		return Parts{Total: p.Total}, nil, err
	}
	if within {
		return l.replacePart(ctx, name, r, p, o)
	}
	d, err := l.draft(name, p, o.App)
	if err != nil {
		return Parts{Total: p.Total}, nil, err
	}
	if err := l.extend(ctx, d, r, p); err != nil || d.w.Size() != d.Total {
		defer d.mu.Unlock()
		return d.progress(), nil, err
	}
	item, out, err := l.complete(ctx, d, name, o)
	if err != nil {
		return Parts{Total: p.Total}, nil, err
	}
	return Parts{Whole: true, Item: item, Have: item.Size, Total: item.Size}, out, nil
}

// replacePart makes a new version of a document in which some octets are others.
func (l *Library) replacePart(ctx context.Context, name string, r io.Reader, p Part, o PutOptions) (Parts, []seal.Outgoing, error) {
	item, old, err := l.Get(o.App, name)
	if err != nil {
		return Parts{Total: p.Total}, nil, err
	}
	defer func() { _ = old.Close() }() // it was only read
	if p.From+p.Length > item.Size {
		return Parts{Total: item.Size}, nil, fault.New(fault.Invalid, "%s has %d octets, none at %d", name, item.Size, p.From+p.Length-1)
	}
	item, out, err := l.Put(ctx, name, io.MultiReader(
		io.LimitReader(old, p.From), &exactly{r: r, left: p.Length, of: p.Length}, &after{body: old, at: p.From + p.Length},
	), o)
	return Parts{Whole: err == nil, Item: item, Have: item.Size, Total: item.Size}, out, err
}

// exactly reads so many octets, and fails where there are fewer.
type exactly struct {
	r        io.Reader
	left, of int64
}

func (x *exactly) Read(p []byte) (int, error) {
	if x.left == 0 {
		return 0, io.EOF
	}
	n, err := x.r.Read(p[:min(int64(len(p)), x.left)])
	if x.left -= int64(n); x.left > 0 && errors.Is(err, io.EOF) {
		err = fault.New(fault.Invalid, "a part of %d octets ended %d too early", x.of, x.left)
	}
	return n, err
}

// after reads what is behind a place.
type after struct {
	body Body
	at   int64
	done bool // the seeking
}

func (a *after) Read(p []byte) (int, error) {
	if !a.done {
		if _, err := a.body.Seek(a.at, io.SeekStart); err != nil {
			return 0, err
		}
		a.done = true
	}
	return a.body.Read(p)
}

// extend writes a part to a draft, without what that has already. What came is
// kept when the rest does not.
func (l *Library) extend(ctx context.Context, d *draft, r io.Reader, p Part) error {
	if err := errors.Join(l.openDraft(d), l.noteDraft(d, p.Total)); err != nil {
		return err
	}
	have := d.w.Size()
	switch {
	case p.From > have:
		return fault.New(fault.Conflict, "octets %d to %d are missing", have, p.From-1).WithHint("go on behind what is there")
	case p.Total >= 0 && have > p.Total:
		return fault.New(fault.Conflict, "there are %d octets already, of %d", have, p.Total).WithHint("begin with the first part again")
	}
	part := &exactly{r: &contextReader{ctx, r}, left: p.Length, of: p.Length}
	if _, err := io.CopyN(io.Discard, part, min(have-p.From, p.Length)); err != nil {
		return err
	}
	_, err := io.Copy(d.w, part)
	return err
}

// complete makes a draft the document.
func (l *Library) complete(ctx context.Context, d *draft, name string, o PutOptions) (Item, []seal.Outgoing, error) {
	in := staged{key: d.Key, size: d.w.Size()}
	tag, err := d.w.Finish()
	d.w, in.tag = nil, tag
	if err == nil && in.size <= inlineMost {
		in, err = l.inlined(ctx, in)
	}
	var item Item
	var out []seal.Outgoing
	if err == nil {
		item, out, err = l.settle(name, in, o)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return item, out, errors.Join(err, l.endDraft(d, err != nil || in.inline))
}

// inlined reads a body that is small out of its file.
func (l *Library) inlined(ctx context.Context, in staged) (staged, error) {
	r, err := body.Open(filepath.Join(l.bodies, body.FileName(in.key)), in.key, in.size)
	if err != nil {
		return in, err
	}
	small, err := l.stage(ctx, r)
	return small, errors.Join(err, r.Close())
}

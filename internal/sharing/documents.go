package sharing

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/library"
	"github.com/kith-web/kith/internal/seal"
)

// clean takes the slashes at both ends away, and says whether the path was of a
// folder.
func clean(path string) (string, bool) {
	return strings.Trim(path, "/"), path == "" || strings.HasSuffix(path, "/")
}

// Put stores a document.
func (s *Service) Put(ctx context.Context, p Put) (Document, error) {
	h, err := s.someone()
	if err != nil {
		return Document{}, err
	}
	o, err := h.putOptions(p)
	if err != nil {
		return Document{}, err
	}
	item, out, err := h.library.Put(ctx, p.Path, p.Body, o)
	if err != nil {
		return Document{}, err
	}
	if err := h.send(out); err != nil {
		return Document{}, err
	}
	return h.names().document(item, h.library.Lists()), nil
}

func (h *home) putOptions(p Put) (library.PutOptions, error) {
	audience, err := h.audience(p.Audience)
	return library.PutOptions{
		App: p.App, Type: p.Type, Labels: p.Labels, Audience: audience, IfMatch: p.IfMatch, IfNoneMatch: p.IfNoneMatch,
	}, err
}

// PutPart stores a part of a document. Where IfMatch names the version there is and
// the size stays, its octets are replaced; else parts, in order and the first one
// first, make a draft that becomes the document when it is whole
// (library.PutPart). Parts says how far it is with errors, too: fault.Conflict
// where octets before the part are missing, or a condition is not met.
func (s *Service) PutPart(ctx context.Context, p Put, part Part) (Parts, error) {
	h, err := s.someone()
	if err != nil {
		return Parts{Total: part.Total}, err
	}
	o, err := h.putOptions(p)
	if err != nil {
		return Parts{Total: part.Total}, err
	}
	var made library.Parts
	var out []seal.Outgoing
	err = h.here(ctx, p.App, p.Path, func() (err error) {
		made, out, err = h.library.PutPart(ctx, p.Path, p.Body, library.Part(part), o)
		return err
	})
	return h.parts(made), errors.Join(err, h.send(out))
}

// Draft says how far a document that comes in parts is; fault.NotFound when none
// was begun, or it is whole.
func (s *Service) Draft(_ context.Context, app, path string) (Parts, error) {
	h, err := s.home()
	if err != nil {
		return Parts{Total: -1}, err
	}
	made, err := h.library.Draft(app, path)
	return h.parts(made), err
}

// DropDraft forgets what came of a document in parts.
func (s *Service) DropDraft(_ context.Context, app, path string) error {
	h, err := s.home()
	if err != nil {
		return err
	}
	return h.library.DropDraft(app, path)
}

func (h *home) parts(p library.Parts) Parts {
	out := Parts{Whole: p.Whole, Have: p.Have, Total: p.Total}
	if p.Whole {
		out.Document = h.names().document(p.Item, h.library.Lists())
	}
	return out
}

// Document tells of one.
func (s *Service) Document(_ context.Context, app, path string) (Document, error) {
	h, err := s.home()
	if err != nil {
		return Document{}, err
	}
	item, err := h.library.Stat(app, path)
	if err != nil {
		return Document{}, err
	}
	return h.names().document(item, h.library.Lists()), nil
}

// Open reads a document. One whose body is on another device of the person is
// fetched first.
func (s *Service) Open(ctx context.Context, app, path string) (Document, Body, error) {
	h, err := s.home()
	if err != nil {
		return Document{}, nil, err
	}
	var item library.Item
	var body library.Body
	err = h.here(ctx, app, path, func() (err error) {
		item, body, err = h.library.Get(app, path)
		return err
	})
	if err != nil {
		return Document{}, nil, err
	}
	return h.names().document(item, h.library.Lists()), body, nil
}

// here does what needs the body of a document, and fetches that where it is on
// another device alone.
func (h *home) here(ctx context.Context, app, path string, do func() error) error {
	err := do()
	if fault.KindOf(err) != fault.Unreachable {
		return err
	}
	item, err := h.library.Stat(app, path)
	if err != nil {
		return err
	}
	if err := h.library.Fetch(ctx, asker{h}, item.Handle); err != nil {
		return err
	}
	return do()
}

// Documents lists those below prefix.
func (s *Service) Documents(ctx context.Context, app, prefix, label string) ([]Document, error) {
	return s.List(ctx, Page{App: app, Folder: prefix, Label: label})
}

// List lists documents, ordered by path.
func (s *Service) List(_ context.Context, p Page) ([]Document, error) {
	h, err := s.home()
	if err != nil {
		return nil, err
	}
	folder, _ := clean(p.Folder)
	items, err := h.library.List(library.ListOptions{App: p.App, Folder: folder, Label: p.Label, After: p.After, Most: p.Most})
	if err != nil {
		return nil, err
	}
	list := make([]Document, len(items))
	called, lists := h.names(), h.library.Lists()
	for i, item := range items {
		list[i] = called.document(item, lists)
	}
	return list, nil
}

// ChangeDocument changes what is told of a document, or, with a slash at the end
// of path, of all below it.
func (s *Service) ChangeDocument(_ context.Context, app, path string, c Change) (Document, error) {
	h, err := s.home()
	if err != nil {
		return Document{}, err
	}
	name, all := clean(path)
	var out []seal.Outgoing
	if c.Audience != nil || c.Share != nil || c.Unshare != nil {
		if out, err = h.share(app, name, all, c); err != nil {
			return Document{}, err
		}
	}
	if c.Labels != nil {
		_, more, err := h.library.Label(app, name, all, *c.Labels)
		if err != nil {
			return Document{}, err
		}
		out = append(out, more...)
	}
	if c.Path != "" {
		more, err := h.library.Move(app, name, c.Path)
		if err != nil {
			return Document{}, err
		}
		out, name = append(out, more...), c.Path
	}
	if err := h.send(out); err != nil || all {
		return Document{Path: path, App: app}, err
	}
	item, err := h.library.Stat(app, name)
	if err != nil {
		return Document{}, err
	}
	return h.names().document(item, h.library.Lists()), nil
}

// share does what a Change says about who may see documents.
func (h *home) share(app, name string, all bool, c Change) ([]seal.Outgoing, error) {
	if c.Audience != nil || c.Share != nil && c.Share.Kind == "all" {
		a := c.Audience
		if a == nil {
			a = c.Share
		}
		to, err := h.audience(a)
		if err != nil {
			return nil, err
		}
		_, out, err := h.library.Share(app, name, all, *to)
		return out, err
	}
	if c.Unshare != nil && c.Unshare.Kind == "all" {
		_, out, err := h.library.Share(app, name, all, library.Audience{})
		return out, err
	}
	var add, remove library.Audience
	for _, part := range []struct {
		from *Audience
		to   *library.Audience
	}{{c.Share, &add}, {c.Unshare, &remove}} {
		a, err := h.audience(part.from)
		if err != nil {
			return nil, err
		}
		if a != nil {
			*part.to = *a
		}
	}
	_, out, err := h.library.Widen(app, name, all, add, remove)
	return out, err
}

// Delete deletes a document, or with a slash at the end all below it.
func (s *Service) Delete(ctx context.Context, app, path string) (Deleted, error) {
	return s.DeleteIf(ctx, app, path, "")
}

// DeleteIf is Delete under a condition: the document is what ifMatch says, as in
// RFC 9110 §13.1.1. The error is fault.Conflict.
func (s *Service) DeleteIf(_ context.Context, app, path, ifMatch string) (Deleted, error) {
	h, err := s.home()
	if err != nil {
		return Deleted{}, err
	}
	before := map[string]bool{}
	for _, d := range h.library.Deletions() {
		before[d.Group] = true
	}
	name, all := clean(path)
	n, out, err := h.library.RemoveIf(app, name, all, ifMatch)
	if err != nil {
		return Deleted{}, err
	}
	if err := h.send(out); err != nil {
		return Deleted{}, err
	}
	deleted, called := Deleted{Documents: n}, h.names()
	for _, d := range h.library.Deletions() {
		if !before[d.Group] {
			deleted.Receipts = append(deleted.Receipts, called.receipts(d)...)
		}
	}
	return deleted, nil
}

// SetList names a group of friends.
func (s *Service) SetList(_ context.Context, name string, friends []string) error {
	h, err := s.someone()
	if err != nil {
		return err
	}
	if name == "" || strings.ContainsAny(name, "/:") {
		return fault.New(fault.Invalid, "%.60q is no name of a list", name).WithHint("use letters, such as family")
	}
	members, err := h.friendIDs(friends)
	if err != nil {
		return err
	}
	handle, _ := h.listHandle(name)
	_, out, err := h.library.SetList(handle, name, members)
	if err != nil {
		return err
	}
	return h.send(out)
}

// RemoveList forgets a group.
func (s *Service) RemoveList(_ context.Context, name string) error {
	h, err := s.home()
	if err != nil {
		return err
	}
	handle, ok := h.listHandle(name)
	if !ok {
		return noList(name)
	}
	out, err := h.library.RemoveList(handle)
	if err != nil {
		return err
	}
	return h.send(out)
}

func noList(name string) error {
	return fault.New(fault.NotFound, "you have no list called %.60q", name).WithHint("'kith friend list NAME FRIEND…' makes one")
}

func (h *home) listHandle(name string) (library.ListHandle, bool) {
	for _, l := range h.library.Lists() {
		if l.Name == name {
			return l.Handle, true
		}
	}
	return library.ListHandle{}, false
}

// friendIDs finds friends by name or ID, as the library knows them.
func (h *home) friendIDs(names []string) ([]seal.RelationID, error) {
	var ids []seal.RelationID
	for _, name := range names {
		f, err := h.person.Find(name)
		if err != nil {
			return nil, err
		}
		ids = append(ids, seal.RelationID(f.Handle))
	}
	return ids, nil
}

// audience is the library's form of who may see something; nil for nil.
func (h *home) audience(a *Audience) (*library.Audience, error) {
	if a == nil {
		return nil, nil
	}
	switch a.Kind {
	case "nobody":
		return &library.Audience{}, nil
	case "all":
		return &library.Audience{Reach: library.All}, nil
	case "some":
	default:
		return nil, fault.New(fault.Invalid, "%.40q is no audience", a.Kind).WithHint("it is nobody, some or all")
	}
	friends, err := h.friendIDs(a.Friends)
	if err != nil {
		return nil, err
	}
	out := &library.Audience{Reach: library.Some, Friends: friends}
	for _, name := range a.Lists {
		handle, ok := h.listHandle(name)
		if !ok {
			return nil, noList(name)
		}
		out.Lists = append(out.Lists, handle)
	}
	return out, nil
}

// shownAudience is the way back, with names.
func (n names) audience(a library.Audience, lists []library.List) *Audience {
	out := &Audience{Kind: "nobody"}
	switch a.Reach {
	case library.All:
		out.Kind = "all"
	case library.Some:
		out.Kind = "some"
		for _, id := range a.Friends {
			out.Friends = append(out.Friends, n.of(id))
		}
		for _, l := range lists {
			for _, handle := range a.Lists {
				if l.Handle == handle {
					out.Lists = append(out.Lists, l.Name)
				}
			}
		}
	}
	return out
}

// document is what is told of an item.
func (n names) document(i library.Item, lists []library.List) Document {
	return Document{
		Path: i.Path, App: i.App, Type: i.Type, Size: i.Size, ETag: i.Tag(), Labels: i.Labels,
		Audience: n.audience(i.Audience, lists), Modified: time.UnixMilli(i.Modified).UTC(), Here: i.Here,
	}
}

// receipts are those of one deletion.
func (n names) receipts(d library.Deletion) []Receipt {
	states := map[library.PurgeState]string{
		library.Asked: "asked", library.Confirmed: "confirmed", library.Unreachable: "unreachable",
	}
	var out []Receipt
	for _, r := range d.Receipts {
		shown := Receipt{
			ID: d.Group, Friend: n.of(r.Friend), Paths: r.Paths, State: states[r.State], Asked: time.UnixMilli(r.Asked).UTC(),
		}
		if r.Settled != 0 {
			at := time.UnixMilli(r.Settled).UTC()
			shown.Answered = &at
		}
		out = append(out, shown)
	}
	return out
}

package app

import (
	"context"
	"net/http"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/sharing"
)

// shareRequest says who is to see a document, or all below a folder.
type shareRequest struct {
	Path     string        `json:"path"`
	Audience *wantAudience `json:"audience"`
	Pick     bool          `json:"pick"`
}

type wantAudience struct {
	Kind    string   `json:"kind"`
	Friends []string `json:"friends"` // handles
}

// shared is what a share is answered with.
type shared struct {
	Path     string   `json:"path"`
	Audience audience `json:"audience"`
}

func (c *call) share() error {
	var q shareRequest
	if err := c.readJSON(&q); err != nil {
		return err
	}
	path, err := checkPath(q.Path)
	if err != nil {
		return err
	}
	if c.resolve(path).mount != nil {
		return readOnly(path)
	}
	ctx := c.r.Context()
	s, err := c.see(ctx)
	if err != nil {
		return c.about(path, err)
	}
	want, err := s.audience(q.Audience)
	if err != nil {
		return err
	}
	if err := c.mustExist(path); err != nil {
		return err
	}
	if want != nil && !q.Pick && c.grant.has(GrantShare) {
		if err := c.setAudiences(ctx, s, path, *want); err != nil {
			return c.about(path, err)
		}
		return c.shared(path, want)
	}
	ask := c.question(AskShare)
	ask.Path, ask.Audience = path, want
	var chosen *sharing.Audience
	err = c.h.desk.ask(ctx, ask, c.wait(c.h.o.DecideIn), func(ctx context.Context, a Answer) error {
		if a.Audience == nil {
			return fault.New(fault.Invalid, "nobody was chosen").WithHint("choose who may see it")
		}
		chosen = a.Audience
		_, err := c.h.o.Sharing.ChangeDocument(ctx, c.grant.App, path, sharing.Change{Audience: a.Audience})
		return err
	})
	if err != nil {
		return err
	}
	return c.shared(path, chosen)
}

// shared answers with who sees a document now; of a folder, with what was said.
func (c *call) shared(path string, said *sharing.Audience) error {
	s, err := c.see(c.r.Context())
	if err != nil {
		return c.about(path, err)
	}
	if !isFolder(path) {
		d, err := c.h.o.Sharing.Document(c.r.Context(), c.grant.App, path)
		if err != nil {
			return c.about(path, err)
		}
		said = d.Audience
	}
	answer(c.w, c.r, http.StatusOK, shared{path, s.show(said)})
	return nil
}

func (c *call) mustExist(path string) error {
	if !isFolder(path) {
		_, err := c.h.o.Sharing.Document(c.r.Context(), c.grant.App, path)
		return c.about(path, err)
	}
	docs, err := c.h.o.Sharing.List(c.r.Context(), sharing.Page{App: c.grant.App, Folder: path, Most: 1})
	if err == nil && len(docs) == 0 {
		return missing(path)
	}
	return c.about(path, err)
}

// audience reads what an app wants; nil when it wants nothing in particular.
func (s *seen) audience(w *wantAudience) (*sharing.Audience, error) {
	if w == nil {
		return nil, nil
	}
	out := &sharing.Audience{Kind: w.Kind}
	switch w.Kind {
	case "nobody", "all":
		return out, nil
	case "some":
	default:
		return nil, invalid("%.40q is no audience: there are nobody, some and all", w.Kind)
	}
	for _, handle := range w.Friends {
		f, ok := s.find(handle)
		if !ok {
			return nil, missing(handle)
		}
		out.Friends = append(out.Friends, f.ID)
	}
	return out, nil
}

// setAudiences sets who may see documents. Those whom the app does not see stay
// where the person chose them.
func (c *call) setAudiences(ctx context.Context, s *seen, path string, want sharing.Audience) error {
	docs, err := c.below(ctx, path)
	if err != nil {
		return err
	}
	for _, d := range docs {
		whole := want
		if want.Kind == "some" && d.Audience != nil && d.Audience.Kind == "some" {
			whole = s.kept(*d.Audience, want)
		}
		if _, err := c.h.o.Sharing.ChangeDocument(ctx, c.grant.App, d.Path, sharing.Change{Audience: &whole}); err != nil {
			return err
		}
	}
	return nil
}

// below is a document, or all below a folder.
func (c *call) below(ctx context.Context, path string) ([]sharing.Document, error) {
	if isFolder(path) {
		return c.h.o.Sharing.List(ctx, sharing.Page{App: c.grant.App, Folder: path})
	}
	d, err := c.h.o.Sharing.Document(ctx, c.grant.App, path)
	return []sharing.Document{d}, err
}

// kept is want with those of before whom the app does not see: friends by their
// name, and lists that have nobody whom it sees.
func (s *seen) kept(before, want sharing.Audience) sharing.Audience {
	out := sharing.Audience{Kind: want.Kind, Friends: want.Friends}
	for _, name := range before.Friends {
		if f, ok := s.byName(name); ok && !s.sees(f) {
			out.Friends = append(out.Friends, f.ID)
		}
	}
	for _, list := range before.Lists {
		hidden := true
		for _, name := range s.named(&sharing.Audience{Lists: []string{list}}) {
			if f, ok := s.byName(name); ok && s.sees(f) {
				hidden = false
			}
		}
		if hidden {
			out.Lists = append(out.Lists, list)
		}
	}
	return out
}

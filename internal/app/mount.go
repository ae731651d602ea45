package app

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"strings"

	"github.com/kith-web/kith/internal/fault"
)

// mountRequest asks the person to pick something.
type mountRequest struct {
	At string `json:"at"`
}

// shownMount is a mount as the app is told: not of what.
type shownMount struct {
	ID       string `json:"id"`
	At       string `json:"at"`
	Writable bool   `json:"writable"`
}

func (m Mount) shown() shownMount {
	return shownMount{ID: m.ID, At: m.At, Writable: m.Writable && m.Friend == ""}
}

// mounts serves /.kith/mounts and what is below it.
func (c *call) mounts(below string) error {
	if below == "" {
		return c.only(map[string]func() error{"GET": c.listMounts, "POST": c.postMount})
	}
	return c.only(map[string]func() error{"DELETE": func() error {
		if !slices.ContainsFunc(c.grant.Mounts, func(m Mount) bool { return m.ID == below }) {
			return missing(below)
		}
		if err := c.h.Unmount(c.from.Label, below); err != nil {
			return err
		}
		c.empty(http.StatusNoContent)
		return nil
	}})
}

func (c *call) listMounts() error {
	out := struct {
		Items []shownMount `json:"items"`
	}{[]shownMount{}}
	for _, m := range c.grant.Mounts {
		out.Items = append(out.Items, m.shown())
	}
	answer(c.w, c.r, http.StatusOK, out)
	return nil
}

func (c *call) postMount() error {
	var q mountRequest
	if err := c.readJSON(&q); err != nil {
		return err
	}
	at, err := checkPath(q.At)
	if err != nil {
		return err
	}
	if at == "" {
		return invalid("nothing can be mounted over everything: name a path")
	}
	ask := c.question(AskMount)
	ask.Path = at
	id := strings.ToLower(rand.Text())
	err = c.h.desk.ask(c.r.Context(), ask, c.wait(c.h.o.DecideIn), func(ctx context.Context, a Answer) error {
		return c.h.mount(ctx, c.from.Label, id, at, a.Pick)
	})
	if err != nil {
		return err
	}
	g := c.h.grants.of(c.from.Label)
	if g == nil {
		return notConnected(c.from)
	}
	for _, m := range g.Mounts {
		if m.At == at {
			answer(c.w, c.r, http.StatusCreated, m.shown())
			return nil
		}
	}
	return missing(at)
}

// mount carries out what a person picked. It takes the place of what was mounted
// there.
func (h *Host) mount(ctx context.Context, label, id, at string, pick *Pick) error {
	if pick == nil {
		return fault.New(fault.Invalid, "nothing was picked").WithHint("choose a document or a folder")
	}
	if isFolder(pick.Path) != isFolder(at) {
		return fault.New(fault.Invalid, "the app wants a %s, and %.200q is none", whatIs(at), pick.Path).WithHint("choose another")
	}
	if _, err := checkPath(pick.Path); err != nil {
		return err
	}
	m := Mount{ID: id, At: at, App: pick.App, Path: pick.Path, Writable: pick.Writable && pick.Friend == ""}
	if pick.Friend != "" {
		ids, err := h.friendIDs(ctx, []string{pick.Friend})
		if err != nil {
			return err
		}
		m.Friend = ids[0]
	}
	_, err := h.grants.change(label, nil, func(g *Grant) error {
		if m.Friend == "" && m.App == g.App {
			return fault.New(fault.Invalid, "these documents are the app's own").WithHint("choose those of another")
		}
		g.Mounts = slices.DeleteFunc(g.Mounts, func(x Mount) bool { return x.At == at })
		if len(g.Mounts) >= h.o.MaxMounts {
			return fault.New(fault.TooLarge, "%d mounts are enough for one app", len(g.Mounts)).WithHint("end some")
		}
		g.Mounts = append(g.Mounts, m)
		return nil
	})
	if err == nil {
		h.granted(label)
	}
	return err
}

func whatIs(at string) string {
	if isFolder(at) {
		return "folder"
	}
	return "document"
}

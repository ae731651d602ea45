package app

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/kith-web/kith/internal/fault"
)

// hello is what GET /.kith/ says.
type hello struct {
	Kith    int      `json:"kith"`
	Host    string   `json:"host"`
	App     string   `json:"app"`
	Ready   bool     `json:"ready"`
	Granted []string `json:"granted"`
	People  string   `json:"people"`
}

func (c *call) hello() error {
	answer(c.w, c.r, http.StatusOK, c.h.greet(c.from, c.grant))
	return nil
}

func (h *Host) greet(from Origin, g *Grant) hello {
	out := hello{Kith: 1, Host: "node", Granted: []string{}, People: "/.kith/people/"}
	if from.App {
		out.Ready = h.ready()
	}
	if g != nil {
		out.App, out.Granted = g.App, g.Granted
	}
	return out
}

// ready reports whether there is a person, who is not locked away.
func (h *Host) ready() bool {
	p := h.o.Sharing.State().Person
	return p.Exists && !p.Locked
}

// connectRequest asks to act as an app.
type connectRequest struct {
	App   string   `json:"app"`
	Title string   `json:"title"`
	Wants []string `json:"wants"`
}

// maxWants is how many grants an app may name; those that are none are left out.
const maxWants = 16

func (c *call) connect() error {
	var q connectRequest
	if err := c.readJSON(&q); err != nil {
		return err
	}
	if !isAppName(q.App) {
		return invalid("%.80q is no name of an app: use 1 to %d of a-z, 0-9, dot and hyphen, a letter or digit first", q.App, maxAppName)
	}
	if len(q.Wants) > maxWants {
		return invalid("an app cannot want %d things", len(q.Wants))
	}
	wants := []string{GrantData}
	for _, w := range []string{GrantFriends, GrantShare} {
		if slices.Contains(q.Wants, w) {
			wants = append(wants, w)
		}
	}
	if !c.decided(q.App, wants) {
		if err := c.askConnect(q, wants); err != nil {
			return err
		}
		c.grant = c.h.grants.of(c.from.Label)
	}
	if !c.grant.has(GrantData) {
		return refused(whatOf(AskConnect))
	}
	return c.hello()
}

// decided reports whether the person was asked about all this before.
func (c *call) decided(app string, wants []string) bool {
	if c.grant == nil || c.grant.App != app {
		return false
	}
	for _, w := range wants {
		if !slices.Contains(c.grant.Asked, w) {
			return false
		}
	}
	return true
}

func (c *call) askConnect(q connectRequest, wants []string) error {
	ask := c.question(AskConnect)
	ask.App, ask.Title, ask.Wants = q.App, cleanText(q.Title, maxTitle), wants
	ask.Others = c.h.grants.actsAs(q.App, c.from.Label)
	return c.h.desk.ask(c.r.Context(), ask, c.wait(c.h.o.DecideIn), func(ctx context.Context, a Answer) error {
		return c.h.connected(ctx, c.from, ask, a)
	})
}

// connected carries a yes out: the origin acts as the app from now on. The first
// one makes somebody of a home that nobody has used.
func (h *Host) connected(ctx context.Context, from Origin, ask Ask, a Answer) error {
	friends, err := h.friendIDs(ctx, a.Friends)
	if err != nil {
		return err
	}
	if err := h.o.Sharing.Create(ctx, ""); err != nil {
		return err
	}
	fresh := &Grant{Label: from.Label, URL: from.URL, Address: from.Address, Given: h.o.Now().UTC(), Friends: []string{}, Mounts: []Mount{}}
	_, err = h.grants.change(from.Label, fresh, func(g *Grant) error {
		if g.App != ask.App { // another app: nothing of what the former one was given
			*g = fresh.copy()
		}
		g.App, g.Title, g.Asked, g.Granted = ask.App, ask.Title, union(g.Asked, ask.Wants), union(g.Granted, given(ask.Wants, a.Grants))
		if slices.Contains(ask.Wants, GrantFriends) && slices.Contains(g.Granted, GrantFriends) {
			g.Friends = friends
		}
		return nil
	})
	if err != nil {
		return err
	}
	h.granted(from.Label)
	return nil
}

// given are the wants that were granted: data in any case, that is what a yes is.
func given(wants, grants []string) []string {
	if grants == nil {
		return wants
	}
	out := []string{GrantData}
	for _, w := range wants {
		if w != GrantData && slices.Contains(grants, w) {
			out = append(out, w)
		}
	}
	return out
}

func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, x := range b {
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

// granted tells an app's pages, and the console, that what it may changed.
func (h *Host) granted(label string) {
	h.note()
	h.hubs.granted(label)
}

// question is one of this origin.
func (c *call) question(kind Kind) Ask {
	a := Ask{Kind: kind, Label: c.from.Label, URL: c.from.URL, Address: c.from.Address}
	if c.grant != nil {
		a.App, a.Title, a.Friends = c.grant.App, c.grant.Title, c.grant.Friends
	}
	return a
}

// readJSON reads the body of a request. Members that are not known are ignored.
func (c *call) readJSON(v any) error {
	d := json.NewDecoder(http.MaxBytesReader(c.w, c.r.Body, c.h.o.MaxJSON))
	if err := d.Decode(v); err != nil {
		return bodyError(err, "the request is no JSON of this kind: %w")
	}
	return nil
}

// Answer carries out what the person says to a question.
func (h *Host) Answer(ctx context.Context, id string, a Answer) error {
	return h.desk.answer(ctx, id, a)
}

// Revoke takes everything back from an origin. Its documents stay.
func (h *Host) Revoke(label string) error {
	if err := h.grants.revoke(label); err != nil {
		return err
	}
	if err := h.asked.forget(label); err != nil {
		return err
	}
	h.granted(label)
	return nil
}

// Change is what a person changes of what an app may; nil leaves it.
type Change struct {
	Granted *[]string `json:"granted,omitempty"`
	Friends *[]string `json:"friends,omitempty"`
}

// ChangeGrant changes what an origin may, among what it asked for.
func (h *Host) ChangeGrant(ctx context.Context, label string, c Change) (Grant, error) {
	var friends []string
	var err error
	if c.Friends != nil {
		if friends, err = h.friendIDs(ctx, *c.Friends); err != nil {
			return Grant{}, err
		}
	}
	g, err := h.grants.change(label, nil, func(g *Grant) error {
		if c.Granted != nil {
			for _, x := range *c.Granted {
				if !slices.Contains([]string{GrantData, GrantFriends, GrantShare}, x) {
					return fault.New(fault.Invalid, "%.40q cannot be granted", x).WithHint("there are data, friends and share")
				}
			}
			g.Granted = given(*c.Granted, *c.Granted)
			g.Asked = union(g.Asked, g.Granted)
		}
		if c.Friends != nil {
			g.Friends = friends
		}
		return nil
	})
	if err == nil {
		h.granted(label)
	}
	return g, err
}

// Unmount ends a mount of an origin.
func (h *Host) Unmount(label, id string) error {
	_, err := h.grants.change(label, nil, func(g *Grant) error {
		before := len(g.Mounts)
		g.Mounts = slices.DeleteFunc(g.Mounts, func(m Mount) bool { return m.ID == id })
		if len(g.Mounts) == before {
			return missing(id)
		}
		return nil
	})
	if err == nil {
		h.granted(label)
	}
	return err
}

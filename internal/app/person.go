package app

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/sharing"
)

// seen are the friends that an app sees, and those that it does not.
type seen struct {
	circle sharing.Circle
	secret []byte
	grant  *Grant
}

// see looks at the friends as an app does.
func (c *call) see(ctx context.Context) (*seen, error) { return c.h.see(ctx, c.grant) }

func (h *Host) see(ctx context.Context, g *Grant) (*seen, error) {
	circle, err := h.o.Sharing.Circle(ctx)
	if err != nil {
		return nil, err
	}
	s := &seen{circle: circle, grant: g}
	if len(g.Friends) > 0 && g.has(GrantFriends) {
		s.secret, err = h.o.Sharing.Handles(ctx)
	}
	return s, err
}

// sees reports whether the app sees a friend.
func (s *seen) sees(f sharing.Friend) bool {
	return s.grant.has(GrantFriends) && !f.Pending && !f.Blocked && slices.Contains(s.grant.Friends, f.ID)
}

// handle is how the app knows a friend (spec/app-api.md §4).
func (s *seen) handle(f sharing.Friend) string { return handleOf(s.secret, s.grant.App, f.ID) }

const handleOctets = 8

func handleOf(secret []byte, app, friend string) string {
	id, err := hex.DecodeString(friend)
	if err != nil {
		id = []byte(friend)
	}
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(app))
	m.Write([]byte{0})
	m.Write(id)
	return hex.EncodeToString(m.Sum(nil)[:handleOctets])
}

// find returns the friend with a handle, if the app sees them.
func (s *seen) find(handle string) (sharing.Friend, bool) {
	for _, f := range s.circle.Friends {
		if s.sees(f) && hmac.Equal([]byte(s.handle(f)), []byte(handle)) {
			return f, true
		}
	}
	return sharing.Friend{}, false
}

// shownFriend is a friend as the app is told.
type shownFriend struct {
	Friend string     `json:"friend"`
	Name   string     `json:"name"`
	Heard  *time.Time `json:"heard"`
}

// list are those that the app sees.
func (s *seen) list() []shownFriend {
	out := []shownFriend{}
	for _, f := range s.circle.Friends {
		if s.sees(f) {
			out = append(out, shownFriend{s.handle(f), f.Name, f.Heard})
		}
	}
	return out
}

// audience is who may see a document, as the app is told.
type audience struct {
	Kind    string    `json:"kind"`
	Friends *[]string `json:"friends,omitempty"`
	Others  *int      `json:"others,omitempty"`
}

// named are the names of all who are in an audience, through lists too.
func (s *seen) named(a *sharing.Audience) []string {
	names := slices.Clone(a.Friends)
	for _, l := range s.circle.Lists {
		if slices.Contains(a.Lists, l.Name) {
			names = append(names, l.Friends...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// show is an audience as the app is told.
func (s *seen) show(a *sharing.Audience) audience {
	if a == nil || a.Kind != "some" {
		kind := "nobody"
		if a != nil {
			kind = a.Kind
		}
		return audience{Kind: kind}
	}
	handles, others := []string{}, 0
	for _, name := range s.named(a) {
		if f, ok := s.byName(name); ok && s.sees(f) {
			handles = append(handles, s.handle(f))
		} else {
			others++
		}
	}
	slices.Sort(handles)
	return audience{Kind: "some", Friends: &handles, Others: &others}
}

func (s *seen) byName(name string) (sharing.Friend, bool) {
	for _, f := range s.circle.Friends {
		if f.Name == name || f.ID == name {
			return f, true
		}
	}
	return sharing.Friend{}, false
}

// friendIDs are the IDs of friends that a person named.
func (h *Host) friendIDs(ctx context.Context, names []string) ([]string, error) {
	out := []string{}
	if len(names) == 0 {
		return out, nil
	}
	circle, err := h.o.Sharing.Circle(ctx)
	if err != nil {
		return nil, err
	}
	s := &seen{circle: circle}
	for _, name := range names {
		f, ok := s.byName(name)
		if !ok {
			return nil, fault.New(fault.NotFound, "you have no friend %.60q", name).WithHint("'kith friend ls' lists them")
		}
		out = append(out, f.ID)
	}
	return out, nil
}

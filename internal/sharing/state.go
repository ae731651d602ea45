package sharing

import (
	"context"
	"time"

	"github.com/kith-web/kith/internal/library"
	"github.com/kith-web/kith/internal/person"
	"github.com/kith-web/kith/internal/seal"
)

// State is everything a page shows.
func (s *Service) State() State {
	version, _ := s.changes.now()
	st := State{
		Version: version, Devices: []Device{}, Links: []Link{}, Friends: []Friend{}, Invitations: []Invitation{},
		Lists: []List{}, Questions: []Question{}, Receipts: []Receipt{},
	}
	st.Person = Person{Relays: []Relay{}, Direct: []string{}}
	keeper := s.keeper()
	if keeper == nil {
		return st
	}
	g := keeper.Status()
	st.Person.Guard, st.Person.GuardNote, st.Person.Locked = string(g.Mode), g.Note, g.Locked
	h, err := s.home()
	if err != nil {
		st.Person.Exists = g.Locked
		return st
	}
	if err := h.fill(&st); err != nil {
		s.log.Warn("cannot tell of the person", "error", err)
	}
	return st
}

// Changed waits until State is newer than version.
func (s *Service) Changed(ctx context.Context, version uint64) (State, error) {
	if err := s.changes.after(ctx, version); err != nil {
		return State{}, err
	}
	return s.State(), nil
}

func (h *home) fill(st *State) error {
	me, err := h.person.Status()
	if err != nil {
		return err
	}
	st.Person.Exists, st.Person.Name, st.Person.Device, st.Person.PhraseUnseen = me.Exists, me.Name, me.Device, me.PhraseUnseen
	st.Person.Removed = me.Removed
	st.Person.Relays = h.shownRelays(me.Relays)
	st.Person.Direct = append(st.Person.Direct, h.places()...)
	if err := h.fillDocuments(st); err != nil {
		return err
	}
	if err := h.fillDevices(st); err != nil {
		return err
	}
	return h.fillFriends(st)
}

func (h *home) fillDocuments(st *State) error {
	called := h.names()
	stats := h.library.Stats()
	st.Person.Documents, st.Person.Octets, st.Person.Doubtful = stats.Documents, stats.Octets, stats.Doubtful
	for _, l := range h.library.Lists() {
		shown := List{Name: l.Name, Friends: []string{}}
		for _, m := range l.Members {
			shown.Friends = append(shown.Friends, called.of(m))
		}
		st.Lists = append(st.Lists, shown)
	}
	for _, d := range h.library.Deletions() {
		st.Receipts = append(st.Receipts, called.receipts(d)...)
		if len(d.Receipts) == 0 {
			st.Receipts = append(st.Receipts, settled(d))
		}
	}
	st.Questions = h.questions()
	return nil
}

// settled is a deletion whose names and paths are shredded: all have answered.
func settled(d library.Deletion) Receipt {
	r := Receipt{ID: d.Group, Paths: []string{}, State: "confirmed", Asked: time.UnixMilli(d.Asked).UTC()}
	if d.Unreachable > 0 {
		r.State = "unreachable"
	}
	r.Friends = d.Confirmed + d.Unreachable
	if d.Settled != 0 {
		at := time.UnixMilli(d.Settled).UTC()
		r.Answered = &at
	}
	return r
}

func (h *home) fillDevices(st *State) error {
	devices, err := h.person.Devices()
	if err != nil {
		return err
	}
	for _, d := range devices {
		shown := Device{ID: d.ID, Name: d.Name, This: d.This, Added: d.Added, Holds: holding(d.Holds)}
		if !d.This {
			shown.Heard = h.heard(d.Relation)
		}
		st.Devices = append(st.Devices, shown)
	}
	links, err := h.person.Links()
	for _, l := range links {
		st.Links = append(st.Links, shownLink(l))
	}
	return err
}

func (h *home) fillFriends(st *State) error {
	friends, err := h.person.Friends()
	if err != nil {
		return err
	}
	for _, f := range friends {
		st.Friends = append(st.Friends, h.shownFriend(f))
	}
	invitations, err := h.person.Invitations()
	for _, i := range invitations {
		if i.Mine {
			st.Invitations = append(st.Invitations, Invitation{ID: i.ID, Link: i.Link, Kind: "friend", For: i.For, Expires: i.Expires})
		}
	}
	return err
}

func (h *home) shownFriend(f person.Friend) Friend {
	out := Friend{
		ID: f.ID, Name: f.Name, Says: f.Says, Since: f.Since, Pending: f.Pending, Verified: f.Verified,
		Blocked: f.Blocked, Safety: f.Safety, Changed: f.Changed,
	}
	r, ok := h.person.Current(f.Handle)
	if !ok {
		return out
	}
	if status, err := h.peer.Status(r); err == nil {
		out.Direct, out.Waiting, out.Refused = status.Direct, status.Waiting, status.Refused
		if !status.Heard.IsZero() {
			out.Heard = &status.Heard
		}
	}
	return out
}

func (h *home) heard(r seal.RelationID) *time.Time {
	status, err := h.peer.Status(r)
	if err != nil || status.Heard.IsZero() {
		return nil
	}
	return &status.Heard
}

// names are what friends and devices are called, by how the library knows them.
type names map[seal.RelationID]string

func (h *home) names() names {
	n := names{}
	if friends, err := h.person.Friends(); err == nil {
		for _, f := range friends {
			n[seal.RelationID(f.Handle)] = f.Name
		}
	}
	if devices, err := h.person.Devices(); err == nil {
		for _, d := range devices {
			n[d.Relation] = d.Name
		}
	}
	return n
}

// of is what somebody is called; their ID when they are gone.
func (n names) of(id seal.RelationID) string {
	if name, ok := n[id]; ok {
		return name
	}
	return hexID(id)
}

package sharing

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/library"
	"github.com/kith-web/kith/internal/person"
	"github.com/kith-web/kith/internal/person/roster"
	"github.com/kith-web/kith/internal/seal"
)

// someone returns what is open, with a person, whom it makes where there is none:
// the first friend, document or device makes somebody of a home.
func (s *Service) someone() (*home, error) {
	h, err := s.home()
	if err != nil {
		return nil, err
	}
	st, err := h.person.Status()
	if err != nil || st.Exists {
		return h, err
	}
	return s.became(h, h.do(h.person.Create()))
}

// became opens the parts anew after the home became somebody's, or the device
// another one.
func (s *Service) became(h *home, err error) (*home, error) {
	if err != nil {
		return nil, err
	}
	if s.o.Direct == nil {
		return h, nil
	}
	if err := s.reopen(); err != nil {
		return nil, err
	}
	return s.home()
}

// Create makes a person where there is none. A name that is not empty is what
// friends are told.
func (s *Service) Create(_ context.Context, name string) error {
	h, err := s.someone()
	if err != nil || name == "" {
		return err
	}
	return h.do(h.person.SetName(name))
}

// Rename changes what friends are told.
func (s *Service) Rename(_ context.Context, name string) error {
	h, err := s.someone()
	if err != nil {
		return err
	}
	return h.do(h.person.SetName(name))
}

// Phrase returns the words of the recovery phrase, until ForgetPhrase.
func (s *Service) Phrase(context.Context) ([]string, error) {
	h, err := s.someone()
	if err != nil {
		return nil, err
	}
	words, err := h.person.Phrase()
	return strings.Fields(words), err
}

// ForgetPhrase erases it: it was written down.
func (s *Service) ForgetPhrase(context.Context) error {
	h, err := s.home()
	if err != nil {
		return err
	}
	defer s.changes.note()
	return h.person.ConfirmPhrase("")
}

// LinkDevice makes a link that a device of the person has to take.
func (s *Service) LinkDevice(_ context.Context, name string) (Invitation, error) {
	h, err := s.home()
	if err != nil {
		return Invitation{}, err
	}
	if name != "" {
		if err := h.do(h.person.SetDevice(name, nil)); err != nil {
			return Invitation{}, err
		}
	}
	l, effects, err := h.person.StartLink()
	if err := h.do(effects, err); err != nil {
		return Invitation{}, err
	}
	return Invitation{ID: l.ID, Link: l.Link, Kind: "device", Expires: l.Expires}, nil
}

// AcceptDevice takes the link that a new device shows.
func (s *Service) AcceptDevice(_ context.Context, link string) (Link, error) {
	h, err := s.someone()
	if err != nil {
		return Link{}, err
	}
	l, effects, err := h.person.AcceptLink(link)
	if err := h.do(effects, err); err != nil {
		return Link{}, err
	}
	return shownLink(l), nil
}

func shownLink(l person.Link) Link {
	return Link{ID: l.ID, New: l.New, Link: l.Link, Safety: l.Code, State: l.State, Expires: l.Expires}
}

// CancelLink gives up linking a device.
func (s *Service) CancelLink(_ context.Context, id string) error {
	h, err := s.home()
	if err != nil {
		return err
	}
	return h.do(h.person.CancelLink(id))
}

// ConfirmDevice says that both devices show the same code.
func (s *Service) ConfirmDevice(_ context.Context, id string) error {
	h, err := s.home()
	if err != nil {
		return err
	}
	return h.do(h.person.ConfirmLink(id))
}

// ChangeDevice renames this device or says what it holds: only a device itself can.
func (s *Service) ChangeDevice(_ context.Context, id, name string, holds *Holding) error {
	h, err := s.home()
	if err != nil {
		return err
	}
	st, err := h.person.Status()
	if err != nil {
		return err
	}
	if id != st.Device {
		return fault.New(fault.Forbidden, "only a device itself says what it is called and holds").
			WithHint("run the command on that device")
	}
	holding, err := holds.roster()
	if err != nil {
		return err
	}
	if err := h.do(h.person.SetDevice(name, holding)); err != nil {
		return err
	}
	return h.hold(holding)
}

// roster is what the person's other devices are told of it.
func (h *Holding) roster() (*roster.Holds, error) {
	if h == nil {
		return nil, nil
	}
	switch h.Kind {
	case "all":
		return &roster.Holds{}, nil
	case "recent":
		if h.Days <= 0 {
			return nil, fault.New(fault.Invalid, "recent documents of %d days are none", h.Days).WithHint("give a number of days")
		}
		return &roster.Holds{Days: h.Days}, nil
	case "apps":
		if len(h.Apps) == 0 {
			return nil, fault.New(fault.Invalid, "no app is named whose documents are held").WithHint("name one")
		}
		return &roster.Holds{Apps: h.Apps}, nil
	}
	return nil, fault.New(fault.Invalid, "a device cannot hold %.40q", h.Kind).WithHint("it holds all, recent or apps")
}

// holding is the way back.
func holding(h roster.Holds) Holding {
	switch {
	case len(h.Apps) > 0:
		return Holding{Kind: "apps", Apps: h.Apps}
	case h.Days > 0:
		return Holding{Kind: "recent", Days: h.Days}
	}
	return Holding{Kind: "all"}
}

// RevokeDevice shuts a device out; with the words of the phrase no device can undo
// it.
func (s *Service) RevokeDevice(_ context.Context, id string, words []string) error {
	h, err := s.home()
	if err != nil {
		return err
	}
	devices, err := h.person.Devices()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(devices, func(d person.Device) bool { return d.ID == id })
	if i < 0 {
		return fault.New(fault.NotFound, "you have no device %.40q", id).WithHint("'kith device' lists them")
	}
	return h.do(h.person.Revoke([]seal.DeviceID{devices[i].Handle}, strings.Join(words, " ")))
}

// Invite makes a link for one friend. name is what they are called here; with none
// they are called what they say. An expiry of zero is the usual one.
func (s *Service) Invite(_ context.Context, name string, expires time.Duration) (Invitation, error) {
	h, err := s.someone()
	if err != nil {
		return Invitation{}, err
	}
	i, effects, err := h.person.Invite(name, expires)
	if err := h.do(effects, err); err != nil {
		return Invitation{}, err
	}
	return Invitation{ID: i.ID, Link: i.Link, Kind: "friend", For: i.For, Expires: i.Expires}, nil
}

// CancelInvitation makes a link worthless.
func (s *Service) CancelInvitation(_ context.Context, id string) error {
	h, err := s.home()
	if err != nil {
		return err
	}
	return h.do(h.person.Cancel(id))
}

// Accept takes a friend's link.
func (s *Service) Accept(_ context.Context, link, name string) (Friend, error) {
	h, err := s.someone()
	if err != nil {
		return Friend{}, err
	}
	f, effects, err := h.person.Accept(link, name)
	if err := h.do(effects, err); err != nil {
		return Friend{}, err
	}
	return h.shownFriend(f), nil
}

// ChangeFriend changes what this person knows of a friend.
func (s *Service) ChangeFriend(_ context.Context, friend string, c FriendChange) (Friend, error) {
	h, err := s.home()
	if err != nil {
		return Friend{}, err
	}
	f, err := h.person.Find(friend)
	if err != nil {
		return Friend{}, err
	}
	effects, err := h.person.ChangeFriend(f.Handle, person.Change{Name: c.Name, Verified: c.Verified, Blocked: c.Blocked})
	if err != nil {
		return Friend{}, err
	}
	// The library first: what waited for a friend who was blocked comes at once.
	out, err := h.joint.TellLibrary()
	if err = errors.Join(err, h.do(effects, nil), h.send(out)); err != nil {
		return Friend{}, err
	}
	if f, err = h.person.Find(f.ID); err != nil {
		return Friend{}, err
	}
	return h.shownFriend(f), nil
}

// RemoveFriend ends a friendship, and says what that deleted.
func (s *Service) RemoveFriend(_ context.Context, friend string) (Removal, error) {
	h, err := s.home()
	if err != nil {
		return Removal{}, err
	}
	f, err := h.person.Find(friend)
	if err != nil {
		return Removal{}, err
	}
	removal, err := h.left(f.Handle)
	if err != nil {
		return removal, err
	}
	return removal, h.do(h.person.RemoveFriend(f.Handle))
}

// left counts what will go with a friend.
func (h *home) left(f person.FriendID) (Removal, error) {
	id := seal.RelationID(f)
	removal := Removal{Copies: len(h.copies.List(id))}
	items, err := h.library.List(library.ListOptions{})
	for _, item := range items {
		if slices.Contains(item.Audience.Friends, id) {
			removal.Audiences++
		}
	}
	return removal, err
}

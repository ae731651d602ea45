package nearby

import (
	"context"
	"crypto/rand"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/openscreen"
)

// cardProtocol is the transport on which links are handed over (spec/nearby-card.md).
const cardProtocol = "kith-card/1"

// Bounds on cards that nobody asked for.
const (
	maxCardLink   = 4096
	maxCards      = 16
	maxCardsOfOne = 2
	cardTime      = time.Hour // a card is forgotten after it
	cardSaying    = 10 * time.Second
)

// cardTaken is the octet by which a device says that its person is shown a card.
const cardTaken = 1

// Card is a link that a paired device handed over: an invitation, or the link code
// of a new device. Nothing was done with it.
type Card struct {
	ID     string    `json:"id"`
	Device string    `json:"device"`
	Name   string    `json:"name"` // of the device
	Link   string    `json:"link"` // text of somebody else
	At     time.Time `json:"at"`
}

// HandCard gives a link to the person at a device nearby, and returns when they
// are shown it. One that is not paired is paired first: code, or the prompts.
func (s *Service) HandCard(ctx context.Context, device, code, link string) error {
	if err := checkCard(link); err != nil {
		return err
	}
	t, err := s.locate(ctx, device, 0)
	if err != nil {
		return err
	}
	transport, err := s.transport(ctx, t, s.withCode(code), cardProtocol)
	if err != nil {
		if fault.KindOf(err) == fault.Forbidden {
			return fault.New(fault.Forbidden, "%q takes no invitations now", t.name).
				WithHint("its person has some to look at already, or it has an older kith; give the link in another way")
		}
		return err
	}
	defer func() { _ = transport.Close(0, "") }()
	ctx, cancel := context.WithTimeout(ctx, cardSaying)
	defer cancel()
	stream, err := transport.OpenStream(ctx)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = stream.SetDeadline(time.Now()) })
	defer stop()
	if _, err = stream.Write([]byte(link)); err == nil {
		err = stream.Close()
	}
	if err != nil {
		return err
	}
	answer, err := io.ReadAll(io.LimitReader(stream, 2))
	if err != nil || len(answer) != 1 || answer[0] != cardTaken {
		return fault.New(fault.Unreachable, "%q did not take the invitation: %w", t.name, err)
	}
	return nil
}

// takeCard takes a link from a paired device.
func (s *Service) takeCard(ctx context.Context, r *openscreen.TransportRequest) {
	f := r.Session().Peer()
	if !s.roomForCard(f) {
		_ = r.Reject()
		return
	}
	t, err := r.Accept()
	if err != nil {
		return
	}
	defer func() { _ = t.Close(0, "") }()
	ctx, cancel := context.WithTimeout(ctx, cardSaying)
	defer cancel()
	stream, err := t.AcceptStream(ctx)
	if err != nil {
		return
	}
	_ = stream.SetDeadline(time.Now().Add(cardSaying))
	link, err := io.ReadAll(io.LimitReader(stream, maxCardLink+1))
	if err == nil {
		err = checkCard(string(link))
	}
	if err != nil || !s.keepCard(f, string(link)) {
		s.o.Log.Debug("a link that was handed over is none", "error", err)
		return
	}
	if _, err := stream.Write([]byte{cardTaken}); err != nil {
		return
	}
	_ = stream.Close()
	select { // the other side closes when it has read
	case <-t.Done():
	case <-ctx.Done():
	}
}

// checkCard refuses what is no link with a fragment.
func checkCard(link string) error {
	bad := func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }
	_, fragment, _ := strings.Cut(link, "#")
	if len(link) > maxCardLink || !utf8.ValidString(link) || fragment == "" || strings.ContainsFunc(link, bad) {
		return fault.New(fault.Invalid, "%.60q is no link that invites somebody", link).
			WithHint("'kith friend invite' makes one")
	}
	return nil
}

// roomForCard reports whether one more card of a device can be shown.
func (s *Service) roomForCard(f openscreen.Fingerprint) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetCards()
	of := 0
	for _, c := range s.cards {
		if c.Device == ID(f) {
			of++
		}
	}
	return len(s.cards) < maxCards && of < maxCardsOfOne
}

// keepCard shows a card to the person. The same link is one card.
func (s *Service) keepCard(f openscreen.Fingerprint, link string) bool {
	if !s.roomForCard(f) {
		return false
	}
	entry, ok := s.book.get(f)
	if !ok {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.cards {
		if c.Link == link {
			return true
		}
	}
	s.cards = append(s.cards, Card{ID: rand.Text(), Device: ID(f), Name: entry.Name, Link: link, At: time.Now()})
	s.note()
	return true
}

// forgetCards drops cards that are too old. s.mu is held.
func (s *Service) forgetCards() {
	kept := s.cards[:0:0]
	for _, c := range s.cards {
		if time.Since(c.At) < cardTime {
			kept = append(kept, c)
		}
	}
	s.cards = kept
}

// DropCard forgets a card that the person has dealt with.
func (s *Service) DropCard(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, c := range s.cards {
		if c.ID == id {
			s.cards = append(s.cards[:i:i], s.cards[i+1:]...)
			s.note()
			return nil
		}
	}
	return fault.New(fault.NotFound, "nobody nearby handed over %.60q", id).WithHint("it may be an hour ago")
}

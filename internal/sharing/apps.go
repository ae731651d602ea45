package sharing

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/exchange"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/library"
	"github.com/kith-web/kith/internal/library/copies"
	"github.com/kith-web/kith/internal/seal"
)

// ErrGone is in the error of a question about a friend's document that there was
// and is not any more, for this person; its copy is erased.
var ErrGone = copies.ErrGone

// Circle is who a person knows.
type Circle struct {
	Friends []Friend // without what only State tells: Direct, Waiting
	Lists   []List
}

// Circle returns the friends, and the lists of them, without counting anything.
func (s *Service) Circle(context.Context) (Circle, error) {
	h, err := s.home()
	if err != nil {
		return Circle{}, err
	}
	friends, err := h.person.Friends()
	if err != nil {
		return Circle{}, err
	}
	var c Circle
	called := h.names()
	for _, f := range friends {
		c.Friends = append(c.Friends, h.shownFriend(f))
	}
	for _, l := range h.library.Lists() {
		shown := List{Name: l.Name, Friends: []string{}}
		for _, m := range l.Members {
			shown.Friends = append(shown.Friends, called.of(m))
		}
		c.Lists = append(c.Lists, shown)
	}
	return c, nil
}

// handlesKey is the record of the person's own state that has the secret of
// handles (spec/app-api.md §4.1).
const (
	handlesKey  = "handles"
	handlesSize = 32
)

type handlesRecord struct {
	Secret []byte `cbor:"1,keyasint"`
}

// Handles returns the secret by which apps know friends, the same on all devices of
// the person. The first that needs it makes it.
func (s *Service) Handles(context.Context) ([]byte, error) {
	h, err := s.someone()
	if err != nil {
		return nil, err
	}
	h.handles.Lock()
	defer h.handles.Unlock()
	kept := h.library.Records()
	var r handlesRecord
	data, err := kept.Get(handlesKey)
	if err == nil {
		if err := seal.Unmarshal(data, &r); err == nil && len(r.Secret) == handlesSize {
			return r.Secret, nil
		}
	} else if fault.KindOf(err) != fault.NotFound {
		return nil, err
	}
	r.Secret = make([]byte, handlesSize)
	if _, err := io.ReadFull(s.o.Rand, r.Secret); err != nil {
		return nil, err
	}
	if data, err = seal.Marshal(r); err != nil {
		return nil, err
	}
	out, err := kept.Put(map[string][]byte{handlesKey: data}, nil)
	if err != nil {
		return nil, err
	}
	return r.Secret, h.send(out)
}

// Copy opens what a friend sent before, of an app's documents, and asks nobody;
// fault.NotFound when there is nothing, or its lease is over.
func (s *Service) Copy(_ context.Context, friend, app, path string) (*Answer, error) {
	h, err := s.home()
	if err != nil {
		return nil, err
	}
	f, err := h.person.Find(friend)
	if err != nil {
		return nil, err
	}
	copied, body, ok := h.copies.Lookup(seal.RelationID(f.Handle), library.PublicPath(app, strings.TrimPrefix(path, "/")))
	if !ok {
		return nil, fault.New(fault.NotFound, "nothing of %.200q is kept here", path).WithHint("ask for it")
	}
	a := answerOf(copied, body)
	a.Stale = !copied.IsFresh(time.Now())
	return a, nil
}

// answerOf is what is told of a copy.
func answerOf(c copies.Copy, body Body) *Answer {
	modified, err := time.Parse(time.RFC1123, c.Header["last-modified"])
	if err != nil {
		modified = time.Time{}
	}
	return &Answer{
		ETag: c.ETag(), Type: c.Type(), Size: c.Size, Modified: modified, Body: body,
		Until: time.UnixMilli(c.Lease).UTC(), Fetched: time.UnixMilli(c.Fetched).UTC(), Fresh: time.UnixMilli(c.Fresh).UTC(),
	}
}

// AskState is what became of a question.
type AskState string

// The states of a question. One that is not open any more was answered to somebody
// else, or its time was over.
const (
	AskWaits   AskState = "waiting"
	AskArrived AskState = "arrived" // there is a copy
	AskMissing AskState = "missing" // there is nothing for this person
	AskGone    AskState = "gone"    // there is nothing any more
	AskClosed  AskState = "closed"
)

// Asked says what became of a question, and takes the answer when there is one.
func (s *Service) Asked(ctx context.Context, id string) (AskState, error) {
	h, err := s.home()
	if err != nil {
		return AskClosed, err
	}
	open := h.question(id)
	switch {
	case open == nil:
		return AskClosed, nil
	case open.Response == nil:
		return AskWaits, nil
	}
	path := strings.TrimPrefix(open.Request.Path, "/")
	a, err := h.get(ctx, friendAsker{h: h, until: time.Now()}, h.stable(open.To), path, true)
	switch {
	case err == nil && a.Pending != "":
		return AskWaits, nil
	case err == nil:
		return AskArrived, a.Body.Close()
	case errors.Is(err, ErrGone):
		return AskGone, nil
	case fault.KindOf(err) == fault.NotFound:
		return AskMissing, nil
	}
	return AskClosed, err
}

// Withdraw gives a question up; one that is not open any more is given up already.
func (s *Service) Withdraw(_ context.Context, id string) error {
	h, err := s.home()
	if err != nil {
		return err
	}
	open := h.question(id)
	if open == nil {
		return nil
	}
	defer s.changes.note()
	return h.peer.Cancel(open.ID)
}

// question finds an open question to a friend; nil for none.
func (h *home) question(id string) *exchange.Asked {
	all := h.peer.Asked()
	i := slices.IndexFunc(all, func(a exchange.Asked) bool { return hex.EncodeToString(a.ID[:]) == id })
	if i < 0 {
		return nil
	}
	return &all[i]
}

// Await waits until State is newer than version, without making it, and returns its
// version.
func (s *Service) Await(ctx context.Context, version uint64) (uint64, error) {
	if err := s.changes.after(ctx, version); err != nil {
		return version, err
	}
	now, _ := s.changes.now()
	return now, nil
}

// Held says how much a person has of an app; of "", files of no app.
type Held struct {
	App       string `json:"app"`
	Documents int    `json:"documents"`
	Octets    int64  `json:"octets"`
}

// Held returns the apps that have documents.
func (s *Service) Held(context.Context) ([]Held, error) {
	h, err := s.home()
	if err != nil {
		return nil, err
	}
	out := []Held{}
	for _, x := range h.library.Apps() {
		out = append(out, Held(x))
	}
	return out, nil
}

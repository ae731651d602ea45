package sharing

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/exchange"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/library"
	"github.com/kith-web/kith/internal/seal"
	"github.com/kith-web/kith/internal/sharing/joint"
)

// ownWait is how long another own device is waited for.
const ownWait = time.Minute

// pending is the error for a question that nobody has answered yet.
type pending struct{ id seal.MessageID }

func (p pending) Error() string { return "nobody has answered yet" }

// Ask asks a friend for what is at a path, or takes the copy of it while it is
// fresh. A question without an answer in time stays open; the same question again
// waits for the same answer.
func (s *Service) Ask(ctx context.Context, a Ask) (*Answer, error) {
	h, err := s.home()
	if err != nil {
		return nil, err
	}
	f, err := h.person.Find(a.Friend)
	if err != nil {
		return nil, err
	}
	if f.Pending {
		return nil, fault.New(fault.Conflict, "%s has not accepted yet", f.Name).
			WithHint("ask again when a device of theirs was online")
	}
	path, query, _ := strings.Cut(strings.TrimPrefix(a.Path, "/"), "?")
	if a.App != "" {
		path = library.PublicPath(a.App, path)
	}
	if query != "" {
		path += "?" + query
	}
	return h.get(ctx, friendAsker{h: h, until: time.Now().Add(a.Wait)}, seal.RelationID(f.Handle), path, a.Fresh)
}

// get takes a copy, or asks for one.
func (h *home) get(ctx context.Context, by friendAsker, friend seal.RelationID, path string, again bool) (*Answer, error) {
	var answered bool
	var waits string
	by.answered, by.open = &answered, &waits
	copied, body, err := h.copies.Get(ctx, by, friend, path, again)
	if waits != "" {
		h.s.changes.note()
	}
	var open pending
	if errors.As(err, &open) {
		return &Answer{Pending: waits}, nil
	}
	if err != nil {
		return nil, err
	}
	a := answerOf(copied, body)
	a.Stale, a.Open = !answered && !copied.IsFresh(time.Now()), waits
	return a, nil
}

// Question looks whether a question was answered.
func (s *Service) Question(ctx context.Context, id string) (*Answer, error) {
	h, err := s.home()
	if err != nil {
		return nil, err
	}
	for _, a := range h.peer.Asked() {
		if hex.EncodeToString(a.ID[:]) == id {
			return h.get(ctx, friendAsker{h: h, until: time.Now()}, h.stable(a.To), strings.TrimPrefix(a.Request.Path, "/"), false)
		}
	}
	return nil, fault.New(fault.NotFound, "there is no question %.40q", id).
		WithHint("it was answered and taken, or its time is over: ask again")
}

// Forget erases the copy of what a friend sent, of a folder with a slash at its
// end, or with no path all of it. Asking again is allowed at any time.
func (s *Service) Forget(_ context.Context, friend, path string) error {
	h, err := s.home()
	if err != nil {
		return err
	}
	f, err := h.person.Find(friend)
	if err != nil {
		return err
	}
	defer s.changes.note()
	if path = strings.TrimPrefix(path, "/"); path == "" {
		_, err = h.copies.EraseFriend(seal.RelationID(f.Handle))
	} else {
		_, err = h.copies.Erase(seal.RelationID(f.Handle), path)
	}
	return err
}

// friendAsker asks a friend, by the question that is open already if there is one.
type friendAsker struct {
	h        *home
	until    time.Time
	answered *bool   // set when the friend answered
	open     *string // set to the question that nobody has answered
}

// Ask implements copies.Asker.
func (t friendAsker) Ask(ctx context.Context, to seal.RelationID, r seal.Request) (*seal.Reply, error) {
	reply, err := t.ask(ctx, to, r)
	*t.answered = *t.answered || err == nil
	var waits pending
	if errors.As(err, &waits) {
		*t.open = hex.EncodeToString(waits.id[:])
	}
	return reply, err
}

func (t friendAsker) ask(ctx context.Context, to seal.RelationID, r seal.Request) (*seal.Reply, error) {
	wait := max(time.Until(t.until), 0)
	r.Header = notEmpty(r.Header)
	relation := t.h.current(to)
	for _, open := range t.h.peer.Asked() {
		if open.To == relation && joint.SameRequest(open.Request, r) {
			return t.h.answered(t.h.peer.Answer(ctx, open.ID, wait))
		}
	}
	return t.h.answered(t.h.peer.Ask(ctx, relation, r, exchange.AskOptions{Wait: wait}))
}

func notEmpty(h map[string]string) map[string]string {
	if len(h) == 0 {
		return nil
	}
	return h
}

func (h *home) answered(a exchange.Answered, err error) (*seal.Reply, error) {
	if err == nil && a.Reply == nil {
		err = pending{a.ID}
	}
	return a.Reply, err
}

// ask asks an own device and waits.
func (h *home) ask(ctx context.Context, to seal.RelationID, r seal.Request) (*seal.Reply, error) {
	a, err := h.peer.Ask(ctx, to, r, exchange.AskOptions{Wait: ownWait, For: ownWait, Once: true})
	if err == nil && a.Reply == nil {
		err = fault.New(fault.Unreachable, "your other device has not answered")
	}
	return a.Reply, err
}

// questions are those that friends have not answered, or whose answer nobody took.
func (h *home) questions() []Question {
	list := []Question{}
	called := h.names()
	for _, a := range h.peer.Asked() {
		if r, ok := h.person.Relation(a.To); !ok || r.Kind != seal.Friend {
			continue
		}
		q := Question{
			ID: hex.EncodeToString(a.ID[:]), Friend: called.of(h.stable(a.To)), Path: cmp.Or(a.Request.Path, "/"),
			Asked: a.Made.UTC(), State: "waiting", Sent: a.Sent,
		}
		if a.Response != nil {
			q.State, q.Status = "answered", a.Response.Status
		}
		list = append(list, q)
	}
	return list
}

func hexID(id seal.RelationID) string { return hex.EncodeToString(id[:]) }

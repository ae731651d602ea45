package app

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/sharing"
)

// request is a question of an app that a friend did not answer in time.
type request struct {
	ID       string           `json:"id"`
	Label    string           `json:"label"`
	Friend   string           `json:"friend"`
	Handle   string           `json:"handle,omitempty"`
	App      string           `json:"app,omitempty"`
	Path     string           `json:"path"`
	Shown    string           `json:"shown"`
	Question string           `json:"question"`
	State    sharing.AskState `json:"state"`
	Made     time.Time        `json:"made"`
}

// shownRequest is one as the app is told.
type shownRequest struct {
	ID     string `json:"id"`
	Friend string `json:"friend,omitempty"`
	Path   string `json:"path"`
	State  string `json:"state"`
}

func (r request) shown() shownRequest {
	state := string(r.State)
	if r.State == sharing.AskClosed {
		state = "expired"
	}
	return shownRequest{ID: r.ID, Friend: r.Handle, Path: r.Shown, State: state}
}

// requests are those of all origins, kept durably.
type requests struct {
	store Bucket
	most  int

	mu  sync.Mutex
	all []request // in the order in which they were made
}

const requestKey = "request/"

func openRequests(store Bucket, most int) (*requests, error) {
	q := &requests{store: store, most: most}
	err := store.Each(requestKey, func(key string, value []byte) error {
		var r request
		if err := json.Unmarshal(value, &r); err != nil {
			return fault.New(fault.Corrupt, "the request %q cannot be read: %w", key, err)
		}
		q.all = append(q.all, r)
		return nil
	})
	slices.SortStableFunc(q.all, func(a, b request) int { return a.Made.Compare(b.Made) })
	return q, err
}

// find returns those of an origin that f takes.
func (q *requests) find(label string, f func(request) bool) []request {
	q.mu.Lock()
	defer q.mu.Unlock()
	var out []request
	for _, r := range q.all {
		if r.Label == label && f(r) {
			out = append(out, r)
		}
	}
	return out
}

func (q *requests) get(label, id string) (request, bool) {
	found := q.find(label, func(r request) bool { return r.ID == id })
	if len(found) == 0 {
		return request{}, false
	}
	return found[0], true
}

// set keeps a request; the oldest of an origin that has too many goes.
func (q *requests) set(r request) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := slices.IndexFunc(q.all, func(x request) bool { return x.ID == r.ID }); i >= 0 {
		q.all[i] = r
		return q.store.Put(requestKey+r.ID, data)
	}
	of, oldest := 0, -1
	for i, x := range q.all {
		if x.Label == r.Label {
			if of++; oldest < 0 {
				oldest = i
			}
		}
	}
	if of >= q.most {
		if err := q.drop(oldest); err != nil {
			return err
		}
	}
	q.all = append(q.all, r)
	return q.store.Put(requestKey+r.ID, data)
}

func (q *requests) drop(i int) error {
	if err := q.store.Delete(requestKey + q.all[i].ID); err != nil {
		return err
	}
	q.all = slices.Delete(q.all, i, i+1)
	return nil
}

func (q *requests) remove(id string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := slices.IndexFunc(q.all, func(x request) bool { return x.ID == id }); i >= 0 {
		return q.drop(i)
	}
	return nil
}

// forget drops all of an origin.
func (q *requests) forget(label string) error {
	for _, r := range q.find(label, func(request) bool { return true }) {
		if err := q.remove(r.ID); err != nil {
			return err
		}
	}
	return nil
}

// pending answers that nobody has answered yet. The same question is the same
// request.
func (c *call) pending(at friendPlace, question string) error {
	same := c.h.asked.find(c.from.Label, func(r request) bool {
		return r.Question == question && r.Shown == at.shown && r.Handle == at.handle && r.State == sharing.AskWaits
	})
	r := request{
		ID: strings.ToLower(rand.Text()), Label: c.from.Label, Friend: at.friend, Handle: at.handle, App: at.app, Path: at.path, Shown: at.shown,
		Question: question, State: sharing.AskWaits, Made: c.h.o.Now().UTC(),
	}
	if len(same) > 0 {
		r = same[0]
	} else if err := c.h.asked.set(r); err != nil {
		return err
	}
	c.w.Header().Set("Location", prefix+"requests/"+r.ID)
	c.w.Header().Set("Retry-After", "5")
	answer(c.w, c.r, http.StatusAccepted, r.shown())
	return nil
}

// requests serves /.kith/requests/<id>.
func (c *call) requests(id string) error {
	return c.only(map[string]func() error{
		"GET": func() error {
			r, err := c.request(id)
			if err != nil {
				return err
			}
			answer(c.w, c.r, http.StatusOK, c.h.look(c.r.Context(), r).shown())
			return nil
		},
		"DELETE": func() error {
			r, err := c.request(id)
			if err == nil && r.State == sharing.AskWaits {
				err = c.h.withdraw(c.r.Context(), r)
			}
			if err == nil {
				err = c.h.asked.remove(r.ID)
			}
			if err != nil {
				return err
			}
			c.empty(http.StatusNoContent)
			return nil
		},
	})
}

// request finds one of this origin, about a friend whom the app still sees.
func (c *call) request(id string) (request, error) {
	r, ok := c.h.asked.get(c.from.Label, id)
	if !ok {
		return r, missing(id)
	}
	if r.Handle == "" {
		return r, nil
	}
	s, err := c.see(c.r.Context())
	if err != nil {
		return r, c.about(id, err)
	}
	if _, ok := s.find(r.Handle); !ok {
		return r, missing(id)
	}
	return r, nil
}

// withdraw gives a question up, unless another request waits for it.
func (h *Host) withdraw(ctx context.Context, r request) error {
	for _, g := range h.grants.list() {
		others := h.asked.find(g.Label, func(x request) bool { return x.Question == r.Question && x.ID != r.ID && x.State == sharing.AskWaits })
		if len(others) > 0 {
			return nil
		}
	}
	return h.o.Sharing.Withdraw(ctx, r.Question)
}

// look sees what became of a request, and tells the app's pages when that is new.
func (h *Host) look(ctx context.Context, r request) request {
	if r.State != sharing.AskWaits {
		return r
	}
	state, err := h.o.Sharing.Asked(ctx, r.Question)
	if err != nil {
		h.o.Log.Debug("a friend's answer was not taken", "error", err)
		return r
	}
	if state == sharing.AskClosed { // somebody else took the answer, or its time is over
		if a, err := h.o.Sharing.Copy(ctx, r.Friend, r.App, friendPath(r.Path)); err == nil {
			_ = a.Body.Close() // it was only looked for
			state = sharing.AskArrived
		}
	}
	return h.became(r, state)
}

// became notes a new state.
func (h *Host) became(r request, state sharing.AskState) request {
	if r.State == state || state == sharing.AskWaits {
		return r
	}
	r.State = state
	if err := h.asked.set(r); err != nil {
		h.o.Log.Warn("what became of a request cannot be kept", "error", err)
	}
	h.hubs.tell(r.Label, "request", r.shown())
	return r
}

// settle notes what a new answer says about requests for the same.
func (h *Host) settle(label string, at friendPlace, state sharing.AskState) {
	for _, r := range h.asked.find(label, func(r request) bool {
		return r.State == sharing.AskWaits && r.Friend == at.friend && r.App == at.app && r.Path == at.path
	}) {
		h.became(r, state)
	}
}

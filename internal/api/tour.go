package api

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sync"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/publish"
	"github.com/kith-web/kith/internal/sharing"
)

// Tour is how far somebody has come who has just begun.
type Tour struct {
	// New says that this home has not been used, and the tour not been seen.
	New bool `json:"new"`
	// Closed says that it was ended; it can be opened again.
	Closed bool `json:"closed"`
	// Steps come in their order, Examples are what they show.
	Steps    []TourStep `json:"steps"`
	Examples []Example  `json:"examples"`
}

// TourStep is one thing to try.
type TourStep struct {
	// ID is "meet", "site", "app", "friend" or "send".
	ID string `json:"id"`
	// State is "open", "done" or "skipped". What was done stays done.
	State string `json:"state"`
}

// States of a step.
const (
	StepOpen    = "open"
	StepDone    = "done"
	StepSkipped = "skipped"
)

// TourChange is what the person says of the tour; nil leaves it.
type TourChange struct {
	// Seen says that it was opened, Closed that it was ended or is opened again.
	Seen   *bool `json:"seen,omitempty"`
	Closed *bool `json:"closed,omitempty"`
	// Step gets State; one that was done stays so.
	Step  string `json:"step,omitempty"`
	State string `json:"state,omitempty"`
}

// steps are the IDs of the steps, in their order.
func steps() []string { return []string{"meet", "site", "app", "friend", "send"} }

// tourRecord is what is kept of the tour.
type tourRecord struct {
	Seen   bool              `json:"seen"`
	Closed bool              `json:"closed"`
	Steps  map[string]string `json:"steps"` // without those that are open
}

// tourKey is the key of the record.
const tourKey = "state"

// tour keeps the record and knows what has happened.
type tour struct {
	s       *Server
	records Records // nil forgets at the end

	publishing sync.Mutex // one example at a time

	mu  sync.Mutex
	now tourRecord
}

func newTour(s *Server) (*tour, error) {
	t := &tour{s: s, records: s.o.Tour, now: tourRecord{Steps: map[string]string{}}}
	if t.records == nil {
		return t, nil
	}
	err := t.records.Each(tourKey, func(_ string, value []byte) error { return json.Unmarshal(value, &t.now) })
	if err != nil {
		return nil, fault.New(fault.Corrupt, "what is kept of the tour cannot be read: %w", err)
	}
	if t.now.Steps == nil {
		t.now.Steps = map[string]string{}
	}
	return t, nil
}

// keep writes the record; the lock is held.
func (t *tour) keep() error {
	if t.records == nil {
		return nil
	}
	data, err := json.Marshal(t.now)
	if err != nil {
		return err
	}
	return t.records.Apply(map[string][]byte{tourKey: data}, nil)
}

// happened says whether what a step is about has happened, by what there is.
func (t *tour) happened(ctx context.Context, step string, publications []publish.Publication) bool {
	switch step {
	case "site":
		return slices.ContainsFunc(publications, func(p publish.Publication) bool { return p.Folder == t.folder(exampleSite) })
	case "app":
		return t.s.appWrote(ctx)
	case "friend":
		if t.s.o.Sharing == nil {
			return false
		}
		st := t.s.o.Sharing.State()
		return len(st.Friends)+len(st.Invitations) > 0 || len(st.Devices) > 1
	case "send":
		return t.s.sentNearby()
	}
	return false
}

// appWrote says whether an app keeps a document.
func (s *Server) appWrote(ctx context.Context) bool {
	if s.o.Sharing == nil {
		return false
	}
	st := s.o.Sharing.State()
	if !st.Person.Exists || st.Person.Locked || st.Person.Documents == 0 {
		return false
	}
	held, err := s.o.Sharing.Held(ctx)
	return err == nil && slices.ContainsFunc(held, func(h sharing.Held) bool { return h.App != "" })
}

// sentNearby says whether files went to or came from a device.
func (s *Server) sentNearby() bool {
	if s.o.Nearby == nil {
		return false
	}
	for _, t := range s.o.Nearby.Service.State().Transfers {
		if t.Ended != nil && t.Error == nil {
			return true
		}
	}
	return false
}

// look says how far things are, and keeps what has happened since.
func (t *tour) look(ctx context.Context) (Tour, error) {
	var publications []publish.Publication
	if t.s.o.Publisher != nil {
		all, err := t.s.o.Publisher.Publications()
		if err != nil {
			return Tour{}, err
		}
		publications = all
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	out := Tour{Closed: t.now.Closed, Steps: []TourStep{}, Examples: t.examples(publications)}
	changed := false
	for _, id := range steps() {
		if t.now.Steps[id] != StepDone && t.happened(ctx, id, publications) {
			t.now.Steps[id], changed = StepDone, true
		}
		step := TourStep{ID: id, State: t.now.Steps[id]}
		if step.State == "" {
			step.State = StepOpen
		}
		out.Steps = append(out.Steps, step)
	}
	out.New = !t.now.Seen && !t.now.Closed && len(publications) == 0 && len(t.s.o.Sites.Sites()) == 0 && len(t.now.Steps) == 0 && !t.s.hasPerson()
	if changed {
		return out, t.keep()
	}
	return out, nil
}

func (t *tour) closed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.now.Closed
}

// hasPerson says whether somebody has begun with friends and documents here.
func (s *Server) hasPerson() bool {
	if s.o.Sharing == nil {
		return false
	}
	p := s.o.Sharing.State().Person
	return p.Exists || p.Locked
}

// change does what the person says.
func (t *tour) change(c TourChange) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c.Seen != nil {
		t.now.Seen = *c.Seen
	}
	if c.Closed != nil {
		t.now.Closed = *c.Closed
	}
	if c.Step != "" {
		if !slices.Contains(steps(), c.Step) {
			return fault.New(fault.Invalid, "the tour has no step %.40q", c.Step)
		}
		switch c.State {
		case StepOpen:
			delete(t.now.Steps, c.Step)
		case StepDone, StepSkipped:
			if t.now.Steps[c.Step] != StepDone {
				t.now.Steps[c.Step] = c.State
			}
		default:
			return fault.New(fault.Invalid, "%.40q is no state of a step; there are open, done and skipped", c.State)
		}
	}
	return t.keep()
}

// The routes of the tour. Its state is also the data of the event "tour".
//
//	GET    /api/v1/tour                   Tour
//	PATCH  /api/v1/tour                   TourChange → Tour
//	POST   /api/v1/tour/examples/{name}   unpacks and publishes an example → Example
//	DELETE /api/v1/tour/examples/{name}   removes it, with its folder
func (s *Server) tourRoutes(mux *table) {
	mux.HandleFunc("GET /api/v1/tour", s.getTour)
	mux.HandleFunc("PATCH /api/v1/tour", s.patchTour)
	mux.HandleFunc("POST /api/v1/tour/examples/{name}", s.postExample)
	mux.HandleFunc("DELETE /api/v1/tour/examples/{name}", s.deleteExample)
}

func (s *Server) getTour(w http.ResponseWriter, r *http.Request) {
	t, err := s.tour.look(r.Context())
	answer(w, t, err)
}

func (s *Server) patchTour(w http.ResponseWriter, r *http.Request) {
	var c TourChange
	err := decode(w, r, s.o.MaxBody, &c)
	if err == nil {
		err = s.tour.change(c)
	}
	if err != nil {
		fail(w, err)
		return
	}
	s.getTour(w, r)
}

// sendTour tells a stream of events how far things are, until the tour is closed.
func (s *Server) sendTour(ctx context.Context, stream *eventStream, last *change) error {
	if last.last != nil && s.tour.closed() {
		return nil
	}
	t, err := s.tour.look(ctx)
	if err != nil {
		s.o.Log.Warn("cannot tell of the tour", "error", err)
		return nil
	}
	return last.send(stream, t)
}

package nearby

import (
	"context"
	"crypto/rand"
	"path/filepath"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/nearby/transfer"
	"github.com/kith-web/kith/internal/openscreen"
)

// Reception is how files are taken while somebody waits for them.
type Reception struct {
	// Into is the folder for the files; "" is the usual one.
	Into string `json:"into,omitempty"`
	// Code is what a device that is not paired has to know; "" draws one and
	// shows it in a prompt.
	Code string `json:"code,omitempty"`
	// Yes takes files of paired devices without a question.
	Yes bool `json:"yes,omitempty"`
	// Overwrite replaces files of the same name.
	Overwrite bool `json:"overwrite,omitempty"`
	// Once ends the reception with the first offer, unless its sender goes away.
	Once bool `json:"once,omitempty"`
}

// reception is a Reception that is on.
type reception struct {
	Reception
	id    string
	taken bool // Once is over
}

// StartReceiving lets files in until StopReceiving, or, with Once, until an offer
// came.
func (s *Service) StartReceiving(r Reception) (id string, err error) {
	if r.Code != "" {
		if _, err := openscreen.ParseCode(r.Code); err != nil {
			return "", err
		}
	}
	if r.Into != "" {
		if r.Into, err = filepath.Abs(r.Into); err != nil {
			return "", err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.receptions {
		if other.Code != "" && r.Code != "" && !other.taken {
			return "", fault.New(fault.InUse, "another 'kith nearby receive' waits with a code of its own").
				WithHint("end it first")
		}
	}
	id = rand.Text()
	s.receptions[id] = &reception{Reception: r, id: id}
	if err := s.agent.SetAdvertising(true); err != nil {
		s.o.Log.Warn("this device cannot announce itself", "error", err)
	}
	s.note()
	return id, nil
}

// StopReceiving ends a reception. What is under way goes on.
func (s *Service) StopReceiving(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.receptions, id)
	if len(s.receptions) == 0 && !s.o.Advertise {
		_ = s.agent.SetAdvertising(false) // the network is told when the agent closes
	}
	s.note()
}

// takes says how an offer is taken: by the reception that is on, or as the node
// was configured.
func (s *Service) takes() (r reception, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, on := range s.receptions {
		if on.taken {
			continue
		}
		on.taken = on.Once
		r = *on
		if r.Into == "" {
			r.Into = s.o.Dir
		}
		return r, true
	}
	return reception{Reception: Reception{Into: s.o.Dir}}, s.o.Receive
}

// takeAgain has a reception go on that was to be over with an offer, because its
// sender went away.
func (s *Service) takeAgain(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.receptions[id]; r != nil {
		r.taken = false
	}
}

// maxDeviceOffers is how many offers of one device may be read, or wait for an
// answer: their lists take memory.
const maxDeviceOffers = 4

// enterOffer counts an offer of a device until leave is called, unless it has too
// many.
func (s *Service) enterOffer(f openscreen.Fingerprint) (leave func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.offering[f] >= maxDeviceOffers {
		return nil, false
	}
	s.offering[f]++
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.offering[f]--; s.offering[f] == 0 {
			delete(s.offering, f)
		}
	}), true
}

// pending is an Offer, and where the answer goes.
type pending struct {
	Offer
	answer chan Answered // of one
}

// Answered is what a person says to an offer.
type Answered struct {
	Accept bool `json:"accept"`
	// Into is another folder; Skip the numbers of files that are not wanted.
	Into      string `json:"into,omitempty"`
	Skip      []int  `json:"skip,omitempty"`
	Overwrite bool   `json:"overwrite,omitempty"`
}

// takeOffer takes files that a paired device wants to send.
func (s *Service) takeOffer(ctx context.Context, r *openscreen.TransportRequest) {
	peer := r.Session().Peer()
	entry, ok := s.book.get(peer)
	if !ok {
		_ = r.Reject()
		return
	}
	leave, ok := s.enterOffer(peer)
	if !ok {
		_ = r.Reject()
		return
	}
	defer leave()
	how, open := s.takes()
	if !open {
		_ = r.Reject()
		return
	}
	transport, err := r.Accept()
	if err != nil {
		return
	}
	o, err := transfer.Receive(ctx, fileSession{transport}, s.o.MaxFiles)
	if err != nil {
		s.o.Log.Info("an offer of files could not be read", "device", entry.Name, "error", err)
		return
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	t, err := s.begin(Transfer{
		Direction: Receiving, Device: ID(peer), Name: entry.Name, Files: len(o.Files), Top: topNames(o.Files), Into: how.Into,
		Progress: transfer.Progress{State: transfer.StateOffered, Total: o.Total},
	}, cancel)
	if err != nil {
		_ = o.Decline(transfer.Failed)
		return
	}
	stop := context.AfterFunc(transport.Context(), func() { cancel(nil) })
	a := Answered{Accept: true, Overwrite: how.Overwrite}
	if !how.Yes && !entry.Trusted {
		a, err = s.ask(ctx, o, entry, how.Reception)
	}
	stop()
	leave()
	if a.Into != "" {
		how.Into = a.Into
	}
	s.finishOffer(ctx, t, o, a, how, err)
}

func (s *Service) finishOffer(ctx context.Context, t *running, o *transfer.Offer, a Answered, how reception, err error) {
	if err != nil || !a.Accept {
		_ = o.Decline(transfer.Declined)
		if err == nil {
			err = fault.New(fault.Forbidden, "the files were declined")
		}
		s.end(t, transfer.Result{}, err)
		s.setState(t, transfer.StateDeclined)
		return
	}
	s.mu.Lock()
	t.Into = how.Into
	s.mu.Unlock()
	result, err := o.Accept(ctx, transfer.AcceptOptions{
		Dir: how.Into, Overwrite: a.Overwrite, Skip: a.Skip, MaxSize: s.o.MaxReceive, Bulk: s.bulk, Log: s.o.Log,
		Watch: func(p transfer.Progress) { s.progress(t, p) },
	})
	if wentAway(err) {
		s.takeAgain(how.id)
	}
	s.end(t, result, err)
}

func (s *Service) setState(t *running, state transfer.State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t.State = state
	s.note()
}

// ask shows an offer and waits for the answer.
func (s *Service) ask(ctx context.Context, o *transfer.Offer, e Entry, how Reception) (Answered, error) {
	p := &pending{answer: make(chan Answered, 1), Offer: Offer{
		ID: rand.Text(), Device: ID(e.Fingerprint), Name: e.Name, Files: o.Files[:min(len(o.Files), shownFiles)],
		Count: len(o.Files), Total: o.Total, At: time.Now(), Into: how.Into,
	}}
	s.mu.Lock()
	if len(s.offers) >= s.o.MaxOffers {
		s.mu.Unlock()
		return Answered{}, fault.New(fault.RateLimited, "%d offers wait for an answer already", s.o.MaxOffers)
	}
	s.offers[p.ID] = p
	s.note()
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.offers, p.ID)
		s.note()
	}()
	select {
	case a := <-p.answer:
		return a, nil
	case <-ctx.Done():
		if err := s.ctx.Err(); err != nil {
			return Answered{}, err
		}
		return Answered{}, fault.New(fault.Unreachable, "%q took its offer back", e.Name)
	}
}

// AnswerOffer accepts or declines an offer.
func (s *Service) AnswerOffer(id string, a Answered) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.offers[id]
	if p == nil {
		return fault.New(fault.NotFound, "this offer does not wait any more")
	}
	if a.Into != "" && !filepath.IsAbs(a.Into) {
		return fault.New(fault.Invalid, "%.200q is not the whole path of a folder", a.Into)
	}
	delete(s.offers, id)
	s.note()
	p.answer <- a
	return nil
}

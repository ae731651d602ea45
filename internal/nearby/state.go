package nearby

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/nearby/transfer"
	"github.com/kith-web/kith/internal/openscreen"
)

// State is everything that a person may see of the devices around, at one
// moment.
type State struct {
	// Version grows with every change.
	Version uint64 `json:"version"`
	// Name is what this device calls itself, ID what it is to others in URLs.
	Name        string `json:"name"`
	ID          string `json:"id"`
	Fingerprint string `json:"fingerprint"`
	// Devices are those that are paired or near, the near ones first.
	Devices []Device `json:"devices"`
	// Prompts are codes to show or to type.
	Prompts []Prompt `json:"prompts"`
	// Offers wait for an answer.
	Offers []Offer `json:"offers"`
	// Transfers are under way, or ended lately.
	Transfers []Transfer `json:"transfers"`
	// Cards are links that devices handed over, the oldest first.
	Cards []Card `json:"cards"`
	// Warnings tell of devices that were turned away.
	Warnings []Warning `json:"warnings"`
}

// Device is one that is paired, or near, or both.
type Device struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Given       string `json:"given,omitempty"`
	Fingerprint string `json:"fingerprint"`
	// Near says that it announces itself on this network or has a session.
	Near   bool       `json:"near"`
	Paired *time.Time `json:"paired,omitempty"`
	// Trusted says that its files are taken without a question.
	Trusted bool `json:"trusted"`
	// Suspicious says that two devices claim to be this one.
	Suspicious bool     `json:"suspicious,omitempty"`
	Addrs      []string `json:"addrs,omitempty"`
}

// Prompt is a code that a person has to do with.
type Prompt struct {
	ID string `json:"id"`
	// Kind is "show" for a code to read out, "ask" for one to type.
	Kind string `json:"kind"`
	// Code and QR are what to show, for people and for cameras.
	Code string `json:"code,omitempty"`
	QR   string `json:"qr,omitempty"`
	// Device is who wants to be paired: text of a stranger.
	Device      string `json:"device"`
	Fingerprint string `json:"fingerprint"`
	Addr        string `json:"addr,omitempty"`
}

// Offer is files that a device wants to send.
type Offer struct {
	ID     string          `json:"id"`
	Device string          `json:"device"`
	Name   string          `json:"name"`
	Files  []transfer.File `json:"files"`
	Count  int             `json:"count"`
	Total  int64           `json:"total"`
	At     time.Time       `json:"at"`
	// Into is where the files would go.
	Into string `json:"into"`
}

// shownFiles is how many of an offer's files a State lists.
const shownFiles = 100

// Directions of a transfer.
const (
	Sending   = "send"
	Receiving = "receive"
)

// Transfer is files on their way to or from one device.
type Transfer struct {
	ID string `json:"id"`
	// Batch is equal for those that one command began.
	Batch     string    `json:"batch"`
	Direction string    `json:"direction"`
	Device    string    `json:"device,omitempty"`
	Name      string    `json:"name"`
	Files     int       `json:"files"`
	Top       []string  `json:"top"`
	Into      string    `json:"into,omitempty"`
	Started   time.Time `json:"started"`
	transfer.Progress
	// Rate is in bytes a second, Left in seconds; 0 when unknown.
	Rate int64 `json:"rate"`
	Left int64 `json:"left"`
	// Ended is when; Result and Error say how.
	Ended  *time.Time       `json:"ended,omitempty"`
	Result *transfer.Result `json:"result,omitempty"`
	Error  *Problem         `json:"error,omitempty"`
}

// Problem is an error as the API writes it.
type Problem struct {
	Kind    fault.Kind `json:"kind"`
	Message string     `json:"message"`
	Hint    string     `json:"hint,omitempty"`
}

// Err makes an error of it again.
func (p *Problem) Err() error {
	if p == nil {
		return nil
	}
	return &fault.Error{Kind: p.Kind, Message: p.Message, Hint: p.Hint}
}

func problem(err error) *Problem {
	if err == nil {
		return nil
	}
	return &Problem{Kind: fault.KindOf(err), Message: err.Error(), Hint: fault.Hint(err)}
}

// Warning is a device that was turned away.
type Warning struct {
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
	Device string    `json:"device,omitempty"`
	Name   string    `json:"name,omitempty"`
	Addr   string    `json:"addr,omitempty"`
}

// Text says it to a person.
func (w Warning) Text() string {
	name := w.Name
	if name == "" {
		name = "a device"
	}
	switch openscreen.RefusalReason(w.Reason) {
	case openscreen.Impostor:
		return "somebody at " + w.Addr + " pretended to be " + name + " and was turned away"
	case openscreen.Disowned:
		return "a device at " + w.Addr + " turned this one away: somebody announces another device at this one's address"
	case openscreen.WrongCode:
		return name + " at " + w.Addr + " gave a wrong code"
	case openscreen.LockedOut:
		return name + " at " + w.Addr + " gave too many wrong codes and is locked out for a while"
	}
	return name + " at " + w.Addr + " was turned away: " + w.Reason
}

// State returns the state now.
func (s *Service) State() State {
	devices := s.devices()
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.agent.Fingerprint()
	s.forgetCards()
	st := State{
		Version: s.version, Name: s.name, ID: ID(f), Fingerprint: f.String(), Devices: devices,
		Prompts: []Prompt{}, Offers: []Offer{}, Transfers: []Transfer{}, Warnings: slices.Clone(s.warnings),
		Cards: append([]Card{}, s.cards...),
	}
	if st.Warnings == nil {
		st.Warnings = []Warning{}
	}
	for _, p := range s.prompts {
		st.Prompts = append(st.Prompts, p.Prompt)
	}
	for _, o := range s.offers {
		st.Offers = append(st.Offers, o.Offer)
	}
	for _, t := range s.transfers {
		st.Transfers = append(st.Transfers, t.Transfer)
	}
	slices.SortFunc(st.Prompts, func(a, b Prompt) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(st.Offers, func(a, b Offer) int { return a.At.Compare(b.At) })
	slices.SortFunc(st.Transfers, func(a, b Transfer) int {
		return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.ID, b.ID))
	})
	return st
}

// Changed waits until the state is newer than version, and returns it.
func (s *Service) Changed(ctx context.Context, version uint64) (State, error) {
	for {
		s.mu.Lock()
		now, changed := s.version, s.changed
		s.mu.Unlock()
		if now > version {
			return s.State(), nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return State{}, ctx.Err()
		case <-s.ctx.Done():
			return State{}, fault.New(fault.NotRunning, "the node ends")
		}
	}
}

// devices joins those in the book with those that are near.
func (s *Service) devices() []Device {
	out := []Device{}
	at := map[string]int{}
	s.mu.Lock()
	connected := map[string]bool{}
	for f := range s.sessions {
		connected[f.String()] = true
	}
	s.mu.Unlock()
	for _, e := range s.book.list() {
		fp := e.Fingerprint.String()
		at[fp] = len(out)
		out = append(out, Device{
			ID: ID(e.Fingerprint), Name: e.Name, Given: e.Given, Fingerprint: fp, Paired: &e.Paired, Trusted: e.Trusted,
			Near: connected[fp], Addrs: e.Addrs,
		})
	}
	for _, d := range s.agent.Devices() {
		fp := d.Fingerprint.String()
		i, ok := at[fp]
		if !ok {
			i = len(out)
			at[fp] = i
			out = append(out, Device{ID: ID(d.Fingerprint), Name: cleanName(d.Name), Given: cleanName(d.Name), Fingerprint: fp})
		}
		out[i].Near, out[i].Suspicious, out[i].Addrs = true, d.Suspicious, nil
		for _, a := range d.Addrs {
			out[i].Addrs = append(out[i].Addrs, a.String())
		}
	}
	slices.SortStableFunc(out, func(a, b Device) int {
		if a.Near != b.Near {
			return map[bool]int{true: -1, false: 1}[a.Near]
		}
		return cmp.Compare(a.Name, b.Name)
	})
	return out
}

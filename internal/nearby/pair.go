package nearby

import (
	"context"
	"crypto/rand"
	"slices"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/openscreen"
)

// The kinds of prompt.
const (
	promptShow = "show"
	promptAsk  = "ask"
)

// prompt is a Prompt, and where the answer goes.
type prompt struct {
	Prompt
	answer chan string // of one
}

var _ openscreen.Prompter = (*Service)(nil)

// Present shows a code in the State until ctx ends. A reception that was given a
// code has that one.
func (s *Service) Present(ctx context.Context, peer openscreen.Peer, code openscreen.Code) (openscreen.Code, error) {
	if fixed := s.fixedCode(); fixed != "" {
		return openscreen.ParseCode(fixed)
	}
	p := s.newPrompt(promptShow, peer)
	p.Code, p.QR = code.Numeric(), code.QR()
	s.show(ctx, p)
	return code, nil
}

// Ask waits for the code that somebody types.
func (s *Service) Ask(ctx context.Context, peer openscreen.Peer) (string, error) {
	if fixed := s.fixedCode(); fixed != "" {
		return fixed, nil
	}
	p := s.newPrompt(promptAsk, peer)
	s.show(ctx, p)
	select {
	case code := <-p.answer:
		return code, nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

func (s *Service) newPrompt(kind string, peer openscreen.Peer) *prompt {
	return &prompt{
		Prompt: Prompt{
			ID: rand.Text(), Kind: kind, Device: cleanName(peer.Info.DisplayName),
			Fingerprint: peer.Fingerprint.String(), Addr: peer.Addr,
		},
		answer: make(chan string, 1),
	}
}

// show keeps a prompt in the State until ctx ends.
func (s *Service) show(ctx context.Context, p *prompt) {
	s.mu.Lock()
	s.prompts[p.ID] = p
	s.note()
	s.mu.Unlock()
	context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.prompts, p.ID)
		s.note()
	})
}

// Answer gives the code that a prompt asks for.
func (s *Service) Answer(id, code string) error {
	if _, err := openscreen.ParseCode(code); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.prompts[id]
	if p == nil || p.Kind != promptAsk {
		return fault.New(fault.NotFound, "no code is asked for any more").WithHint("begin again")
	}
	delete(s.prompts, id)
	s.note()
	p.answer <- code
	return nil
}

// fixedCode is the code that a reception was given; "" when none was.
func (s *Service) fixedCode() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.receptions {
		if r.Code != "" && !r.taken {
			return r.Code
		}
	}
	return ""
}

// NewCode draws a code in the form that people read.
func NewCode() (code, qr string, err error) {
	c, err := openscreen.NewCode(codeBits)
	return c.Numeric(), c.QR(), err
}

// codeBits is the entropy of a code that is drawn before anybody connects.
const codeBits = 20

// withCode answers for the code with one that is known, or by asking.
func (s *Service) withCode(code string) openscreen.Prompter {
	if code == "" {
		return s
	}
	return openscreen.FixedCode(code)
}

// Pair makes sure that a device is paired, by its name or ID. With a code, both
// devices were given the same; without, the code is in the prompts.
func (s *Service) Pair(ctx context.Context, who, code string) (Device, error) {
	t, err := s.locate(ctx, who, 0)
	if err != nil {
		return Device{}, err
	}
	if _, err := s.session(ctx, t, s.withCode(code)); err != nil {
		return Device{}, err
	}
	return s.Device(ID(t.fingerprint))
}

// Device returns one that is paired or near, by ID or name.
func (s *Service) Device(id string) (Device, error) {
	all := s.devices()
	for _, is := range []func(Device) bool{
		func(d Device) bool { return d.ID == id }, // before a name: devices choose theirs
		func(d Device) bool { return d.Name == id },
	} {
		if i := slices.IndexFunc(all, is); i >= 0 {
			return all[i], nil
		}
	}
	return Device{}, fault.New(fault.NotFound, "no device %.100q is paired or near", id).WithHint("'kith nearby' lists the devices")
}

// Change renames a paired device, or says whether its files are taken without a
// question.
func (s *Service) Change(id string, name *string, trusted *bool) (Device, error) {
	e, err := s.paired(id)
	if err != nil {
		return Device{}, err
	}
	if e, err = s.book.change(e.Fingerprint, name, trusted); err != nil {
		return Device{}, err
	}
	s.touch()
	return s.Device(ID(e.Fingerprint))
}

// Forget takes a device out of the book and ends what goes on with it. It needs
// a code again.
func (s *Service) Forget(id string) error {
	e, err := s.paired(id)
	if err != nil {
		return err
	}
	if err := s.book.forget(e.Fingerprint); err != nil {
		return err
	}
	s.mu.Lock()
	sessions := s.sessions[e.Fingerprint]
	s.note()
	s.mu.Unlock()
	for _, session := range sessions {
		_ = session.Close(openscreen.CloseNormal, "forgotten")
	}
	return nil
}

// Rename changes what this device calls itself.
func (s *Service) Rename(name string) error {
	clean := cleanName(name)
	if clean == "" {
		return fault.New(fault.Invalid, "%.100q cannot be the name of a device", name)
	}
	if err := s.agent.SetDisplayName(clean); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.name = clean
	s.note()
	return nil
}

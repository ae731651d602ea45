package page

import (
	"context"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/nearby/consent"
)

// Incoming asks the person whether a device may connect to an app here. On a yes
// it returns how the page there calls itself and a function that hands the
// connection to the page; with nobody to talk to, ErrNobody. It blocks as long as
// the person has not said yes.
func (s *Server) Incoming(ctx context.Context, from Device, theirs Hello) (mine Hello, deliver func(Conn), err error) {
	if s.newest(theirs.App) == nil {
		return mine, nil, ErrNobody
	}
	if err := s.enterIncoming(from.ID); err != nil {
		return mine, nil, err
	}
	defer s.leaveIncoming(from.ID)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.ctx, func() { cancel(errEnded) })()
	if err := s.untilNobody(ctx, theirs.App, cancel); err != nil {
		return mine, nil, err
	}
	_, err = s.o.Desk.Ask(ctx, consent.Question{
		Kind: consent.Incoming, App: theirs.App, Nickname: theirs.Nickname, Device: from,
	})
	if err != nil {
		return mine, nil, err
	}
	r := s.newest(theirs.App)
	if r == nil {
		return mine, nil, ErrNobody
	}
	return Hello{App: theirs.App, Nickname: r.nickname}, func(c Conn) { r.sk.arrive(r, from, theirs, c) }, nil
}

// untilNobody has cancel called when the last page of an app is gone.
func (s *Server) untilNobody(ctx context.Context, app string, cancel context.CancelCauseFunc) error {
	r := s.newest(app)
	if r == nil {
		return ErrNobody
	}
	context.AfterFunc(r.ctx, func() {
		if ctx.Err() != nil {
			return
		}
		if s.untilNobody(ctx, app, cancel) != nil {
			cancel(ErrNobody)
		}
	})
	return nil
}

func (s *Server) enterIncoming(device string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.incoming[device] >= s.o.MaxIncoming {
		return fault.New(fault.RateLimited, "%d connections of the device wait for an answer already", s.o.MaxIncoming)
	}
	s.incoming[device]++
	return nil
}

func (s *Server) leaveIncoming(device string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.incoming[device]--; s.incoming[device] <= 0 {
		delete(s.incoming, device)
	}
}

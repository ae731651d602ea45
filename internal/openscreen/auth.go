package openscreen

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/openscreen/spake2"
	"github.com/kith-web/kith/internal/openscreen/wire"
)

// authBacklog is how many messages of authentication may wait. An attempt has at
// most four of each side.
const authBacklog = 8

// authState is where the authentication of a session is.
type authState struct {
	in    chan any      // messages of the peer
	start chan Prompter // Authenticate was called
	done  chan struct{} // closed when authenticated
	heard chan struct{} // closed when the peer said that it is, too
	hear  func()        // closes heard, once
}

func newAuthState() authState {
	heard := make(chan struct{})
	return authState{
		in: make(chan any, authBacklog), start: make(chan Prompter, 1), done: make(chan struct{}),
		heard: heard, hear: sync.OnceFunc(func() { close(heard) }),
	}
}

// deliver takes a message of the peer. Behind the authentication there is nothing
// to say any more, and what comes is late or idle.
func (a *authState) deliver(m any) error {
	if status, ok := m.(*wire.AuthStatus); ok && status.Result == wire.Authenticated {
		a.hear()
	}
	select {
	case <-a.done:
		return nil
	default:
	}
	select {
	case a.in <- m:
		return nil
	default:
		return fmt.Errorf("%w: too many messages of authentication", errUnexpected)
	}
}

// Authenticated reports whether both sides know each other, from before or by a
// code in this session.
func (s *Session) Authenticated() bool {
	select {
	case <-s.auth.done:
		return true
	default:
		return false
	}
}

// Presents reports whether this side is the one to show the code: the one where
// typing is harder, or when both are alike the one that was connected to.
func (s *Session) Presents() bool {
	s.hello.mu.Lock()
	defer s.hello.mu.Unlock()
	mine := uint64(s.agent.o.Ease)
	if s.hello.caps == nil || s.hello.caps.Ease == mine {
		return !s.outgoing
	}
	return mine < s.hello.caps.Ease
}

// Authenticate makes sure that the session is authenticated: at once when it is,
// else by a code. It starts the attempt or joins the one that the peer started;
// p answers in place of [Options].Prompter. A failed attempt ends the session,
// as the protocol wants it; connect again to try again. The errors have kind
// Unauthorized (wrong code), Unreachable (too late), RateLimited (locked out) or
// Canceled. When ctx ends, so does the session.
func (s *Session) Authenticate(ctx context.Context, p Prompter) error {
	if !s.Authenticated() && p != nil {
		select {
		case s.auth.start <- p:
		default: // it was started before
		}
	}
	err := s.AwaitAuthenticated(ctx)
	if err != nil && ctx.Err() != nil {
		s.close(CloseAuthentication+CloseCode(wire.SecretUnknown), "the authentication was given up")
	}
	return err
}

// AwaitAuthenticated waits until the session is authenticated or has ended.
func (s *Session) AwaitAuthenticated(ctx context.Context) error {
	select {
	case <-s.auth.done:
		return nil
	case <-s.done:
		if s.Authenticated() { // and then it ended
			return nil
		}
		return authError(s.Err())
	case <-ctx.Done():
		return ctx.Err()
	}
}

// settle waits a moment for the peer of a session that a code authenticated: until
// it is done as well, what is closed would be a failure to it.
func (s *Session) settle(ctx context.Context) {
	if !s.Authenticated() || s.recognized {
		return
	}
	select {
	case <-s.auth.heard:
	case <-s.done:
	case <-ctx.Done():
	}
}

// nowAuthenticated opens the session for what it is there for.
func (s *Session) nowAuthenticated() {
	s.agent.trusted.Store(s.conn, struct{}{})
	if s.conn.Context().Err() != nil {
		s.agent.trusted.Delete(s.conn)
	}
	close(s.auth.done)
	s.agent.work.Go(s.receiveBidi)
	s.agent.work.Go(s.receiveDatagrams)
}

// attempt is one authentication.
type attempt struct {
	s        *Session
	ctx      context.Context // ends with the code or the session
	prompter Prompter
	keys     []string // what wrong codes are counted by; nil when this side asked for it
	proven   bool     // the peer's first message showed the initiation token
	public   []byte   // the peer's public value
	confirm  []byte   // and its confirmation
	needs    bool     // the peer waits for a code to be shown
}

// authenticateLoop waits until a side wants to authenticate, and sees it through.
func (s *Session) authenticateLoop() {
	ctx, cancel := context.WithCancel(s.conn.Context())
	defer cancel()
	a := &attempt{s: s, ctx: ctx}
	asked := false
	for a.prompter == nil {
		select {
		case <-s.done:
			return
		case a.prompter = <-s.auth.start:
		case m := <-s.auth.in:
			asked = a.take(m) == nil && (a.needs || a.public != nil)
			if asked && s.agent.o.Prompter != nil {
				a.prompter = s.agent.o.Prompter
			}
		}
	}
	if asked || !s.outgoing {
		a.keys = guardKeys(s.peer, s.RemoteAddr().Addr())
	}
	a.fail(a.run())
}

// run sees an attempt through, for as long as a code is good.
func (a *attempt) run() error {
	ctx, cancel := context.WithTimeout(a.ctx, a.s.agent.o.Limits.Code)
	defer cancel()
	a.ctx = ctx
	leave, err := a.enter()
	if err != nil {
		return err
	}
	defer leave()
	if a.s.Presents() {
		return a.present()
	}
	return a.consume()
}

// enter waits until a peer that may have guessed wrong before gets another try.
func (a *attempt) enter() (func(), error) {
	if a.keys == nil {
		return func() {}, nil
	}
	return a.s.agent.guard.enter(a.ctx, a.keys)
}

// present shows a code and has the other side prove it. This side is Alice.
func (a *attempt) present() error {
	a.s.hello.mu.Lock()
	bits := max(a.s.agent.o.CodeBits, int(a.s.hello.caps.Bits))
	a.s.hello.mu.Unlock()
	code, err := NewCode(bits)
	if err != nil {
		return err
	}
	if code, err = a.prompter.Present(a.ctx, a.s.describe(), code); err != nil {
		return errors.Join(errNoCode, err)
	}
	x, err := spake2.New(a.suite(), spake2.Alice, a.password(code), []byte(a.s.agent.fp.String()), []byte(a.s.peer.String()))
	if err != nil {
		return err
	}
	if err := a.s.send(a.handshake(wire.Shown, x.Public())); err != nil {
		return err
	}
	return a.prove(x)
}

// consume asks for the code that the other side shows, and proves it. This side
// is Bob.
func (a *attempt) consume() error {
	if a.public == nil {
		if err := a.s.send(a.handshake(wire.NeedsPresentation, nil)); err != nil {
			return err
		}
	}
	if err := a.await(func() bool { return a.public != nil }); err != nil {
		return err
	}
	text, err := a.ask()
	if err != nil {
		return err
	}
	code, err := ParseCode(text)
	if err != nil {
		return errors.Join(errNoCode, err)
	}
	x, err := spake2.New(a.suite(), spake2.Bob, a.password(code), []byte(a.s.peer.String()), []byte(a.s.agent.fp.String()))
	if err != nil {
		return err
	}
	if err := a.s.send(a.handshake(wire.Input, x.Public())); err != nil {
		return err
	}
	return a.prove(x)
}

// ask has the person enter the code while the peer may still give up.
func (a *attempt) ask() (string, error) {
	ctx, cancel := context.WithCancel(a.ctx)
	defer cancel()
	type answer struct {
		text string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		text, err := a.prompter.Ask(ctx, a.s.describe())
		answers <- answer{text, err}
	}()
	for {
		select {
		case r := <-answers:
			if r.err != nil && a.ctx.Err() == nil {
				return "", errors.Join(errNoCode, r.err)
			}
			return r.text, errors.Join(r.err, a.ctx.Err())
		case m := <-a.s.auth.in:
			if err := a.take(m); err != nil {
				return "", err
			}
		case <-a.ctx.Done():
			return "", a.ctx.Err()
		}
	}
}

// prove exchanges confirmations. An attempt counts as wrong from where the peer
// can tell whether its code was right.
func (a *attempt) prove(x *spake2.Exchange) error {
	if err := a.await(func() bool { return a.public != nil }); err != nil {
		return err
	}
	mine, err := x.Confirm(a.public)
	if err != nil {
		return errors.Join(errConfused, err)
	}
	a.s.agent.guard.charge(a.keys)
	if err := a.s.send(&wire.AuthConfirmation{Value: mine}); err != nil {
		return err
	}
	if err := a.await(func() bool { return a.confirm != nil }); err != nil {
		return err
	}
	if err := x.Verify(a.confirm); err != nil {
		return errors.Join(errWrongCode, err)
	}
	a.s.agent.guard.forgive(a.keys)
	a.s.nowAuthenticated()
	a.s.try(a.s.send(&wire.AuthStatus{Result: wire.Authenticated}))
	return nil
}

// await takes messages until there is what is waited for.
func (a *attempt) await(there func() bool) error {
	for !there() {
		select {
		case m := <-a.s.auth.in:
			if err := a.take(m); err != nil {
				return err
			}
		case <-a.ctx.Done():
			return a.ctx.Err()
		}
	}
	return nil
}

// take notes a message. One that comes again is no news, one that contradicts
// what came before ends the attempt; in which order they come is not told.
func (a *attempt) take(m any) error {
	switch m := m.(type) {
	case *wire.AuthStatus:
		if m.Result != wire.Authenticated {
			return &peerGaveUpError{m.Result}
		}
	case *wire.AuthConfirmation:
		return note(&a.confirm, m.Value)
	case *wire.AuthHandshake:
		if !a.proves(m) {
			a.s.log.Info("a message with a wrong initiation token was dropped")
			return nil
		}
		if m.Status == wire.NeedsPresentation {
			a.needs = true
			return nil
		}
		if (m.Status == wire.Shown) == a.s.Presents() || len(m.Public) == 0 {
			return errConfused
		}
		return note(&a.public, m.Public)
	}
	return nil
}

// note keeps a value that may come once.
func note(have *[]byte, value []byte) error {
	if *have != nil && string(*have) != string(value) {
		return errConfused
	}
	*have = value
	return nil
}

// proves checks the initiation token. The agent that was connected to has
// announced it, so only who heard that may have people disturbed (network
// protocol, "Authentication"). In a first message it must be there; it must be
// right wherever it is.
func (a *attempt) proves(m *wire.AuthHandshake) bool {
	want := a.s.agent.token
	if a.s.outgoing {
		want = a.s.device.Token
	}
	if a.s.agent.o.Legacy || want == "" {
		return true
	}
	if m.Token.Token == nil {
		return a.proven
	}
	if *m.Token.Token != want {
		return false
	}
	a.proven = true
	return true
}

// handshake makes a message with the initiation token of the side that was
// connected to.
func (a *attempt) handshake(status wire.PSKStatus, public []byte) any {
	if a.s.agent.o.Legacy && status == wire.NeedsPresentation {
		return &wire.LegacyNeedsCode{Token: a.s.device.Token}
	}
	token := a.s.agent.token
	if a.s.outgoing {
		token = a.s.device.Token
	}
	m := &wire.AuthHandshake{Status: status, Public: public}
	if token != "" {
		m.Token.Token = &token
	}
	if m.Public == nil {
		m.Public = []byte{}
	}
	return m
}

func (a *attempt) suite() spake2.Suite {
	if a.s.agent.o.Legacy {
		return spake2.P256Legacy()
	}
	return spake2.Edwards25519()
}

func (a *attempt) password(c Code) []byte {
	if a.s.agent.o.Legacy {
		return c.shortest()
	}
	return c.octets()
}

// peerGaveUpError is an auth-status that is no success.
type peerGaveUpError struct{ result wire.AuthResult }

func (e *peerGaveUpError) Error() string {
	return fmt.Sprintf("the other side ended the authentication with result %d", e.result)
}

// fail tells the other side how an attempt failed, and ends the session. The
// closing code repeats the result: a message may be lost in the closing.
func (a *attempt) fail(err error) {
	if err == nil || a.s.conn.Context().Err() != nil {
		return
	}
	var gone *peerGaveUpError
	code, reason, result := CloseCode(0), err.Error(), wire.UnknownError
	switch {
	case errors.As(err, &gone):
		result = gone.result
	case errors.Is(err, errLockedOut):
		code = CloseLockedOut
		a.s.agent.refused(Refusal{Reason: LockedOut, Claimed: a.s.peer, Shown: a.s.peer, Addr: a.s.RemoteAddr().String(), Outgoing: a.s.outgoing})
	case errors.Is(err, context.DeadlineExceeded):
		result, reason = wire.Timeout, errTooLate.Error()
	case errors.Is(err, errWrongCode):
		result, reason = wire.ProofInvalid, errWrongCode.Error()
		a.s.agent.refused(Refusal{Reason: WrongCode, Claimed: a.s.peer, Shown: a.s.peer, Addr: a.s.RemoteAddr().String(), Outgoing: a.s.outgoing})
	case errors.Is(err, errNoCode), errors.Is(err, context.Canceled), fault.KindOf(err) == fault.Canceled:
		result, reason = wire.SecretUnknown, errNoCode.Error()
	}
	if code == 0 {
		code = CloseAuthentication + CloseCode(result)
	}
	if gone == nil {
		a.s.try(a.s.send(&wire.AuthStatus{Result: result}))
	}
	a.s.close(code, printable(reason))
}

// describe is the peer for a prompter.
func (s *Session) describe() Peer {
	return Peer{Fingerprint: s.peer, Info: s.Info(), Addr: s.RemoteAddr().String()}
}

package openscreen

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/fault"
)

// patience is how long tests wait for what has to come.
const patience = 20 * time.Second

func background(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// agent starts one on loopback.
func agent(t *testing.T, name string, change func(*Options)) *Agent {
	t.Helper()
	id, err := NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	o := Options{DisplayName: name, Identity: id, Listen: netip.MustParseAddrPort("127.0.0.1:0"), Ease: 50}
	if change != nil {
		change(&o)
	}
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// found is what an announcement of a would say.
func found(a *Agent) Device {
	return Device{Fingerprint: a.fp, Instance: a.instance, Name: a.name, Addrs: []netip.AddrPort{a.Addr()}, Token: a.token, Serial: a.serial}
}

func knowsAll(o *Options) { o.Known = func(Fingerprint) bool { return true } }

// meet opens a session from a to b and returns both ends.
func meet(t *testing.T, a, b *Agent, d Device) (*Session, *Session) {
	t.Helper()
	ctx := background(t)
	at, err := a.Dial(ctx, d)
	if err != nil {
		t.Fatal(err)
	}
	bt, err := b.Accept(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return at, bt
}

// person answers prompts: it reads the code off the other person's screen.
type person struct {
	shown chan Code
	types func(Code) string
}

func people() (presenter, consumer *person) {
	screen := make(chan Code, 16)
	return &person{shown: screen}, &person{shown: screen, types: Code.Numeric}
}

func (p *person) Present(_ context.Context, _ Peer, c Code) (Code, error) {
	p.shown <- c
	return c, nil
}

func (p *person) Ask(ctx context.Context, _ Peer) (string, error) {
	select {
	case c := <-p.shown:
		return p.types(c), nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func TestPeopleAuthenticateTwoAgents(t *testing.T) {
	for name, c := range map[string]struct{ easeA, easeB int }{
		"the dialled one shows on a tie": {50, 50},
		"the dialled one cannot type":    {100, 0},
		"the dialling one cannot type":   {0, 100},
	} {
		for _, start := range []string{"dialler", "dialled", "both"} {
			t.Run(name+", started by "+start, func(t *testing.T) {
				shows, types := people()
				p := &either{shows, types}
				a := agent(t, "a", func(o *Options) { o.Ease = c.easeA; o.Prompter = p })
				b := agent(t, "b", func(o *Options) { o.Ease = c.easeB; o.Prompter = p })
				as, bs := meet(t, a, b, found(b))
				if as.Authenticated() || bs.Authenticated() || as.Presents() == bs.Presents() {
					t.Fatalf("before: %v %v, presenting %v %v", as.Authenticated(), bs.Authenticated(), as.Presents(), bs.Presents())
				}
				if as.Presents() != (c.easeA < c.easeB) {
					t.Errorf("the wrong side shows the code")
				}
				if _, err := as.OpenDataChannel(background(t), ChannelOptions{ID: AutoID}); fault.KindOf(err) != fault.Unauthorized {
					t.Errorf("a channel before authentication: %v", err)
				}
				errs := make(chan error, 2)
				for _, s := range []*Session{as, bs} {
					go func() {
						if start == "both" || (s == as) == (start == "dialler") {
							errs <- s.Authenticate(background(t), p)
						} else {
							errs <- s.AwaitAuthenticated(background(t))
						}
					}()
				}
				if err := errors.Join(<-errs, <-errs); err != nil {
					t.Fatal(err)
				}
				if as.Recognized() || bs.Recognized() {
					t.Error("a code is no recognition")
				}
				if as.Peer() != b.Fingerprint() || bs.Peer() != a.Fingerprint() || as.Info().DisplayName != "b" || bs.Info().DisplayName != "a" {
					t.Error("the sides do not know each other")
				}
			})
		}
	}
}

// TestWhoClosesAtOnceLeavesNobodyHalfPaired: a command that pairs ends when it has.
func TestWhoClosesAtOnceLeavesNobodyHalfPaired(t *testing.T) {
	for i := range 20 {
		shows, types := people()
		p := &either{shows, types}
		prompts := func(o *Options) { o.Prompter = p }
		a, b := agent(t, "a", prompts), agent(t, "b", prompts)
		as, bs := meet(t, a, b, found(b))
		first, second := as, bs
		if i%2 == 1 {
			first, second = bs, as
		}
		closed := make(chan error, 1)
		go func() {
			err := first.Authenticate(background(t), p)
			closed <- errors.Join(err, first.Close(CloseNormal, ""))
		}()
		if err := errors.Join(second.Authenticate(background(t), p), <-closed); err != nil {
			t.Fatalf("round %d: %v", i, err)
		}
	}
}

// either is a person before both screens.
type either struct{ shows, types *person }

func (e *either) Present(ctx context.Context, p Peer, c Code) (Code, error) {
	return e.shows.Present(ctx, p, c)
}
func (e *either) Ask(ctx context.Context, p Peer) (string, error) { return e.types.Ask(ctx, p) }

func TestTheSecondTimeNeedsNoCode(t *testing.T) {
	a, b := agent(t, "a", knowsAll), agent(t, "b", knowsAll)
	as, bs := meet(t, a, b, Device{Fingerprint: b.fp, Addrs: []netip.AddrPort{b.Addr()}})
	if !as.Authenticated() || !bs.Authenticated() {
		t.Fatal("known agents are not authenticated")
	}
	if !as.Recognized() || !bs.Recognized() {
		t.Error("they were recognized, and it is not said")
	}
}

// TestAPeerThatIsForgottenMeanwhileStaysOut: a peer may take its time between the
// handshake and the introduction.
func TestAPeerThatIsForgottenMeanwhileStaysOut(t *testing.T) {
	var asked atomic.Int32
	a := agent(t, "a", knowsAll)
	b := agent(t, "b", func(o *Options) { o.Known = func(Fingerprint) bool { return asked.Add(1) == 1 } })
	ctx := background(t)
	s, err := a.Dial(ctx, found(b))
	if err == nil {
		select {
		case <-s.Done():
		case <-ctx.Done():
			t.Fatal("the session lasts")
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for s := range b.sessions {
		if s.Authenticated() {
			t.Error("a forgotten peer is authenticated")
		}
	}
}

// TestAPeerThatForgotIsAskedAgain: one side alone does not make a session.
func TestAPeerThatForgotIsAskedAgain(t *testing.T) {
	shows, types := people()
	p := &either{shows, types}
	for _, knows := range []int{0, 1} {
		options := func(i int) func(*Options) {
			return func(o *Options) {
				o.Prompter = p
				o.Known = func(Fingerprint) bool { return i == knows }
			}
		}
		a, b := agent(t, "a", options(0)), agent(t, "b", options(1))
		as, bs := meet(t, a, b, found(b))
		if as.Authenticated() || bs.Authenticated() {
			t.Fatal("a session is authenticated that one side does not know")
		}
		if err := errors.Join(as.Authenticate(background(t), p), bs.AwaitAuthenticated(background(t))); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAWrongCodeEndsTheSessionOnBothSides(t *testing.T) {
	shows, types := people()
	types.types = func(Code) string { return "000-000-001" }
	var mu sync.Mutex
	var told []RefusalReason
	b := agent(t, "b", func(o *Options) {
		o.Prompter = shows
		o.Refused = func(r Refusal) { mu.Lock(); told = append(told, r.Reason); mu.Unlock() }
	})
	a := agent(t, "a", nil)
	as, bs := meet(t, a, b, found(b))
	err := as.Authenticate(background(t), types)
	if fault.KindOf(err) != fault.Unauthorized {
		t.Errorf("the one who typed is told %v", err)
	}
	err = bs.AwaitAuthenticated(background(t))
	if fault.KindOf(err) != fault.Unauthorized {
		t.Errorf("the one who showed is told %v", err)
	}
	<-as.Done()
	<-bs.Done()
	if as.Authenticated() || bs.Authenticated() {
		t.Error("a wrong code authenticates")
	}
	mu.Lock()
	defer mu.Unlock()
	if len(told) > 1 || len(told) == 1 && told[0] != WrongCode {
		t.Errorf("refusals: %v", told)
	}
}

func TestWrongCodesLockOut(t *testing.T) {
	b := agent(t, "b", func(o *Options) {
		o.Prompter = FixedCode("123456")
		o.Limits = Limits{WrongCodes: 3, WrongCodeWait: time.Millisecond}
	})
	kinds := []fault.Kind{fault.Unauthorized, fault.Unauthorized, fault.Unauthorized, fault.RateLimited, fault.RateLimited}
	for i, want := range kinds {
		a := agent(t, "a", nil) // another identity every time: the address counts
		as, bs := meet(t, a, b, found(b))
		code := FixedCode("000001")
		if i == len(kinds)-1 {
			code = "123456" // right, and too late
		}
		if err := as.Authenticate(background(t), code); fault.KindOf(err) != want {
			t.Fatalf("attempt %d: %v, want %s", i, err, want)
		}
		<-bs.Done()
	}
}

func TestARightCodeTakesTheStrikeBack(t *testing.T) {
	b := agent(t, "b", func(o *Options) {
		o.Prompter = FixedCode("123-456")
		o.Limits = Limits{WrongCodes: 2, WrongCodeWait: time.Millisecond}
	})
	for range 4 {
		as, _ := meet(t, agent(t, "a", nil), b, found(b))
		if err := as.Authenticate(background(t), FixedCode("0123456")); err != nil {
			t.Fatal(err)
		}
	}
}

func TestALateCodeIsOfNoUse(t *testing.T) {
	shows, _ := people()
	b := agent(t, "b", func(o *Options) { o.Prompter = shows; o.Limits.Code = 100 * time.Millisecond })
	a := agent(t, "a", nil)
	as, bs := meet(t, a, b, found(b))
	late := make(chan Code)
	err := as.Authenticate(background(t), &person{shown: late, types: Code.Numeric})
	if fault.KindOf(err) != fault.Unreachable {
		t.Errorf("the one who should type is told %v", err)
	}
	if err := bs.AwaitAuthenticated(background(t)); fault.KindOf(err) != fault.Unreachable {
		t.Errorf("the one who showed is told %v", err)
	}
}

func TestGivingUpIsTold(t *testing.T) {
	shows, _ := people()
	b := agent(t, "b", func(o *Options) { o.Prompter = shows })
	as, bs := meet(t, agent(t, "a", nil), b, found(b))
	ctx, cancel := context.WithCancel(background(t))
	go func() { <-shows.shown; cancel() }()
	if err := as.Authenticate(ctx, &person{shown: make(chan Code)}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := bs.AwaitAuthenticated(background(t)); fault.KindOf(err) != fault.Canceled {
		t.Errorf("the one who showed is told %v", err)
	}
}

// TestWithoutTheTokenNobodyIsDisturbed: who did not hear the announcement cannot
// have a code shown (network protocol, "Authentication").
func TestWithoutTheTokenNobodyIsDisturbed(t *testing.T) {
	shows, types := people()
	b := agent(t, "b", func(o *Options) { o.Prompter = shows })
	for _, token := range []string{"", "wrong"} {
		d := found(b)
		d.Token = token
		as, bs := meet(t, agent(t, "a", func(o *Options) { o.Limits.Code = 300 * time.Millisecond }), b, d)
		if err := as.Authenticate(background(t), types); fault.KindOf(err) != fault.Unreachable {
			t.Errorf("token %q: %v", token, err)
		}
		<-bs.Done()
		if len(shows.shown) != 0 {
			t.Fatalf("token %q: a code was shown", token)
		}
	}
}

// TestAnImpostorIsRefusedAndBothAreTold: a device announces the fingerprint of
// another.
func TestAnImpostorIsRefusedAndBothAreTold(t *testing.T) {
	refusals := make(chan Refusal, 4)
	tell := func(o *Options) { o.Refused = func(r Refusal) { refusals <- r } }
	real, thief, a := agent(t, "real", tell), agent(t, "thief", tell), agent(t, "a", tell)
	d := found(thief)
	d.Fingerprint = real.fp
	if _, err := a.Dial(background(t), d); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("got %v", err)
	}
	got := map[RefusalReason]Refusal{}
	for range 2 {
		select {
		case r := <-refusals:
			got[r.Reason] = r
		case <-time.After(patience):
			t.Fatalf("only %v was told", got)
		}
	}
	if r := got[Impostor]; r.Claimed != real.fp || r.Shown != thief.fp || !r.Outgoing {
		t.Errorf("the one who dialled is told %+v", r)
	}
	if r := got[Disowned]; r.Shown != thief.fp || r.Outgoing {
		t.Errorf("the impostor is told %+v", r)
	}
}

func TestStrangersAreLimited(t *testing.T) {
	b := agent(t, "b", nil)
	a := agent(t, "a", nil)
	for range stranger4 {
		meet(t, a, b, found(b))
	}
	s, err := a.Dial(background(t), found(b))
	if err == nil {
		<-s.Done()
		err = s.Err()
	}
	var closed *ClosedError
	if !errors.As(err, &closed) || closed.Code != CloseTooMany {
		t.Errorf("one more stranger: %v", err)
	}
}

func TestANewNameIsTold(t *testing.T) {
	a, b := agent(t, "a", knowsAll), agent(t, "b", knowsAll)
	as, _ := meet(t, a, b, found(b))
	if err := b.SetDisplayName("kitchen"); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); as.Info().DisplayName != "kitchen"; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the name is %q", as.Info().DisplayName)
		}
	}
}

func TestClosingIsToldWithCodeAndReason(t *testing.T) {
	a, b := agent(t, "a", knowsAll), agent(t, "b", knowsAll)
	as, bs := meet(t, a, b, found(b))
	if err := as.Close(CloseIdle, "bye\x1b[31m"); err != nil {
		t.Fatal(err)
	}
	<-bs.Done()
	var closed *ClosedError
	if !errors.As(bs.Err(), &closed) || closed.Code != CloseIdle || !closed.Remote || closed.Reason != "bye [31m" {
		t.Errorf("the peer is told %#v", bs.Err())
	}
	if !errors.As(as.Err(), &closed) || closed.Remote {
		t.Errorf("the closer says %#v", as.Err())
	}
}

func TestASessionOutlivesItsIdleTimeout(t *testing.T) {
	short := func(o *Options) { knowsAll(o); o.Limits.Idle = 500 * time.Millisecond }
	a, b := agent(t, "a", short), agent(t, "b", short)
	as, bs := meet(t, a, b, found(b))
	select {
	case <-as.Done():
		t.Errorf("the session ended: %v", as.Err())
	case <-bs.Done():
		t.Errorf("the session ended: %v", bs.Err())
	case <-time.After(2 * time.Second):
	}
}

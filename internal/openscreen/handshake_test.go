package openscreen

import (
	"bytes"
	"errors"
	"testing"

	"github.com/kith-web/kith/internal/openscreen/spake2"
	"github.com/kith-web/kith/internal/openscreen/wire"
)

const handCode = FixedCode("123-456-789")

// hand is a peer whose authentication is played by hand: it dials b, which shows
// the code.
func hand(t *testing.T, b *Agent) (mine, theirs *Session) {
	t.Helper()
	a := agent(t, "hand", nil)
	s, err := newSession(a, raw(t, a, b), found(b), true)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.send(&wire.AuthCapabilities{Ease: 50, Methods: []uint64{0}, Bits: 20}, &wire.InfoRequest{ID: 1}); err != nil {
		t.Fatal(err)
	}
	<-s.hello.ready
	theirs, err = b.Accept(background(t))
	if err != nil {
		t.Fatal(err)
	}
	return s, theirs
}

// from waits for a message of authentication of a kind.
func from[T any](t *testing.T, s *Session) T {
	t.Helper()
	for {
		select {
		case m := <-s.auth.in:
			if v, ok := m.(T); ok {
				return v
			}
		case <-background(t).Done():
			t.Fatal("no such message came")
		}
	}
}

// shown asks b to show its code and returns its public value.
func shown(t *testing.T, s *Session, b *Agent) []byte {
	t.Helper()
	if err := s.send(&wire.AuthHandshake{Token: wire.Token{Token: &b.token}, Status: wire.NeedsPresentation, Public: []byte{}}); err != nil {
		t.Fatal(err)
	}
	m := from[*wire.AuthHandshake](t, s)
	if m.Status != wire.Shown || *m.Token.Token != b.token {
		t.Fatalf("the answer is %+v", m)
	}
	return m.Public
}

// reply makes what the one who types sends.
func reply(t *testing.T, s *Session, b *Agent, code FixedCode, pA []byte) (*wire.AuthHandshake, *wire.AuthConfirmation) {
	t.Helper()
	c, err := ParseCode(string(code))
	if err != nil {
		t.Fatal(err)
	}
	x, err := spake2.New(spake2.Edwards25519(), spake2.Bob, c.octets(), []byte(b.fp.String()), []byte(s.agent.fp.String()))
	if err != nil {
		t.Fatal(err)
	}
	confirm, err := x.Confirm(pA)
	if err != nil {
		t.Fatal(err)
	}
	return &wire.AuthHandshake{Token: wire.Token{Token: &b.token}, Status: wire.Input, Public: x.Public()}, &wire.AuthConfirmation{Value: confirm}
}

// ends waits until a session is closed with a code.
func ends(t *testing.T, s *Session, code CloseCode) {
	t.Helper()
	select {
	case <-s.Done():
	case <-background(t).Done():
		t.Fatal("the session lasts")
	}
	var closed *ClosedError
	if !errors.As(s.Err(), &closed) || closed.Code != code {
		t.Errorf("the session ended with %v, want code %d", s.Err(), code)
	}
}

func shower(t *testing.T) *Agent {
	t.Helper()
	return agent(t, "b", func(o *Options) {
		o.Prompter = handCode
		o.Limits = Limits{WrongCodes: 100, WrongCodeWait: 1}
	})
}

func TestMessagesOfAHandshakeMayOvertakeEachOther(t *testing.T) {
	b := shower(t)
	mine, theirs := hand(t, b)
	h, c := reply(t, mine, b, handCode, shown(t, mine, b))
	if err := errors.Join(mine.send(&wire.AuthStatus{Result: wire.Authenticated}), mine.send(c), mine.send(h)); err != nil {
		t.Fatal(err)
	}
	if err := theirs.AwaitAuthenticated(background(t)); err != nil {
		t.Fatal(err)
	}
	if from[*wire.AuthStatus](t, mine).Result != wire.Authenticated {
		t.Error("the other side says something else")
	}
	if err := errors.Join(mine.send(h), mine.send(c)); err != nil { // again, when all is over
		t.Fatal(err)
	}
	if err := mine.send(&wire.StatusRequest{ID: 1}); err != nil || theirs.Err() != nil {
		t.Errorf("a late repetition: %v %v", err, theirs.Err())
	}
}

func TestAMessageThatComesTwiceIsNoNews(t *testing.T) {
	b := shower(t)
	mine, theirs := hand(t, b)
	h, c := reply(t, mine, b, handCode, shown(t, mine, b))
	if err := mine.send(h, h, c, c); err != nil {
		t.Fatal(err)
	}
	if err := theirs.AwaitAuthenticated(background(t)); err != nil {
		t.Fatal(err)
	}
}

func TestAHandshakeOfBeforeIsOfNoUse(t *testing.T) {
	b := shower(t)
	mine, theirs := hand(t, b)
	pA := shown(t, mine, b)
	h, c := reply(t, mine, b, handCode, pA)
	if err := mine.send(h, c); err != nil {
		t.Fatal(err)
	}
	if err := theirs.AwaitAuthenticated(background(t)); err != nil {
		t.Fatal(err)
	}
	again, theirs := hand(t, b)
	if bytes.Equal(shown(t, again, b), pA) {
		t.Fatal("a public value is used twice")
	}
	if err := again.send(h, c); err != nil {
		t.Fatal(err)
	}
	ends(t, again, CloseAuthentication+CloseCode(wire.ProofInvalid))
	if theirs.Authenticated() {
		t.Error("a replayed handshake authenticates")
	}
}

func TestOwnMessagesSentBackAreNoProof(t *testing.T) {
	b := shower(t)
	mine, theirs := hand(t, b)
	pA := shown(t, mine, b)
	if err := mine.send(&wire.AuthHandshake{Token: wire.Token{Token: &b.token}, Status: wire.Input, Public: pA}); err != nil {
		t.Fatal(err)
	}
	if err := mine.send(from[*wire.AuthConfirmation](t, mine)); err != nil {
		t.Fatal(err)
	}
	ends(t, mine, CloseAuthentication+CloseCode(wire.ProofInvalid))
	if theirs.Authenticated() {
		t.Error("reflected messages authenticate")
	}
}

// TestWhatIsNoHandshakeEndsTheAttempt: each in the place of the answer.
func TestWhatIsNoHandshakeEndsTheAttempt(t *testing.T) {
	b := shower(t)
	token := wire.Token{Token: &b.token}
	for name, c := range map[string]struct {
		messages []any
		code     CloseCode
	}{
		"a point of small order":    {[]any{&wire.AuthHandshake{Token: token, Status: wire.Input, Public: append([]byte{1}, make([]byte, 31)...)}}, CloseAuthentication + 1},
		"no point":                  {[]any{&wire.AuthHandshake{Token: token, Status: wire.Input, Public: []byte{1}}}, CloseAuthentication + 1},
		"nothing":                   {[]any{&wire.AuthHandshake{Token: token, Status: wire.Input, Public: []byte{}}}, CloseAuthentication + 1},
		"the role of the presenter": {[]any{&wire.AuthHandshake{Token: token, Status: wire.Shown, Public: []byte{1}}}, CloseAuthentication + 1},
		"two confirmations":         {[]any{&wire.AuthConfirmation{Value: []byte{1}}, &wire.AuthConfirmation{Value: []byte{2}}}, CloseAuthentication + 1},
		"giving up":                 {[]any{&wire.AuthStatus{Result: wire.SecretUnknown}}, CloseAuthentication + 3},
	} {
		t.Run(name, func(t *testing.T) {
			mine, theirs := hand(t, b)
			shown(t, mine, b)
			if err := mine.send(c.messages...); err != nil {
				t.Fatal(err)
			}
			ends(t, mine, c.code)
			<-theirs.Done()
			if theirs.Authenticated() {
				t.Error("that authenticates")
			}
		})
	}
}

func TestAClaimIsNoProof(t *testing.T) {
	b := shower(t)
	mine, theirs := hand(t, b)
	if err := mine.send(&wire.AuthStatus{Result: wire.Authenticated}, &wire.Recognition{Known: true}); err != nil {
		t.Fatal(err)
	}
	if err := mine.send(&wire.TransportRequest{Transport: 0, Protocol: "kith-transfer/1"}); err != nil {
		t.Fatal(err)
	}
	shown(t, mine, b) // what came before was looked at
	if theirs.Authenticated() || len(theirs.transports.all) != 0 {
		t.Error("a claim authenticates")
	}
}

func FuzzParseCode(f *testing.F) {
	for _, s := range []string{"123-456-789", "0614-8854-8833", "", "-", "+1", "1_0", "99999999999999999999999999", "１２"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseCode(s)
		if err != nil {
			return
		}
		again, err := ParseCode(c.Numeric())
		if err != nil || !again.Equal(c) {
			t.Fatalf("%q is shown as %q, which is another code", s, c.Numeric())
		}
		qr, err := ParseQR(c.QR())
		if err != nil || !qr.Equal(c) {
			t.Fatalf("%q has the QR text %q, which is another code", s, c.QR())
		}
	})
}

// TestCodes holds codes to appendix B of the network protocol.
func TestCodes(t *testing.T) {
	for text, want := range map[string]struct{ numeric, qr string }{
		"61488548833":    {"0614-8854-8833", "e5100cbe1"},
		"0614-8854-8833": {"0614-8854-8833", "e5100cbe1"},
		"123456":         {"123-456", "1e240"},
		"1":              {"001", "1"},
		"123456789":      {"123-456-789", "75bcd15"},
		"1234567890":     {"0012-3456-7890", "499602d2"},
	} {
		c, err := ParseCode(text)
		if err != nil || c.Numeric() != want.numeric || c.QR() != want.qr {
			t.Errorf("%s is %s and %s (%v), want %s and %s", text, c.Numeric(), c.QR(), err, want.numeric, want.qr)
		}
	}
	for _, text := range []string{"", "12a", "-", "+5", "1208925819614629174706176", "0x10"} {
		if c, err := ParseCode(text); err == nil {
			t.Errorf("%q is taken as %s", text, c.Numeric())
		}
	}
	for bits, digits := range map[int]int{20: 9, 29: 9, 30: 12, 39: 12, 40: 16, 60: 20} {
		c, err := NewCode(bits)
		if err != nil || c.digits != digits {
			t.Errorf("a code of %d bits has %d digits (%v), want %d", bits, c.digits, err, digits)
		}
	}
}

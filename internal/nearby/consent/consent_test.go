package consent_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/nearby/consent"
	"github.com/kith-web/kith/internal/store"
)

const (
	app   = "ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"
	other = "wtp://example"
)

var errGone = errors.New("the page is gone")

// open returns a bucket of a real store that lasts as long as the test.
func open(t *testing.T, home string) (consent.Bucket, func()) {
	t.Helper()
	s, err := store.Open(home)
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Bucket("consent")
	if err != nil {
		t.Fatal(err)
	}
	return b, func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func desk(t *testing.T, o consent.Options) *consent.Desk {
	t.Helper()
	if o.Store == nil {
		bucket, done := open(t, t.TempDir())
		t.Cleanup(done)
		o.Store = bucket
	}
	d, err := consent.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// asked is a question that a goroutine waits for.
type asked struct {
	end  func()
	done chan struct{}
	got  consent.Answer
	err  error
}

func ask(d *consent.Desk, q consent.Question) *asked {
	ctx, cancel := context.WithCancelCause(context.Background())
	a := &asked{end: func() { cancel(errGone) }, done: make(chan struct{})}
	go func() {
		defer close(a.done)
		a.got, a.err = d.Ask(ctx, q)
	}()
	return a
}

// shown waits until n questions are shown.
func shown(t *testing.T, d *consent.Desk, n int) []consent.Ask {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		asks := d.Asks()
		if len(asks) == n {
			return asks
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d questions are shown, want %d: %v", len(asks), n, asks)
		}
	}
}

func TestAYesIsForThisTimeUnlessRemembered(t *testing.T) {
	d := desk(t, consent.Options{})
	q := consent.Question{Kind: consent.Advertise, App: app, Nickname: "Board"}
	first := ask(d, q)
	id := shown(t, d, 1)[0].ID
	if err := d.Allow(id, consent.Answer{}); err != nil {
		t.Fatal(err)
	}
	<-first.done
	if first.err != nil || len(d.Grants()) != 0 {
		t.Fatalf("the answer is %v, and %d grants are remembered", first.err, len(d.Grants()))
	}
	second := ask(d, q)
	if err := d.Allow(shown(t, d, 1)[0].ID, consent.Answer{Remember: true}); err != nil {
		t.Fatal(err)
	}
	<-second.done
	if _, err := d.Ask(t.Context(), q); err != nil {
		t.Fatalf("a remembered yes does not answer: %v", err)
	}
	if len(d.Asks()) != 0 {
		t.Error("a question that was answered is still shown")
	}
}

func TestGrantsAreOfOneAppOneKindAndOneDevice(t *testing.T) {
	d := desk(t, consent.Options{})
	q := consent.Question{Kind: consent.Incoming, App: app, Device: consent.Device{ID: "bob", Name: "Bob"}}
	first := ask(d, q)
	if err := d.Allow(shown(t, d, 1)[0].ID, consent.Answer{Remember: true}); err != nil {
		t.Fatal(err)
	}
	<-first.done
	if first.got.Device.ID != "bob" {
		t.Errorf("the answer is for %v", first.got.Device)
	}
	for _, q := range []consent.Question{
		{Kind: consent.Incoming, App: other, Device: q.Device},
		{Kind: consent.Incoming, App: app, Device: consent.Device{ID: "eve", Name: "Bob"}},
		{Kind: consent.Reach, App: app, Device: q.Device},
		{Kind: consent.Advertise, App: app},
	} {
		a := ask(d, q)
		shown(t, d, 1)
		a.end()
		<-a.done
		if !errors.Is(a.err, errGone) {
			t.Errorf("%v: answered with %v, %v", q, a.got, a.err)
		}
	}
}

func TestReachNeedsADevice(t *testing.T) {
	d := desk(t, consent.Options{})
	a := ask(d, consent.Question{Kind: consent.Reach, App: app})
	id := shown(t, d, 1)[0].ID
	if err := d.Allow(id, consent.Answer{}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a yes without a device: %v", err)
	}
	shown(t, d, 1)
	if err := d.Allow(id, consent.Answer{Device: consent.Device{ID: "bob"}, Remember: true}); err != nil {
		t.Fatal(err)
	}
	<-a.done
	if a.err != nil || a.got.Device.ID != "bob" {
		t.Errorf("got %v, %v", a.got, a.err)
	}
	if known := d.Reachable(app); len(known) != 1 || known[0].ID != "bob" {
		t.Errorf("known devices: %v", known)
	}
	if known := d.Reachable(other); len(known) != 0 {
		t.Errorf("another app knows %v", known)
	}
}

func TestADismissedQuestionGoesOnWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := desk(t, consent.Options{Store: &memory{}})
		dismissed := ask(d, consent.Question{Kind: consent.Advertise, App: app})
		unseen := ask(d, consent.Question{Kind: consent.Reach, App: other})
		synctest.Wait()
		if err := d.Dismiss(d.Asks()[0].ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		for name, a := range map[string]*asked{"dismissed": dismissed, "unseen": unseen} {
			select {
			case <-a.done:
				t.Errorf("the page whose question was %s can tell: %v", name, a.err)
			default:
			}
			a.end()
			<-a.done
		}
		if n := len(d.Asks()); n != 0 {
			t.Errorf("%d questions of pages that are gone are shown", n)
		}
	})
}

func TestWhoIsDismissedAgainAndAgainIsHeardNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := desk(t, consent.Options{Store: &memory{}, MaxDismissals: 2, Quiet: time.Hour})
		q := consent.Question{Kind: consent.Advertise, App: app}
		var all []*asked
		try := func() int {
			all = append(all, ask(d, q))
			synctest.Wait()
			return len(d.Asks())
		}
		for range 2 {
			if try() != 1 {
				t.Fatal("the question is not shown")
			}
			if err := d.Dismiss(d.Asks()[0].ID); err != nil {
				t.Fatal(err)
			}
		}
		if try() != 0 {
			t.Error("a question that was dismissed twice is shown again")
		}
		time.Sleep(2 * time.Hour)
		if try() != 1 {
			t.Error("the question is not shown after the quiet time")
		}
		for _, a := range all {
			a.end()
			<-a.done
		}
	})
}

func TestOneAppDoesNotFillTheDesk(t *testing.T) {
	d := desk(t, consent.Options{MaxAppAsks: 2, MaxAsks: 3})
	var all []*asked
	for range 10 {
		all = append(all, ask(d, consent.Question{Kind: consent.Reach, App: app}))
	}
	shown(t, d, 2)
	for _, a := range []string{other, "https://third.example"} {
		all = append(all, ask(d, consent.Question{Kind: consent.Reach, App: a}))
	}
	shown(t, d, 3)
	for _, a := range all {
		a.end()
		<-a.done
	}
}

func TestGrantsSurviveAndAreTakenBack(t *testing.T) {
	home := t.TempDir()
	bucket, done := open(t, home)
	d := desk(t, consent.Options{Store: bucket})
	a := ask(d, consent.Question{Kind: consent.Incoming, App: app, Device: consent.Device{ID: "bob", Name: "Bob"}})
	if err := d.Allow(shown(t, d, 1)[0].ID, consent.Answer{Remember: true}); err != nil {
		t.Fatal(err)
	}
	<-a.done
	capability, err := d.Connect("https://app.example")
	if err != nil {
		t.Fatal(err)
	}
	done()

	bucket, done = open(t, home)
	defer done()
	var gone []consent.Grant
	d = desk(t, consent.Options{Store: bucket})
	d.OnRevoke(func(g consent.Grant) { gone = append(gone, g) })
	if len(d.Grants()) != 2 {
		t.Fatalf("after a restart there are %v", d.Grants())
	}
	if _, ok := d.Connected("https://app.example", capability); !ok {
		t.Error("a capability does not survive a restart")
	}
	if err := d.RevokeDevice("bob"); err != nil {
		t.Fatal(err)
	}
	if len(gone) != 1 || gone[0].Device.Name != "Bob" || len(d.Grants()) != 1 {
		t.Errorf("revoked %v, left %v", gone, d.Grants())
	}
	if err := d.Revoke(gone[0].ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a second revocation: %v", err)
	}
}

func TestACapabilityIsOfOneOrigin(t *testing.T) {
	d := desk(t, consent.Options{MaxConnects: 2})
	capability, err := d.Connect("https://app.example")
	if err != nil {
		t.Fatal(err)
	}
	for origin, secret := range map[string]string{
		"https://evil.example": capability, "https://app.example": capability + "x", "https://app.example:8443": capability,
	} {
		if _, ok := d.Connected(origin, secret); ok {
			t.Errorf("%s gets in with %s", origin, secret)
		}
	}
	g, ok := d.Connected("https://app.example", capability)
	if !ok {
		t.Fatal("the capability does not work")
	}
	if strings.Contains(g.Secret, capability) {
		t.Error("the capability itself is kept")
	}
	if err := d.Revoke(g.ID); err != nil {
		t.Fatal(err)
	}
	if _, ok := d.Connected("https://app.example", capability); ok {
		t.Error("a capability that was taken back works")
	}
	for range 2 {
		if _, err := d.Connect("https://app.example"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Connect("https://app.example"); fault.KindOf(err) != fault.TooLarge {
		t.Errorf("a third capability: %v", err)
	}
}

func TestNicknamesAreOneShortLine(t *testing.T) {
	d := desk(t, consent.Options{MaxNickname: 8})
	a := ask(d, consent.Question{Kind: consent.Advertise, App: app, Nickname: "a\nb\u202ec\x00\xffäöü\u2028déf"})
	if got := shown(t, d, 1)[0].Nickname; got != "abcäö" {
		t.Errorf("shown as %q", got)
	}
	a.end()
	<-a.done
}

// memory is a bucket for tests under a clock of their own, which a database does not follow.
type memory struct{ m map[string][]byte }

func (b *memory) Put(key string, value []byte) error {
	if b.m == nil {
		b.m = map[string][]byte{}
	}
	b.m[key] = value
	return nil
}

func (b *memory) Delete(key string) error {
	delete(b.m, key)
	return nil
}

func (b *memory) Each(prefix string, f func(key string, value []byte) error) error {
	for k, v := range b.m {
		if strings.HasPrefix(k, prefix) {
			if err := f(k, v); err != nil {
				return err
			}
		}
	}
	return nil
}

package openscreen

import (
	"context"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/loud"
	"github.com/kith-web/kith/internal/fault"
)

// port is of the multicast of one test, so that no other test and no responder
// of this computer is heard.
func port(t *testing.T) uint16 {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return addrPort(c.LocalAddr()).Port()
}

func onLoopback(p uint16) func(*Options) {
	return func(o *Options) {
		o.MulticastPort = p
		o.Interfaces = []string{"lo"}
	}
}

func announce(t *testing.T, a *Agent) {
	t.Helper()
	if err := a.SetAdvertising(true); err != nil {
		loud.Skip(t, "no multicast here: %v", err)
	}
}

func look(t *testing.T, a *Agent) <-chan Event {
	t.Helper()
	if err := a.SetDiscovering(true); err != nil {
		loud.Skip(t, "no multicast here: %v", err)
	}
	return a.Watch(background(t))
}

// until waits for an event that a test wants.
func until(t *testing.T, events <-chan Event, want func(Event) bool) Device {
	t.Helper()
	var seen []Event
	for {
		select {
		case e, ok := <-events:
			if !ok {
				t.Fatalf("the events ended after %v", seen)
			}
			if want(e) {
				return e.Device
			}
			seen = append(seen, e)
		case <-time.After(patience):
			t.Fatalf("only %v happened", seen)
		}
	}
}

func is(k EventKind, a *Agent) func(Event) bool {
	return func(e Event) bool { return e.Kind == k && e.Device.Fingerprint == a.fp }
}

// TestAgentsFindEachOtherAndAuthenticate goes all the way from an announcement to
// an authenticated session, and to the goodbye.
func TestAgentsFindEachOtherAndAuthenticate(t *testing.T) {
	p := port(t)
	b := agent(t, "Küche (oben). #1", func(o *Options) { onLoopback(p)(o); o.Prompter = FixedCode("123456") })
	a := agent(t, "a", onLoopback(p))
	announce(t, b)
	events := look(t, a)
	d := until(t, events, is(Found, b))
	if d.Name != "Küche (oben). #1" || d.Truncated || d.Token != b.token || d.Serial != b.serial || d.Suspicious || len(d.Addrs) == 0 {
		t.Errorf("found %+v", d)
	}
	s, err := a.Dial(background(t), d)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Authenticate(background(t), FixedCode("123456")); err != nil {
		t.Fatal(err)
	}
	if err := b.SetDisplayName("Bad"); err != nil {
		t.Fatal(err)
	}
	d = until(t, events, func(e Event) bool { return e.Kind == Found && e.Device.Name == "Bad" })
	if d.Version == 0 || d.Serial == "" {
		t.Errorf("the version after a change is %d", d.Version)
	}
	if err := b.SetAdvertising(false); err != nil {
		t.Fatal(err)
	}
	until(t, events, func(e Event) bool { return e.Kind == Lost && e.Device.Name == "Bad" })
	if got := a.Devices(); len(got) != 0 {
		t.Errorf("after the goodbye there are %v", got)
	}
}

func TestANameThatIsTakenIsChanged(t *testing.T) {
	p := port(t)
	first, second := agent(t, "TV", onLoopback(p)), agent(t, "TV", onLoopback(p))
	viewer := agent(t, "viewer", onLoopback(p))
	announce(t, first)
	events := look(t, viewer)
	until(t, events, is(Found, first))
	announce(t, second)
	d := until(t, events, is(Found, second))
	if d.Instance != "TV (2)" {
		t.Errorf("the second is %q", d.Instance)
	}
	var names []string
	for _, d := range viewer.Devices() {
		names = append(names, d.Instance)
	}
	if !slices.Equal(names, []string{"TV", "TV (2)"}) {
		t.Errorf("there are %q", names)
	}
	for deadline := time.Now().Add(patience); second.Certificate().Leaf.DNSNames[0] != agentHostname(second.snapshot()); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the certificate is for %v", second.Certificate().Leaf.DNSNames)
		}
	}
}

func (a *Agent) snapshot() (serial, instance string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.serial, a.instance
}

// TestTwoThatWantANameAtOnceDoNotBothGetIt (RFC 6762, section 8.2).
func TestTwoThatWantANameAtOnceDoNotBothGetIt(t *testing.T) {
	p := port(t)
	first, second := agent(t, "TV", onLoopback(p)), agent(t, "TV", onLoopback(p))
	viewer := agent(t, "viewer", onLoopback(p))
	events := look(t, viewer)
	announce(t, first)
	announce(t, second)
	instances := map[Fingerprint]string{}
	until(t, events, func(e Event) bool {
		if e.Kind != Lost {
			instances[e.Device.Fingerprint] = e.Device.Instance
		}
		one, two := instances[first.fp], instances[second.fp]
		return one != "" && two != "" && one != two && (one == "TV" || two == "TV")
	})
}

func TestALongNameIsTruncatedAndTold(t *testing.T) {
	p := port(t)
	long := "Das große Gerät im Wohnzimmer neben der Tür, das niemand je ausschaltet"
	b, a := agent(t, long, onLoopback(p)), agent(t, "a", onLoopback(p))
	announce(t, b)
	d := until(t, look(t, a), is(Found, b))
	if !d.Truncated || len(d.Instance) > instanceSize || d.Name == "" || long[:len(d.Name)] != d.Name {
		t.Errorf("found %+v", d)
	}
}

// TestTwoWithOneFingerprintAreSuspicious: somebody announces what another is.
func TestTwoWithOneFingerprintAreSuspicious(t *testing.T) {
	p := port(t)
	real, thief, a := agent(t, "real", onLoopback(p)), agent(t, "thief", onLoopback(p)), agent(t, "a", onLoopback(p))
	thief.fp = real.fp
	announce(t, real)
	announce(t, thief)
	events := look(t, a)
	until(t, events, func(e Event) bool { return e.Device.Suspicious })
	for deadline := time.Now().Add(patience); len(a.Devices()) < 2; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("there are only %v", a.Devices())
		}
	}
	for _, d := range a.Devices() {
		_, err := a.Dial(background(t), d)
		if d.Name == "thief" && fault.KindOf(err) != fault.Forbidden || d.Name == "real" && err != nil {
			t.Errorf("dialling %s: %v", d.Name, err)
		}
	}
}

func TestWatchEndsWithItsContextAndTheAgent(t *testing.T) {
	a := agent(t, "a", nil)
	ctx, cancel := context.WithCancel(context.Background())
	w, v := a.Watch(ctx), a.Watch(context.Background())
	cancel()
	if _, ok := <-w; ok {
		t.Error("an event of nothing")
	}
	a.stop()
	if _, ok := <-v; ok {
		t.Error("an event of nothing")
	}
}

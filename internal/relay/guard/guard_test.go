package guard_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kith-web/kith/internal/relay/guard"
)

func TestARateAllowsItsBurstAndThenItsPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := guard.NewRate(guard.Limit{PerSecond: 2, Burst: 5})
		a := netip.MustParseAddr("192.0.2.1")
		count := func() (n int) {
			for r.Allow(a) {
				n++
			}
			return n
		}
		if got := count(); got != 5 {
			t.Errorf("burst: %d allowed, want 5", got)
		}
		time.Sleep(3 * time.Second)
		if got := count(); got != 5 {
			t.Errorf("after 3 s at 2/s with a burst of 5: %d allowed, want 5", got)
		}
		time.Sleep(time.Second)
		if got := count(); got != 2 {
			t.Errorf("after 1 s at 2/s: %d allowed, want 2", got)
		}
		if !r.Allow(netip.MustParseAddr("192.0.2.2")) {
			t.Error("another address pays for the first")
		}
	})
}

func TestDelayPutsOffAndThenRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := guard.NewRate(guard.Limit{PerSecond: 10, Burst: 2})
		a := netip.MustParseAddr("2001:db8::1")
		for i, want := range []time.Duration{0, 0, 100 * time.Millisecond, 200 * time.Millisecond} {
			if got, ok := r.Delay(a, 200*time.Millisecond); !ok || got != want {
				t.Errorf("event %d: put off by %v, %v; want %v", i, got, ok, want)
			}
		}
		if _, ok := r.Delay(netip.MustParseAddr("2001:db8::2"), 200*time.Millisecond); ok {
			t.Error("another address of the same /64 has a rate of its own")
		}
	})
}

func TestPairsHaveRatesOfTheirOwn(t *testing.T) {
	r := guard.NewRate(guard.Limit{PerSecond: 0.001, Burst: 1})
	a := netip.MustParseAddr("192.0.2.1")
	if !r.AllowIn(a, []byte("x")) || r.AllowIn(a, []byte("x")) || !r.AllowIn(a, []byte("y")) {
		t.Error("pairs share a rate, or have none")
	}
}

func TestNoLimitAllowsAll(t *testing.T) {
	r := guard.NewRate(guard.Limit{PerSecond: -1}.Or(guard.Limit{PerSecond: 1, Burst: 1}))
	for range 100 {
		if !r.Allow(netip.MustParseAddr("192.0.2.1")) {
			t.Fatal("refused without a limit")
		}
	}
}

func TestACountHoldsEachAndAll(t *testing.T) {
	c := guard.NewCount(2, 3)
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	for i, step := range []struct {
		addr netip.Addr
		want bool
	}{{a, true}, {a, true}, {a, false}, {b, true}, {b, false}} {
		if got := c.Take(step.addr); got != step.want {
			t.Errorf("step %d: %v", i, got)
		}
	}
	c.Give(a)
	if c.Total() != 2 || !c.Take(b) || c.Take(b) {
		t.Error("what was given back cannot be had again, or more than that")
	}
}

func TestOnlyATrustedProxySaysWhoIsBehindIt(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, c := range []struct{ remote, forwarded, want string }{
		{"192.0.2.1:9", "", "192.0.2.1"},
		{"192.0.2.1:9", "203.0.113.5", "192.0.2.1"},
		{"10.1.1.1:9", "203.0.113.5", "203.0.113.5"},
		{"10.1.1.1:9", "198.51.100.1, 203.0.113.5", "203.0.113.5"},
		{"10.1.1.1:9", "198.51.100.1, 203.0.113.5, 10.2.2.2", "203.0.113.5"},
		{"10.1.1.1:9", "", "10.1.1.1"},
		{"10.1.1.1:9", "unknown", "10.1.1.1"},
		{"10.1.1.1:9", "10.3.3.3", "10.3.3.3"},
		{"[::1]:9", "2001:db8::7", "2001:db8::7"},
		{"[::ffff:192.0.2.1]:9", "", "192.0.2.1"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/announce", nil)
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := guard.Client(r, trusted); got != netip.MustParseAddr(c.want) {
			t.Errorf("from %s, forwarded %q: %s, want %s", c.remote, c.forwarded, got, c.want)
		}
	}
}

func FuzzClient(f *testing.F) {
	f.Add("10.0.0.1:1", "192.0.2.1, 10.0.0.2")
	f.Add("[fe80::1%eth0]:1", ",,,")
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, remote, forwarded string) {
		r := &http.Request{RemoteAddr: remote, Header: http.Header{"X-Forwarded-For": {forwarded}}}
		got := guard.Client(r, trusted)
		if got.Is4In6() || got.Zone() != "" {
			t.Errorf("not in plain form: %s", got)
		}
		if from, err := netip.ParseAddrPort(remote); err == nil && !trusted[0].Contains(from.Addr().Unmap()) && got != from.Addr().Unmap().WithZone("") {
			t.Errorf("%s made itself %s", remote, got)
		}
	})
}

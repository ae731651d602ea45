package doctor

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/kith-web/kith/internal/openscreen"
)

func TestParsePlace(t *testing.T) {
	for listen, want := range map[string]string{
		"tcp://0.0.0.0:42069":                           "tcp 0.0.0.0:42069",
		"udp://[::]:42069":                              "udp [::]:42069",
		"/ip4/10.0.0.1/tcp/42070/p2p/12D3":              "tcp 10.0.0.1:42070",
		"/ip6/::1/udp/42071/quic-v1/p2p/12D3":           "quic [::1]:42071",
		"/ip4/10.0.0.1/udp/1/quic-v1/p2p/a/p2p-circuit": "",
		"/dns4/host/tcp/1":                              "", "/ip4/10.0.0.1/tcp/70000": "", "http://1.2.3.4:5": "", "": "", "\x7f": "",
	} {
		p, ok := ParsePlace(listen)
		got := ""
		if ok {
			got = p.Network + " " + p.Addr.String()
		}
		if got != want {
			t.Errorf("%q is %q, want %q", listen, got, want)
		}
	}
}

func FuzzParsePlace(f *testing.F) {
	f.Add("tcp://0.0.0.0:42069")
	f.Add("/ip4/10.0.0.1/udp/42071/quic-v1/p2p/12D3")
	f.Fuzz(func(t *testing.T, listen string) {
		if p, ok := ParsePlace(listen); ok && !p.Addr.Addr().IsValid() {
			t.Errorf("%q is no place and is taken for one", listen)
		}
	})
}

// expect fails unless a check came out so, and says what to do when it is bad.
func expect(t *testing.T, c Check, state State, words string) {
	t.Helper()
	if c.State != state || !strings.Contains(c.Message, words) {
		t.Errorf("%s: %s: %s; want %s: …%s…", c.Name, c.State, c.Message, state, words)
	}
	if (state == Warning || state == Failed) && c.Hint == "" {
		t.Errorf("%s: %s has no hint", c.Name, c.Message)
	}
}

func TestAClockThatIsOff(t *testing.T) {
	expect(t, checkClock(nil, time.Time{}), OK, "nobody")
	expect(t, checkClock(nil, time.Now().Add(48*time.Hour)), Failed, "before this program was made")
	for _, q := range []struct {
		ahead time.Duration
		state State
		words string
	}{
		{0, OK, "agrees with 127.0.0.1"},
		{3 * time.Minute, Warning, "3m0s behind what 127.0.0.1"},
		{-2 * time.Hour, Failed, "2h0m0s ahead of what 127.0.0.1"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", time.Now().Add(q.ahead).UTC().Format(http.TimeFormat))
		}))
		clock := NewClock()
		web := http.Client{Transport: clock.Through(http.DefaultTransport)}
		resp, err := web.Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		server.Close()
		c := checkClock(clock, time.Time{})
		c.Message = strings.NewReplacer("59s", "0s", "1m1s", "1m0s", "2m0s behind", "3m0s behind", "1h59m0s", "2h0m0s", "h0m1s", "h0m0s", "m1s", "m0s").Replace(c.Message)
		expect(t, c, q.state, q.words)
	}
}

// TestARelayIsHeard: relays are spoken to over WebSocket, whose answer has a date too.
func TestARelayIsHeard(t *testing.T) {
	relay := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		_ = conn.Close(websocket.StatusNormalClosure, "")
	}))
	defer relay.Close()
	clock := NewClock()
	conn, _, err := websocket.Dial(t.Context(), relay.URL, &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: clock.Through(http.DefaultTransport)},
	})
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.CloseNow()
	expect(t, checkClock(clock, time.Time{}), OK, "agrees with 127.0.0.1")
}

func TestOneWrongClockIsOutvoted(t *testing.T) {
	clock, now := NewClock(), time.Now()
	for host, ahead := range map[string]time.Duration{"a": 0, "b": time.Second, "c": 24 * time.Hour} {
		clock.hear(host, now.Add(ahead).UTC().Format(http.TimeFormat), now, now)
	}
	clock.hear("late", now.Add(time.Hour).UTC().Format(http.TimeFormat), now.Add(-time.Hour), now)
	clock.hear("odd", "yesterday", now, now)
	if ahead, from := clock.Ahead(); ahead.Abs() > 3*time.Second || strings.Join(from, " ") != "a b c" {
		t.Errorf("%v ahead, from %q", ahead, from)
	}
	for range 100 {
		clock.hear(strings.Repeat("x", len(clock.ahead)), now.UTC().Format(http.TimeFormat), now, now)
	}
	if len(clock.ahead) != maxClocks {
		t.Errorf("%d clocks are remembered", len(clock.ahead))
	}
}

func TestRoom(t *testing.T) {
	free := func(n uint64, err error) func(string) (uint64, error) {
		return func(string) (uint64, error) { return n, err }
	}
	expect(t, checkDisk("/home", free(50<<30, nil)), OK, "50.0 GiB free at /home")
	expect(t, checkDisk("/home", free(1<<30, nil)), Warning, "1.0 GiB")
	expect(t, checkDisk("/home", free(100<<20, nil)), Failed, "0.1 GiB")
	expect(t, checkDisk("/home", free(0, errors.New("no such thing"))), Skipped, "no such thing")
	files := func(limit uint64) func() (uint64, uint64, error) {
		return func() (uint64, uint64, error) { return 10, limit, nil }
	}
	expect(t, checkFiles(files(20_000)), OK, "10 of at most 20000")
	expect(t, checkFiles(files(256)), Warning, "at most 256")
	expect(t, checkBuffer(func(int) (int, error) { return 212992, nil }), Warning, "208 KiB")
	expect(t, checkBuffer(func(want int) (int, error) { return want, nil }), OK, "7168 KiB")
	if got, err := receiveBuffer(4096); err != nil || got <= 0 {
		t.Errorf("a buffer of %d: %v", got, err)
	}
	if used, limit, err := openFiles(); err == nil && (used < 3 || limit < used) {
		t.Errorf("%d of %d files are open", used, limit)
	}
	if n, err := diskFree(t.TempDir()); err != nil || n == 0 {
		t.Errorf("%d octets are free: %v", n, err)
	}
}

func TestADoorAndItsPort(t *testing.T) {
	l, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	port := uint16(l.Addr().(*net.TCPAddr).Port)
	d := Door{Name: "ipfs", Key: "listen in [ipfs]", Want: port}
	expect(t, d.checkFree(t.Context()), Warning, "another program has port")
	d.Open = []Place{{"tcp", netip.AddrPortFrom(netip.IPv4Unspecified(), port)}}
	expect(t, d.checkOpen(t.Context()), OK, "")
	d.Want = port ^ 1
	expect(t, d.checkOpen(t.Context()), Warning, "was taken when the node started")
	expect(t, Door{Name: "ipfs"}.checkFree(t.Context()), Skipped, "any port")

	// What is closed although it should listen is refused, as by a firewall.
	_ = l.Close()
	if len(ownAddrs(netip.IPv4Unspecified())) > 0 {
		d.Want = port
		expect(t, d.checkOpen(t.Context()), Failed, "cannot connect there")
	}
}

// device and deviceAt start one that announces nothing and answers, and is closed with the test.
func device(t *testing.T) netip.AddrPort { return deviceAt(t, "127.0.0.1:0") }

func deviceAt(t *testing.T, listen string) netip.AddrPort {
	t.Helper()
	id, err := openscreen.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	a, err := openscreen.New(openscreen.Options{Identity: id, DisplayName: "Ada", Listen: netip.MustParseAddrPort(listen), Model: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a.Addr()
}

func TestDevicesThatAreSeenAndNotReached(t *testing.T) {
	t.Parallel() // it waits
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	there := Device{"Ada", []netip.AddrPort{device(t)}}
	apart := Device{"Bo", []netip.AddrPort{netip.MustParseAddrPort(silent.LocalAddr().String())}}
	expect(t, checkDevices(t.Context(), nil), Skipped, "no other device")
	expect(t, checkDevices(t.Context(), []Device{there}), OK, "answer: 1")
	expect(t, checkDevices(t.Context(), []Device{there, apart}), Warning, `"Bo"`)
	c := checkDevices(t.Context(), []Device{apart})
	expect(t, c, Failed, "keeps its devices apart")
	if !strings.Contains(c.Hint, "AP isolation") {
		t.Errorf("the hint is %q", c.Hint)
	}
}

func TestOnlyAnAnswerToTheProbeIsOne(t *testing.T) {
	id := []byte("12345678")
	packet := append([]byte{0x80, 0, 0, 0, 0, 8}, "12345678\x0887654321\x00\x00\x00\x01"...)
	if !answersProbe(packet, id) {
		t.Error("an answer is not known")
	}
	for i := range 14 {
		other := append([]byte(nil), packet...)
		other[i] ^= 0x80
		if answersProbe(other, id) || answersProbe(packet[:i], id) {
			t.Errorf("another octet %d makes no difference", i)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if probeQUIC(ctx, device(t)) == nil {
		t.Error("who gave up has an answer")
	}
}

func TestEverythingIsExamined(t *testing.T) {
	t.Parallel()
	all := Examine(t.Context(), Options{Home: t.TempDir(), Doors: []Door{{Name: "ipfs", Want: 1}}})
	var names []string
	for _, c := range all {
		names = append(names, c.Name)
		if c.Message == "" {
			t.Errorf("%s says nothing", c.Name)
		}
	}
	want := "ipfs port,firewall,IPv6,multicast,devices nearby,UDP buffer,disk,open files,clock,*.localhost"
	if got := strings.Join(names, ","); got != want {
		t.Errorf("looked at %s, want %s", got, want)
	}
}

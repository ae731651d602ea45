package dnssd

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// patience is how long tests wait for what has to come.
const patience = 15 * time.Second

// freePort is of the multicast of one test.
func freePort(t *testing.T) uint16 {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).AddrPort().Port()
}

// events is what a node was told.
type events struct {
	found chan Entry
	lost  chan string
}

func node(t *testing.T, port uint16, change func(*Options)) (*Node, events) {
	t.Helper()
	e := events{make(chan Entry, 1024), make(chan string, 1024)}
	o := Options{
		Service: "_test._udp", Port: port, Interfaces: []string{"lo"}, Only: netip.MustParseAddr("127.0.0.1"),
		Found: func(x Entry) { e.found <- x }, Lost: func(x string) { e.lost <- x },
		Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if change != nil {
		change(&o)
	}
	n, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n, e
}

// next waits for something.
func next[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func TestAServiceIsFoundChangedAndTakenBack(t *testing.T) {
	port := freePort(t)
	a, _ := node(t, port, nil)
	b, heard := node(t, port, nil)
	b.Browse(true)
	s := Service{Instance: `Ä "quoted". name\ (1)`, Port: 7, TXT: []Pair{{"mv", "\x40\x00="}, {"KEY", ""}}}
	if err := a.Register(s); err != nil {
		t.Fatal(err)
	}
	e := next(t, heard.found)
	if e.Instance != s.Instance || e.Port != 7 || e.TXT["mv"] != "\x40\x00=" || len(e.TXT) != 2 || len(e.Addrs) != 1 || e.Addrs[0] != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("found %+v", e)
	}
	s.TXT = []Pair{{"mv", "2"}}
	if err := a.Register(s); err != nil {
		t.Fatal(err)
	}
	if e := next(t, heard.found); e.TXT["mv"] != "2" {
		t.Errorf("after a change: %+v", e)
	}
	a.Unregister()
	if name := next(t, heard.lost); name != s.Instance {
		t.Errorf("%q was lost", name)
	}
}

// group sends raw packets to the group of a test, from a port of its own unless
// it shares that of mDNS.
func group(t *testing.T, port uint16, shared bool) (send func([]byte), receive func() *dns.Msg) {
	t.Helper()
	n := &Node{o: Options{Port: port}, ctx: t.Context(), packets: make(chan packet, 1024)}
	if !shared {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		to := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(port)}
		return func(b []byte) { _, _ = c.WriteTo(b, to) }, func() *dns.Msg { return readMsg(t, c) }
	}
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	l, err := n.open(*lo, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.conn.Close(); n.work.Wait() })
	return func(b []byte) { _ = l.write(b, l.group) }, func() *dns.Msg {
		for {
			var m dns.Msg
			if err := m.Unpack(next(t, n.packets).data); err == nil {
				return &m
			}
		}
	}
}

func readMsg(t *testing.T, c *net.UDPConn) *dns.Msg {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, packetSize)
	size, err := c.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	var m dns.Msg
	if err := m.Unpack(buf[:size]); err != nil {
		t.Fatal(err)
	}
	return &m
}

func pack(t testing.TB, m *dns.Msg) []byte {
	t.Helper()
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// announcement is what a service of somebody else says.
func announcement(instance, host string, ttl uint32) *dns.Msg {
	m := response()
	name := escape(instance) + "._test._udp.local."
	h := func(name string, kind uint16) dns.RR_Header {
		return dns.RR_Header{Name: name, Rrtype: kind, Class: dns.ClassINET, Ttl: ttl}
	}
	m.Answer = []dns.RR{
		&dns.PTR{Hdr: h("_test._udp.local.", dns.TypePTR), Ptr: name},
		&dns.SRV{Hdr: h(name, dns.TypeSRV), Target: host, Port: 9},
		&dns.TXT{Hdr: h(name, dns.TypeTXT), Txt: []string{"k=v"}},
		&dns.A{Hdr: h(host, dns.TypeA), A: net.IPv4(127, 0, 0, 1)},
	}
	return m
}

// TestAThousandAnnouncementsASecondDoNoHarm: one sender floods, and another is
// found all the same; what is kept of the flood is bounded.
func TestAThousandAnnouncementsASecondDoNoHarm(t *testing.T) {
	port := freePort(t)
	// One address floods with a thousand names; all of loopback is one sender, so
	// that the other service has to be there before its share is used up.
	a, _ := node(t, port, nil)
	b, heard := node(t, port, func(o *Options) { o.Packets = 400 })
	b.Browse(true)
	if err := a.Register(Service{Instance: "real", Port: 7}); err != nil {
		t.Fatal(err)
	}
	if e := next(t, heard.found); e.Instance != "real" {
		t.Fatalf("found %+v", e)
	}
	send, _ := group(t, port, true)
	for i := range 3000 {
		send(pack(t, announcement(fmt.Sprintf("flood %d", i), fmt.Sprintf("h%d.local.", i), 4500)))
		if i%100 == 99 {
			time.Sleep(time.Millisecond) // so that the system does not drop them instead
		}
	}
	b.do(func() {
		if n := len(b.cache.services); n > b.o.PerSender || n < 2 {
			t.Errorf("%d services are kept", n)
		}
		if n := len(b.cache.hosts); n > b.o.PerSender {
			t.Errorf("%d hosts are kept", n)
		}
	})
	a.Unregister() // the budget of a second is used up; the goodbye waits for the next
	a.do(func() { a.register(Service{Instance: "real", Port: 8}) })
	for e := next(t, heard.found); e.Instance != "real" || e.Port != 8; e = next(t, heard.found) {
		if strings.HasPrefix(e.Instance, "flood") {
			continue
		}
		t.Logf("found %+v", e)
	}
}

func TestARecordEndsAndIsAskedForBefore(t *testing.T) {
	port := freePort(t)
	b, heard := node(t, port, nil)
	b.Browse(true)
	send, receive := group(t, port, true)
	b.do(func() {}) // it listens
	send(pack(t, announcement("short", "h.local.", 2)))
	if e := next(t, heard.found); e.Instance != "short" {
		t.Fatalf("found %+v", e)
	}
	asked := false
	for !asked {
		for _, q := range receive().Question {
			asked = asked || q.Qtype == dns.TypeSRV && instanceOf(q.Name, "_test._udp.local.") == "short"
		}
	}
	if name := next(t, heard.lost); name != "short" {
		t.Errorf("%q was lost", name)
	}
}

// TestKnownAnswersAreNotRepeated (RFC 6762, section 7.1).
func TestKnownAnswersAreNotRepeated(t *testing.T) {
	n := &Node{service: "_test._udp.local."}
	c := &claim{s: Service{Instance: "x", Port: 1}, host: "h.local."}
	mine := n.ptr(c)
	fresh, old := n.ptr(c), n.ptr(c)
	old.Header().Ttl = recordTTL/2 - 1
	other := n.ptr(&claim{s: Service{Instance: "y"}, host: "h.local."})
	if len(without([]dns.RR{mine}, []dns.RR{other, fresh})) != 0 {
		t.Error("a known answer is repeated")
	}
	if len(without([]dns.RR{mine}, []dns.RR{other, old})) != 1 {
		t.Error("an answer that is about to end is not repeated")
	}
}

// TestAnOrdinaryResolverIsAnswered (RFC 6762, section 6.7), even if it asks by
// unicast from this computer.
func TestAnOrdinaryResolverIsAnswered(t *testing.T) {
	port := freePort(t)
	a, _ := node(t, port, nil)
	held := make(chan bool, 1)
	if err := a.Register(Service{Instance: "x", Port: 7, TXT: []Pair{{"k", "v"}}}); err != nil {
		t.Fatal(err)
	}
	for ok := false; !ok; time.Sleep(10 * time.Millisecond) {
		a.do(func() { held <- a.mine.held })
		ok = <-held
	}
	send, receive := group(t, port, false)
	q := new(dns.Msg)
	q.SetQuestion("_test._udp.local.", dns.TypePTR)
	send(pack(t, q))
	m := receive()
	if m.Id != q.Id || len(m.Question) != 1 || len(m.Answer) != 1 || m.Answer[0].Header().Ttl > 10 {
		t.Errorf("the answer is %v", m)
	}
}

func TestBudget(t *testing.T) {
	b := newBudget(8)
	now := time.Now()
	one, two := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	taken := 0
	for range 100 {
		if b.take(one, now) {
			taken++
		}
	}
	if taken != 2 || !b.take(two, now) || !b.take(one, now.Add(time.Second)) {
		t.Errorf("one sender has %d", taken)
	}
	for i := range 10_000 {
		b.take(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), now.Add(2*time.Second))
	}
	if b.all > 8 || len(b.of) > mostSenders {
		t.Errorf("%d packets of %d senders", b.all, len(b.of))
	}
}

func TestNames(t *testing.T) {
	for _, s := range []string{"a", "a.b", `a\b`, "Küche", "\x00\x01\xff\"; ()@$", "TV\x00", "1\\000"} {
		if got := unescape(escape(s)); got != s {
			t.Errorf("%q comes back as %q", s, got)
		}
		if got := instanceOf(escape(s)+"._test._udp.local.", "_test._udp.local."); got != s {
			t.Errorf("the instance of %q is %q", s, got)
		}
	}
	for _, s := range []string{"", ".", "_test._udp.local.", "x._other._udp.local.", "a.b._test._udp.local."} {
		if got := instanceOf(s, "_test._udp.local."); got != "" {
			t.Errorf("%q is instance %q", s, got)
		}
	}
}

func FuzzReceive(f *testing.F) {
	f.Add(pack(f, announcement("x", "h.local.", 120)))
	f.Add(pack(f, announcement("x", "h.local.", 0)))
	q := new(dns.Msg)
	q.SetQuestion("_test._udp.local.", dns.TypeANY)
	f.Add(pack(f, q))
	probe := new(dns.Msg)
	probe.SetQuestion("me._test._udp.local.", dns.TypeANY)
	probe.Ns = announcement("me", "h.local.", 120).Answer[1:3]
	f.Add(pack(f, probe))
	f.Fuzz(func(t *testing.T, data []byte) {
		l := &link{write: func([]byte, *net.UDPAddr) error { return nil }, group: &net.UDPAddr{}, sent: map[string]time.Time{}, nets: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}}
		n := &Node{o: Options{Port: 5353, Log: slog.New(slog.DiscardHandler)}, service: "_test._udp.local.", now: time.Now(), browse: true, cache: newCache(4, 2), budget: newBudget(100)}
		n.links = []*link{l}
		n.mine = &claim{s: Service{Instance: "me", Port: 1, TXT: []Pair{{"k", "v"}}}, base: "me", host: "mine.local.", held: true}
		for _, port := range []uint16{5353, 9} {
			n.receive(packet{link: l, data: data, from: netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), port)})
		}
		for range 100 {
			n.now = n.now.Add(time.Minute)
			n.tick()
		}
		if len(n.cache.services) > 2 {
			t.Fatalf("%d services", len(n.cache.services))
		}
	})
}

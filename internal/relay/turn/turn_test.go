package turn_test

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/logging"
	pion "github.com/pion/turn/v5"

	"github.com/kith-web/kith/internal/relay/guard"
	"github.com/kith-web/kith/internal/relay/turn"
)

const patience = 10 * time.Second

var loopback = netip.MustParseAddr("127.0.0.1")

func serve(t *testing.T, change func(*turn.Options)) *turn.Server {
	t.Helper()
	o := turn.Options{
		Conn: packetConn(t), PublicIP: loopback, Secret: []byte("sixteen octets at least"),
		AllowPrivate: true, Requests: guard.Limit{PerSecond: -1},
	}
	if change != nil {
		change(&o)
	}
	s, err := turn.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func packetConn(t *testing.T) net.PacketConn {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func dial(t *testing.T, s *turn.Server, c turn.Credential) *pion.Client {
	t.Helper()
	client, err := pion.NewClient(&pion.ClientConfig{
		STUNServerAddr: s.Addr().String(), TURNServerAddr: s.Addr().String(), Conn: packetConn(t),
		Username: c.Username, Password: c.Password, Realm: "kith", RTO: 200 * time.Millisecond,
		LoggerFactory: &logging.DefaultLoggerFactory{DefaultLogLevel: logging.LogLevelDisabled},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func allocate(t *testing.T, s *turn.Server) net.PacketConn {
	t.Helper()
	conn, err := dial(t, s, s.Credential()).Allocate()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestSTUNTellsTheAddress(t *testing.T) {
	s := serve(t, func(o *turn.Options) { o.PublicIP = netip.Addr{} })
	client := dial(t, s, turn.Credential{})
	addr, err := client.SendBindingRequest()
	if err != nil || !strings.HasPrefix(addr.String(), "127.0.0.1:") {
		t.Errorf("%v, %v", addr, err)
	}
	if conn, err := client.Allocate(); err == nil {
		t.Errorf("a STUN server allocated %s", conn.LocalAddr())
	}
	if s.Relays() {
		t.Error("Relays() of a STUN server")
	}
}

func TestTURNCarriesBothWays(t *testing.T) {
	s := serve(t, nil)
	relayed, peer := allocate(t, s), packetConn(t)
	carry := func(from net.PacketConn, to net.Addr, at net.PacketConn, text string) net.Addr {
		t.Helper()
		if _, err := from.WriteTo([]byte(text), to); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 100)
		at.SetReadDeadline(time.Now().Add(patience))
		n, sender, err := at.ReadFrom(buf)
		if err != nil || string(buf[:n]) != text {
			t.Fatalf("%q, %v; want %q", buf[:n], err, text)
		}
		return sender
	}
	if from := carry(relayed, peer.LocalAddr(), peer, "there"); from.String() != relayed.LocalAddr().String() {
		t.Errorf("the peer sees %s, want %s", from, relayed.LocalAddr())
	}
	carry(peer, relayed.LocalAddr(), relayed, "and back")
	other := allocate(t, s) // two who both wish not to be seen
	if _, err := other.WriteTo([]byte("x"), relayed.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	carry(relayed, other.LocalAddr(), other, "from relay to relay")
	if m := s.Metrics(); m.Allocations != 2 || m.Carried == 0 {
		t.Errorf("%+v", m)
	}
}

func TestCredentialsExpire(t *testing.T) {
	s := serve(t, func(o *turn.Options) { o.TTL = time.Second })
	c := s.Credential()
	forged := c
	forged.Username = "9" + c.Username
	past := serve(t, func(o *turn.Options) { o.TTL = time.Nanosecond }).Credential() // same secret
	for name, bad := range map[string]turn.Credential{
		"forged": forged, "expired": past, "none": {}, "no time": {Username: "alice", Password: "x"},
		"sign": {Username: "+" + c.Username, Password: c.Password},
	} {
		if conn, err := dial(t, s, bad).Allocate(); err == nil {
			t.Errorf("%s: allocated %s", name, conn.LocalAddr())
		}
	}
	if n := s.Metrics().Allocations; n != 0 {
		t.Errorf("%d allocations", n)
	}
	if until := time.Until(c.Expires); until > time.Second {
		t.Errorf("good for %v, want a second", until)
	}
}

func TestSpecialAddressesAreDenied(t *testing.T) {
	s := serve(t, func(o *turn.Options) { o.AllowPrivate = false })
	client := dial(t, s, s.Credential())
	conn, err := client.Allocate()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for addr, want := range map[string]bool{
		"10.0.0.1": false, "100.64.0.1": false, "127.0.0.2": false, "169.254.169.254": false, "172.31.0.1": false,
		"192.168.1.1": false, "192.0.2.1": false, "224.0.0.1": false, "255.255.255.255": false, "0.0.0.0": false,
		"8.8.8.8": true, "172.32.0.1": true,
	} {
		err := client.CreatePermission(&net.UDPAddr{IP: net.ParseIP(addr), Port: 1})
		if got := err == nil; got != want {
			t.Errorf("%s: allowed %v, want %v (%v)", addr, got, want, err)
		}
	}
}

// TestTheRelayIsNoWayIn sends to another service of the relay's own host, by
// its public address.
func TestTheRelayIsNoWayIn(t *testing.T) {
	s := serve(t, func(o *turn.Options) { o.AllowPrivate = false })
	service, relayed, other := packetConn(t), allocate(t, s), allocate(t, s)
	if _, err := relayed.WriteTo([]byte("x"), service.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); s.Metrics().Refused == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not refused")
		}
	}
	service.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, _, err := service.ReadFrom(make([]byte, 10)); err == nil {
		t.Errorf("%d octets came through", n)
	}
	if _, err := other.WriteTo([]byte("x"), relayed.LocalAddr()); err != nil {
		t.Errorf("another allocation: %v", err)
	}
}

func TestAllocationsAreCapped(t *testing.T) {
	s := serve(t, func(o *turn.Options) { o.MaxPerAddress = 2 })
	first := allocate(t, s)
	allocate(t, s)
	if conn, err := dial(t, s, s.Credential()).Allocate(); err == nil {
		t.Errorf("a third: %s", conn.LocalAddr())
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); s.Metrics().Allocations != 1; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("what is closed still counts")
		}
	}
	allocate(t, s)
}

func TestOctetsAreCapped(t *testing.T) {
	s := serve(t, func(o *turn.Options) { o.Rate = 3000 })
	relayed, peer := allocate(t, s), packetConn(t)
	began := time.Now()
	for range 20 {
		if _, err := relayed.WriteTo(make([]byte, 1000), peer.LocalAddr()); err != nil {
			t.Fatal(err)
		}
	}
	for end := time.Now().Add(patience); s.Metrics().Carried/1000+s.Metrics().Dropped < 20; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%+v", s.Metrics())
		}
	}
	most := 3000 + 3000*time.Since(began).Seconds()
	if m := s.Metrics(); float64(m.Carried) > most || m.Carried < 3000 {
		t.Errorf("%d octets carried, want 3000 to %.0f", m.Carried, most)
	}
}

func TestRequestsAreCapped(t *testing.T) {
	s := serve(t, func(o *turn.Options) { o.Requests = guard.Limit{PerSecond: 0.001, Burst: 1} })
	client := dial(t, s, turn.Credential{})
	if _, err := client.SendBindingRequest(); err != nil {
		t.Fatal(err)
	}
	conn := packetConn(t)
	request := append([]byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, make([]byte, 12)...)
	if _, err := conn.WriteTo(request, net.UDPAddrFromAddrPort(s.Addr())); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); s.Metrics().Refused == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("a second request was not refused")
		}
	}
}

func TestOptionsThatCannotWork(t *testing.T) {
	for name, o := range map[string]turn.Options{
		"no socket": {},
		"no secret": {Conn: packetConn(t), PublicIP: loopback},
		"families":  {Conn: packetConn(t), PublicIP: loopback, BindIP: netip.IPv6Loopback(), Secret: make([]byte, 16)},
	} {
		if _, err := turn.New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// FuzzPackets throws octets at a server, which must go on answering.
func FuzzPackets(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
	f.Add([]byte{0, 3, 0, 8, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 0x19, 0, 4, 17, 0, 0, 0})
	f.Add([]byte{0x40, 0, 0, 4, 1, 2, 3, 4})
	server, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		f.Fatal(err)
	}
	s, err := turn.New(turn.Options{Conn: server, PublicIP: loopback, Secret: make([]byte, 16), Requests: guard.Limit{PerSecond: -1}})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close() })
	conn, err := net.Dial("udp4", s.Addr().String())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { conn.Close() })
	f.Fuzz(func(t *testing.T, packet []byte) {
		if len(packet) > 1500 {
			return
		}
		conn.Write(packet)
		binding := append([]byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, "still alive?"...)
		conn.Write(binding)
		conn.SetReadDeadline(time.Now().Add(patience))
		for buf := make([]byte, 1500); ; {
			n, err := conn.Read(buf)
			if err != nil {
				t.Fatalf("after %x: %v", packet, err)
			}
			if n >= 20 && string(buf[8:20]) == "still alive?" {
				return
			}
		}
	})
}

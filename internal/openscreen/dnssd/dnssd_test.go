package dnssd

import (
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"
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

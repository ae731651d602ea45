package tracker_test

import (
	"bytes"
	"encoding/binary"
	"net"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/relay/guard"
	"github.com/kith-web/kith/internal/relay/tracker"
)

// peer is a UDP client on a loopback address of its own.
func udpPeer(t *testing.T, to, from string) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.UDPAddr{IP: net.ParseIP(from)}}
	conn, err := d.DialContext(t.Context(), "udp", to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// exchange sends a packet and returns the answer to it.
func exchange(t *testing.T, conn net.Conn, packet []byte) []byte {
	t.Helper()
	if _, err := conn.Write(packet); err != nil {
		t.Fatal(err)
	}
	conn.SetReadDeadline(time.Now().Add(patience))
	buf := make([]byte, 2048)
	n, err := conn.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(buf[4:8], packet[12:16]) {
		t.Fatalf("answer %x to another transaction than %x", buf[:n], packet[12:16])
	}
	return buf[:n]
}

func TestUDPTracker(t *testing.T) {
	r := run(t, tracker.Options{})
	hash, any20 := [20]byte{1, 2, 3}, [20]byte{9}
	seed := udpPeer(t, r.udp, "127.0.0.1")
	got := exchange(t, seed, udpAnnounceRequest(udpConnectionID(t, seed), hash, any20, 2, 0, 7001, -1))
	if want := []byte{0, 0, 0, 1, 5, 6, 7, 8, 0, 0, 900 >> 8, 900 & 0xff, 0, 0, 0, 0, 0, 0, 0, 1}; !bytes.Equal(got, want) {
		t.Errorf("the seed alone: %x, want %x", got, want)
	}
	leecher := udpPeer(t, r.udp, "127.0.0.1")
	id := udpConnectionID(t, leecher)
	got = exchange(t, leecher, udpAnnounceRequest(id, hash, any20, 2, 10, 7002, 50))
	if want := []byte{0, 0, 0, 1, 0, 0, 0, 1, 127, 0, 0, 1, 7001 >> 8, 7001 & 0xff}; !bytes.Equal(got[12:], want) {
		t.Errorf("a leecher: %x, want %x", got[12:], want)
	}
	six := udpPeer(t, r.udp6, "::1")
	id6 := udpConnectionID(t, six)
	got = exchange(t, six, udpAnnounceRequest(id6, hash, any20, 2, 10, 7003, 50))
	if want := []byte{0, 0, 0, 2, 0, 0, 0, 1}; !bytes.Equal(got[12:], want) {
		t.Errorf("IPv6: %x, want the counts of all and no IPv4 addresses", got[12:])
	}
	other := udpPeer(t, r.udp6, "::1")
	got = exchange(t, other, udpAnnounceRequest(udpConnectionID(t, other), hash, any20, 0, 10, 7004, 50))
	if want := append(net.IPv6loopback, 7003>>8, 7003&0xff); !bytes.Equal(got[20:], want) {
		t.Errorf("IPv6: %x, want %x (BEP 15, IPv6)", got[20:], want)
	}
	exchange(t, leecher, udpAnnounceRequest(id, hash, any20, 1, 0, 7002, 0)) // completed
	exchange(t, other, udpAnnounceRequest(udpConnectionID(t, other), hash, any20, 3, 10, 7004, 0))

	scrape := append(append(append([]byte(nil), id...), 0, 0, 0, 2, 1, 1, 1, 1), make([]byte, 20)...)
	scrape = append(scrape, hash[:]...)
	got = exchange(t, leecher, scrape)
	if want := []byte{
		0, 0, 0, 2, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1,
	}; !bytes.Equal(got, want) {
		t.Errorf("scrape: %x, want %x", got, want)
	}
	status, body := r.get(t, "/scrape?info_hash=%01%02%03"+string(bytes.Repeat([]byte("%00"), 17)), "")
	if want := "d8:completei2e10:downloadedi1e10:incompletei1e"; status != 200 || !bytes.Contains([]byte(body), []byte(want)) {
		t.Errorf("the same swarm over HTTP: %d %q, want %q", status, body, want)
	}
}

// TestUDPTrackerBelievesNobody is about forged addresses: without a connection
// id that this address was given, a packet changes nothing and brings at most a
// shorter one.
func TestUDPTrackerBelievesNobody(t *testing.T) {
	r := run(t, tracker.Options{})
	first, second := udpPeer(t, r.udp, "127.0.0.1"), udpPeer(t, r.udp, "127.0.0.2")
	stolen := udpConnectionID(t, first)
	for _, id := range [][]byte{stolen, make([]byte, 8), binary.BigEndian.AppendUint64(nil, 0x41727101980)} {
		req := udpAnnounceRequest(id, [20]byte{1}, [20]byte{2}, 2, 0, 7001, 200)
		got := exchange(t, second, req)
		if binary.BigEndian.Uint32(got) != 3 || string(got[8:]) != "connection id expired" || len(got) > len(req) {
			t.Errorf("with the id %x: %q", id, got)
		}
	}
	if m := r.Metrics(); m.Peers != 0 || m.UDP.Invalid != 3 {
		t.Errorf("%+v", m)
	}
}

// TestNonsenseIsNotAnswered sends what must bring nothing, and then something
// that must.
func TestNonsenseIsNotAnswered(t *testing.T) {
	r := run(t, tracker.Options{})
	conn := udpPeer(t, r.udp, "127.0.0.1")
	id := udpConnectionID(t, conn)
	for _, packet := range [][]byte{{}, {1}, make([]byte, 15), make([]byte, 16), bytes.Repeat([]byte{0xff}, 20)} {
		if _, err := conn.Write(packet); err != nil {
			t.Fatal(err)
		}
	}
	got := exchange(t, conn, udpAnnounceRequest(id, [20]byte{1}, [20]byte{}, 0, 0, 0, 0))
	if binary.BigEndian.Uint32(got) != 3 || string(got[8:]) != "port is 0" {
		t.Errorf("port 0: %q", got)
	}
	if n := r.Metrics().UDP.Invalid; n != 5 {
		t.Errorf("%d packets of nonsense counted, want 5", n)
	}
}

func TestAUDPFloodIsNotAnswered(t *testing.T) {
	r := run(t, tracker.Options{Rate: guard.Limit{PerSecond: 0.001, Burst: 2}})
	conn := udpPeer(t, r.udp, "127.0.0.1")
	id := udpConnectionID(t, conn)
	exchange(t, conn, udpAnnounceRequest(id, [20]byte{1}, [20]byte{}, 0, 0, 1, 0))
	for range 10 {
		if _, err := conn.Write(udpAnnounceRequest(id, [20]byte{1}, [20]byte{}, 0, 0, 1, 0)); err != nil {
			t.Fatal(err)
		}
	}
	other := udpPeer(t, r.udp, "127.0.0.2")
	udpConnectionID(t, other) // is answered, after all of those before it
	waitFor(t, "ten refusals", func() bool { return r.Metrics().UDP.Refused == 10 })
	if n := r.Metrics().UDP.Announces; n != 1 {
		t.Errorf("%d announces were answered, want 1", n)
	}
}

// waitFor waits for what other goroutines will bring about.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

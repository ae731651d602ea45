package tracker

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/kith-web/kith/internal/relay/guard"
)

func testStore(o Options) *store {
	if o.NewPeers == (guard.Limit{}) {
		o.NewPeers = guard.Limit{PerSecond: -1}
	}
	return newStore(o.withDefaults())
}

// tell announces one peer and returns the answer.
func tell(t *testing.T, s *store, hash byte, addr string, now uint32, change func(*announce)) handout {
	t.Helper()
	a := announce{hash: InfoHash{hash}, addr: netip.MustParseAddrPort(addr), want: 50}
	if change != nil {
		change(&a)
	}
	var h handout
	if err := s.announce(&a, now, &h); err != nil {
		t.Fatal(err)
	}
	return h
}

func seeding(a *announce)   { a.seed = true }
func stopping(a *announce)  { a.event = eventStopped }
func completed(a *announce) { a.event, a.seed = eventCompleted, true }

func TestPeersAreForgottenAndSwarmsWithThem(t *testing.T) {
	s := testStore(Options{})
	tell(t, s, 1, "192.0.2.1:1", 100, nil)
	tell(t, s, 1, "[2001:db8::1]:1", 200, seeding)
	tell(t, s, 2, "192.0.2.1:1", 100, nil)
	sweep := func(oldest uint32) {
		for i := range shardCount {
			s.sweep(i, oldest)
		}
	}
	sweep(100)
	if s.peers.Load() != 3 || s.swarms.Load() != 2 {
		t.Errorf("before their time: %d peers in %d swarms", s.peers.Load(), s.swarms.Load())
	}
	sweep(150)
	if got := s.scrape(InfoHash{1}); got.Seeds != 1 || got.Leechers != 0 {
		t.Errorf("swarm 1: %+v, want its seed alone", got)
	}
	if s.peers.Load() != 1 || s.swarms.Load() != 1 {
		t.Errorf("%d peers in %d swarms, want 1 in 1", s.peers.Load(), s.swarms.Load())
	}
	sweep(201)
	if s.peers.Load() != 0 || s.swarms.Load() != 0 {
		t.Errorf("%d peers in %d swarms are left", s.peers.Load(), s.swarms.Load())
	}
}

func TestThousandsExpireAtOnce(t *testing.T) {
	s := testStore(Options{})
	for i := range 5000 {
		port := binary.BigEndian.AppendUint16(nil, uint16(i+1))
		addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, port[0]}), uint16(i+1)).String()
		tell(t, s, 1, addr, uint32(1+i%2), func(a *announce) { a.seed = i%3 == 0 })
	}
	for i := range shardCount {
		s.sweep(i, 2)
	}
	got := s.scrape(InfoHash{1})
	if got.Seeds+got.Leechers != 2500 || s.peers.Load() != 2500 {
		t.Errorf("%+v and %d peers, want 2500", got, s.peers.Load())
	}
	tell(t, s, 1, "192.0.2.0:2", 3, func(a *announce) { a.event = eventStopped })
	if s.peers.Load() != 2499 {
		t.Error("a peer that was kept cannot be found")
	}
}

func TestEventsCount(t *testing.T) {
	s := testStore(Options{})
	if h := tell(t, s, 1, "192.0.2.1:1", 1, stopping); h.Tally != (Tally{}) || s.swarms.Load() != 0 {
		t.Error("one who stops what it never began founds a swarm")
	}
	tell(t, s, 1, "192.0.2.1:1", 1, nil)
	tell(t, s, 1, "192.0.2.2:1", 1, completed) // was never a leecher here
	h := tell(t, s, 1, "192.0.2.1:1", 1, completed)
	if h.Tally != (Tally{Seeds: 2, Completed: 1}) {
		t.Errorf("%+v, want 2 seeds and 1 completed", h.Tally)
	}
	if h = tell(t, s, 1, "192.0.2.1:1", 1, completed); h.Completed != 1 {
		t.Error("the same peer completed twice")
	}
	h = tell(t, s, 1, "192.0.2.1:1", 1, stopping)
	if h.Tally != (Tally{Seeds: 1, Completed: 1}) || len(h.v4) != 0 {
		t.Errorf("after one stopped: %+v with %d octets of peers", h.Tally, len(h.v4))
	}
}

func TestOneIsHandedOthersOnly(t *testing.T) {
	s := testStore(Options{})
	tell(t, s, 1, "192.0.2.1:1", 1, seeding)
	if h := tell(t, s, 1, "192.0.2.2:2", 1, nil); string(h.v4) != "\xc0\x00\x02\x01\x00\x01" {
		t.Errorf("a leecher gets %x, want the seed", h.v4)
	}
	if h := tell(t, s, 1, "192.0.2.1:1", 1, seeding); string(h.v4) != "\xc0\x00\x02\x02\x00\x02" {
		t.Errorf("a seed gets %x, want the leecher", h.v4)
	}
	if h := tell(t, s, 1, "192.0.2.3:3", 1, seeding); string(h.v4) != "\xc0\x00\x02\x02\x00\x02" {
		t.Errorf("a second seed gets %x, want the leecher alone", h.v4)
	}
}

func TestBothFamiliesAreHandedOut(t *testing.T) {
	s := testStore(Options{})
	for i := range 40 {
		tell(t, s, 1, netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), 1).String(), 1, nil)
	}
	for i := range 3 {
		tell(t, s, 1, netip.AddrPortFrom(netip.AddrFrom16([16]byte{0x20, 15: byte(i)}), 1).String(), 1, nil)
	}
	for _, c := range []struct{ want, family, v4, v6 int }{
		{10, 0, 7, 3}, {4, 0, 2, 2}, {100, 0, 39, 3}, {0, 0, 0, 0}, {10, 4, 10, 0}, {10, 6, 0, 3},
	} {
		h := tell(t, s, 1, "192.0.2.0:1", 1, func(a *announce) { a.want, a.family = c.want, c.family })
		if len(h.v4) != 6*c.v4 || len(h.v6) != 18*c.v6 {
			t.Errorf("want %d of family %d: %d and %d, want %d and %d", c.want, c.family, len(h.v4)/6, len(h.v6)/18, c.v4, c.v6)
		}
	}
}

func TestTheStoreIsBounded(t *testing.T) {
	s := testStore(Options{MaxSwarms: 2, MaxSwarmPeers: 3})
	tell(t, s, 1, "192.0.2.1:1", 1, nil)
	tell(t, s, 2, "192.0.2.1:1", 1, nil)
	a := announce{hash: InfoHash{3}, addr: netip.MustParseAddrPort("192.0.2.1:1")}
	if err := s.announce(&a, 1, &handout{}); err == nil {
		t.Error("a third swarm was founded")
	}
	for i := range 10 {
		h := tell(t, s, 1, netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(9 + i)}), 1).String(), 1, nil)
		if h.Leechers > 3 || len(h.v4) == 0 {
			t.Errorf("peer %d: %+v with %d octets of peers; a full swarm still answers", i, h.Tally, len(h.v4))
		}
	}
}

// TestNobodyFillsASwarmAlone is about one address that claims many ports.
func TestNobodyFillsASwarmAlone(t *testing.T) {
	s := testStore(Options{NewPeers: guard.Limit{PerSecond: 0.001, Burst: 4}})
	for i := range 100 {
		tell(t, s, 1, netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), uint16(i+1)).String(), 1, nil)
	}
	if got := s.scrape(InfoHash{1}); got.Leechers != 4 {
		t.Errorf("%d peers from one address, want 4", got.Leechers)
	}
	tell(t, s, 2, "192.0.2.1:1", 1, nil)
	if h := tell(t, s, 1, "192.0.2.2:1", 1, nil); h.Leechers != 5 || s.scrape(InfoHash{2}).Leechers != 1 {
		t.Error("others, or other swarms, pay for it")
	}
}

// TestASeedThatBeginsIsGivenSeeds: aria2c with a magnet link has nothing left, as
// far as it knows.
func TestASeedThatBeginsIsGivenSeeds(t *testing.T) {
	s := testStore(Options{})
	seed := func(e event) func(*announce) {
		return func(a *announce) { a.seed, a.event = true, e }
	}
	tell(t, s, 1, "192.0.2.1:1", 1, seed(eventCompleted))
	if h := tell(t, s, 1, "192.0.2.2:1", 1, seed(eventStarted)); len(h.v4) != 6 {
		t.Errorf("%d octets of peers for one that begins, want 6", len(h.v4))
	}
	if h := tell(t, s, 1, "192.0.2.2:1", 2, seed(0)); len(h.v4) != 0 {
		t.Errorf("%d octets of peers for a seed later on, want none", len(h.v4))
	}
}

package tracker

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/relay/guard"
)

func newTracker(t testing.TB, o Options) *Tracker {
	t.Helper()
	o.NewPeers = guard.Limit{PerSecond: -1}
	tr, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func saved(t testing.TB, tr *Tracker) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := tr.Save(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSwarmsSurviveARestart(t *testing.T) {
	old := newTracker(t, Options{})
	now := old.now()
	for i := range 100 {
		four := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), 1).String()
		six := netip.AddrPortFrom(netip.AddrFrom16([16]byte{0x20, 15: byte(i)}), 1).String()
		tell(t, old.store, byte(i%3), four, now, func(a *announce) { a.seed = i%2 == 0 })
		tell(t, old.store, byte(i%3), six, now, seeding)
	}
	tell(t, old.store, 1, "192.0.2.1:1", now, completed)
	tell(t, old.store, 9, "192.0.2.1:1", now-uint32(old.o.PeerTTL/time.Second)-1, nil) // not yet swept
	data := saved(t, old)
	tr := newTracker(t, Options{})
	if err := tr.Load(bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	for h := range byte(3) {
		if got, want := tr.store.scrape(InfoHash{h}), old.store.scrape(InfoHash{h}); got != want {
			t.Errorf("swarm %d: %+v, want %+v", h, got, want)
		}
	}
	if m := tr.Metrics(); m.Peers != 200 || m.Swarms != 3 {
		t.Errorf("%d peers in %d swarms, want 200 in 3: who is overdue is not kept", m.Peers, m.Swarms)
	}
	if h := tell(t, tr.store, 1, "192.0.2.1:1", tr.now(), nil); h.Seeds+h.Leechers != 66 || len(h.v4) == 0 {
		t.Errorf("%+v with %d octets of peers", h.Tally, len(h.v4))
	}
	few := newTracker(t, Options{MaxSwarms: 1, MaxSwarmPeers: 5})
	if err := few.Load(bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	if m := few.Metrics(); m.Swarms != 1 || m.Peers > 10 {
		t.Errorf("over its limits: %+v", m)
	}
}

func TestWhatIsTooOldOrBrokenIsNotLoaded(t *testing.T) {
	old := newTracker(t, Options{})
	tell(t, old.store, 1, "192.0.2.1:1", old.now(), nil)
	data := saved(t, old)
	load := func(data []byte) (*Tracker, error) {
		tr := newTracker(t, Options{})
		return tr, tr.Load(bytes.NewReader(data))
	}
	for _, cut := range []int{0, 5, len(saveMagic) + 3, len(data) - 1, len(saveMagic) + 8 + 10} {
		if _, err := load(data[:cut]); fault.KindOf(err) != fault.Corrupt {
			t.Errorf("cut after %d octets: %v", cut, err)
		}
	}
	for _, shift := range []time.Duration{-time.Hour, time.Hour} {
		other := bytes.Clone(data)
		binary.BigEndian.PutUint64(other[len(saveMagic):], uint64(time.Now().Add(shift).Unix()))
		if tr, err := load(other); err != nil || tr.Metrics().Peers != 0 {
			t.Errorf("saved at now %+v: %v, %+v", shift, err, tr.Metrics())
		}
	}
}

func FuzzLoad(f *testing.F) {
	tr := newTracker(f, Options{})
	for _, addr := range []string{"192.0.2.1:1", "[2001:db8::1]:1"} {
		a := announce{hash: InfoHash{1}, addr: netip.MustParseAddrPort(addr)}
		if err := tr.store.announce(&a, tr.now(), &handout{}); err != nil {
			f.Fatal(err)
		}
	}
	f.Add(saved(f, tr)[len(saveMagic)+8:])
	f.Fuzz(func(t *testing.T, swarms []byte) {
		tr := newTracker(t, Options{MaxSwarms: 10, MaxSwarmPeers: 10})
		head := binary.BigEndian.AppendUint64([]byte(saveMagic), uint64(time.Now().Unix()))
		if tr.Load(bytes.NewReader(append(head, swarms...))) != nil {
			return
		}
		again := newTracker(t, Options{MaxSwarms: 10, MaxSwarmPeers: 10})
		if err := again.Load(bytes.NewReader(saved(t, tr))); err != nil {
			t.Fatal(err)
		}
		// Peers at the very end of their time may fall out in between.
		if again.Metrics().Peers > tr.Metrics().Peers {
			t.Errorf("%+v, want %+v", again.Metrics(), tr.Metrics())
		}
	})
}

package tracker

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/kith-web/kith/internal/relay/guard"
)

// BenchmarkUDPAnswer is the UDP tracker's work without the system's.
func BenchmarkUDPAnswer(b *testing.B) {
	t, err := New(Options{Rate: guard.Limit{PerSecond: 1e9, Burst: 1e9}, NewPeers: guard.Limit{PerSecond: -1}})
	if err != nil {
		b.Fatal(err)
	}
	from := netip.MustParseAddrPort("192.0.2.1:1")
	w := &udpWorker{t: t, oven: oven{bakery: t.bakery}}
	out := make([]byte, 0, 2048)
	connect := binary.BigEndian.AppendUint64(nil, udpMagic)
	connect = w.answer(append(connect, make([]byte, 8)...), from, out)
	req := make([]byte, announceSize)
	copy(req, connect[8:16])
	req[11] = udpAnnounce
	binary.BigEndian.PutUint32(req[92:], 50)
	b.ReportAllocs()
	for i := range b.N {
		req[16] = byte(i % 20)
		binary.BigEndian.PutUint16(req[96:], uint16(1+i%5000))
		if a := w.answer(req, from, out); len(a) < 20 {
			b.Fatalf("%x", a)
		}
	}
}

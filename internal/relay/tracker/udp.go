package tracker

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// The numbers of BEP 15.
const (
	udpMagic     = 0x41727101980
	udpConnect   = 0
	udpAnnounce  = 1
	udpScrape    = 2
	udpError     = 3
	announceSize = 98
	maxScrape    = 74
	// maxPacket keeps answers within one datagram on any path that carries the
	// least MTU of IPv6 (RFC 8200 §5).
	maxPacket = 1232
	// readPause keeps a socket that fails again and again from taking a whole core.
	readPause = time.Millisecond
)

// ServePacket answers the UDP tracker's requests that come in on conn until ctx
// ends. It does not close conn.
//
// Nobody whose address is not proven by a connection id gets more octets than
// it sent, and packets that make no sense get nothing.
func (t *Tracker) ServePacket(ctx context.Context, conn *net.UDPConn) error {
	stop := context.AfterFunc(ctx, func() {
		if err := conn.SetReadDeadline(time.Unix(1, 0)); err != nil {
			t.o.Log.Debug("cannot interrupt the UDP tracker", "error", err)
		}
	})
	defer stop()
	var wg sync.WaitGroup
	errs := make([]error, t.o.Workers)
	for i := range errs {
		wg.Go(func() { errs[i] = t.work(ctx, conn) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (t *Tracker) work(ctx context.Context, conn *net.UDPConn) error {
	w := &udpWorker{t: t, oven: oven{bakery: t.bakery}}
	in, out := make([]byte, 2048), make([]byte, 0, 2048)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(in)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil: // an ICMP error of some earlier answer, or one packet cut short
			t.o.Log.Debug("cannot read a packet", "error", err)
			time.Sleep(readPause)
			continue
		}
		answer := w.answer(in[:n], from, out[:0])
		if len(answer) == 0 {
			continue
		}
		if _, err := conn.WriteToUDPAddrPort(answer, from); err != nil {
			t.o.Log.Debug("cannot answer a packet", "error", err)
		}
	}
}

// udpWorker answers packets, one at a time.
type udpWorker struct {
	t    *Tracker
	oven oven
	ann  announce
	hand handout
}

// answer appends the answer to a packet to out; nothing where there is none.
func (w *udpWorker) answer(in []byte, from netip.AddrPort, out []byte) []byte {
	from = netip.AddrPortFrom(from.Addr().Unmap().WithZone(""), from.Port())
	count := &w.t.count.udp
	if len(in) < 16 {
		count.invalid.Add(1)
		return nil
	}
	if !w.t.rate.Allow(from.Addr()) {
		count.refused.Add(1)
		return nil
	}
	id, action := binary.BigEndian.Uint64(in), binary.BigEndian.Uint32(in[8:])
	epoch := uint64(time.Now().Unix() / epochSeconds)
	if action == udpConnect {
		if id != udpMagic {
			count.invalid.Add(1)
			return nil
		}
		count.connects.Add(1)
		out = append(binary.BigEndian.AppendUint32(out, udpConnect), in[12:16]...)
		return binary.BigEndian.AppendUint64(out, w.oven.bake(from.Addr(), epoch))
	}
	switch {
	case !w.oven.good(id, from.Addr(), epoch):
		count.invalid.Add(1)
		return refuse(in, out, "connection id expired")
	case action == udpAnnounce && len(in) >= announceSize:
		count.announces.Add(1)
		return w.announce(in, from, out)
	case action == udpScrape && len(in) >= 16+20:
		count.scrapes.Add(1)
		return w.scrape(in, out)
	}
	count.invalid.Add(1)
	return refuse(in, out, "not understood")
}

// refuse appends an error, unless it would be longer than the request.
func refuse(in, out []byte, why string) []byte {
	if 8+len(why) > len(in) {
		return nil
	}
	out = append(binary.BigEndian.AppendUint32(out, udpError), in[12:16]...)
	return append(out, why...)
}

func (w *udpWorker) announce(in []byte, from netip.AddrPort, out []byte) []byte {
	a := &w.ann
	*a = announce{seed: binary.BigEndian.Uint64(in[64:]) == 0, family: 6}
	copy(a.hash[:], in[16:])
	copy(a.id[:], in[36:])
	if e := binary.BigEndian.Uint32(in[80:]); e <= uint32(eventStopped) {
		a.event = event(e)
	}
	size := 18
	if from.Addr().Is4() {
		a.family, size = 4, 6
	}
	a.want = min(w.t.want(int(int32(binary.BigEndian.Uint32(in[92:])))), (maxPacket-20)/size)
	port := binary.BigEndian.Uint16(in[96:])
	if port == 0 && a.event != eventStopped {
		return refuse(in, out, "port is 0")
	}
	a.addr = netip.AddrPortFrom(from.Addr(), port)

	start := len(out)
	out = append(binary.BigEndian.AppendUint32(out, udpAnnounce), in[12:16]...)
	out = binary.BigEndian.AppendUint32(out, uint32(w.t.o.Interval/time.Second))
	out = append(out, 0, 0, 0, 0, 0, 0, 0, 0) // leechers, seeds
	h := &w.hand
	*h = handout{}
	if a.family == 4 {
		h.v4 = out
	} else {
		h.v6 = out
	}
	if err := w.t.store.announce(a, w.t.now(), h); err != nil {
		w.t.count.udp.refused.Add(1)
		return refuse(in, out[:start], err.Error())
	}
	if a.family == 4 {
		out = h.v4
	} else {
		out = h.v6
	}
	binary.BigEndian.PutUint32(out[start+12:], uint32(h.Leechers))
	binary.BigEndian.PutUint32(out[start+16:], uint32(h.Seeds))
	return out
}

func (w *udpWorker) scrape(in, out []byte) []byte {
	out = append(binary.BigEndian.AppendUint32(out, udpScrape), in[12:16]...)
	for n, hashes := 0, in[16:]; len(hashes) >= 20 && n < w.t.o.MaxScrape; n, hashes = n+1, hashes[20:] {
		s := w.t.store.scrape(InfoHash(hashes[:20]))
		out = binary.BigEndian.AppendUint32(out, uint32(s.Seeds))
		out = binary.BigEndian.AppendUint32(out, s.Completed)
		out = binary.BigEndian.AppendUint32(out, uint32(s.Leechers))
	}
	return out
}

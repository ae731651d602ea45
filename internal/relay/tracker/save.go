package tracker

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"time"

	"github.com/kith-web/kith/internal/fault"
)

// saveMagic begins what Save writes: this line, the second it was written at
// (Unix time, 8 octets), and then for every swarm its hash, how often it was
// completed and how many peers with IPv4 and with IPv6 follow (4 octets each).
// A peer is its compact address, its id, its age in seconds (4 octets) and 1 for
// a seed. Numbers are big-endian; the end of the file is the end.
const saveMagic = "kith swarms 1\n"

// savedTail is what follows the address of a peer.
const savedTail = 20 + 4 + 1

// Save writes all swarms with their peers of HTTP and UDP, so that those need
// not wait for each other's next announce when a tracker is restarted. It may
// run beside everything else.
func (t *Tracker) Save(w io.Writer) error {
	b := bufio.NewWriter(w)
	head := binary.BigEndian.AppendUint64([]byte(saveMagic), uint64(time.Now().Unix()))
	if _, err := b.Write(head); err != nil {
		return err
	}
	var buf []byte
	for i := range t.store.shards {
		sh := &t.store.shards[i]
		sh.mu.Lock()
		buf = buf[:0]
		for h, sw := range sh.swarms {
			buf = appendSwarm(buf, h, sw, t.now())
		}
		sh.mu.Unlock()
		if _, err := b.Write(buf); err != nil {
			return err
		}
	}
	return b.Flush()
}

func appendSwarm(b []byte, h InfoHash, sw *swarm, now uint32) []byte {
	if len(sw.v4.items)+len(sw.v6.items) == 0 {
		return b
	}
	b = append(b, h[:]...)
	b = binary.BigEndian.AppendUint32(b, sw.completed)
	b = binary.BigEndian.AppendUint32(b, uint32(len(sw.v4.items)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(sw.v6.items)))
	for i, e := range sw.v4.items {
		b = appendPeerState(append(b, e.key[:]...), e.val, now, i < sw.v4.seeds)
	}
	for i, e := range sw.v6.items {
		b = appendPeerState(append(b, e.key[:]...), e.val, now, i < sw.v6.seeds)
	}
	return b
}

func appendPeerState(b []byte, p native, now uint32, seed bool) []byte {
	b = binary.BigEndian.AppendUint32(append(b, p.id[:]...), now-p.seen)
	if seed {
		return append(b, 1)
	}
	return append(b, 0)
}

// Load enters the peers that Save wrote and whose time is not over. What is
// entered before an error stays.
func (t *Tracker) Load(r io.Reader) error {
	b := bufio.NewReader(r)
	var head [len(saveMagic) + 8]byte
	if _, err := io.ReadFull(b, head[:]); err != nil || string(head[:len(saveMagic)]) != saveMagic {
		return fault.New(fault.Corrupt, "these are no saved swarms")
	}
	saved := time.Unix(int64(binary.BigEndian.Uint64(head[len(saveMagic):])), 0)
	gone := time.Since(saved)
	if gone < 0 || gone > t.o.PeerTTL {
		return nil // a clock that was set back, or too long ago for all
	}
	l := loader{t: t, r: b, gone: uint32(gone / time.Second)}
	for {
		err := l.swarm()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fault.New(fault.Corrupt, "the saved swarms break off: %w", err)
		}
	}
}

// loader reads what Save wrote.
type loader struct {
	t    *Tracker
	r    *bufio.Reader
	gone uint32 // seconds since then
}

// swarm reads one; io.EOF where none begins.
func (l *loader) swarm() error {
	var head [20 + 3*4]byte
	if _, err := io.ReadFull(l.r, head[:]); err != nil {
		return err
	}
	a := announce{hash: InfoHash(head[:20])}
	n4, n6 := binary.BigEndian.Uint32(head[24:]), binary.BigEndian.Uint32(head[28:])
	for _, part := range []struct {
		n    uint32
		size int
	}{{n4, 4}, {n6, 16}} {
		for range part.n {
			if err := l.peer(&a, part.size); err != nil {
				return err
			}
		}
	}
	l.t.store.restore(a.hash, binary.BigEndian.Uint32(head[20:]))
	return nil
}

// peer reads a peer with an address of size octets and enters it.
func (l *loader) peer(a *announce, size int) error {
	var buf [16 + 2 + savedTail]byte
	p := buf[:size+2+savedTail]
	if _, err := io.ReadFull(l.r, p); err != nil {
		return io.ErrUnexpectedEOF
	}
	ip, _ := netip.AddrFromSlice(p[:size])
	a.addr = netip.AddrPortFrom(ip, binary.BigEndian.Uint16(p[size:]))
	copy(a.id[:], p[size+2:])
	a.seed = p[len(p)-1] == 1
	age, most := binary.BigEndian.Uint32(p[size+22:]), uint32(l.t.o.PeerTTL/time.Second)
	if age > most || age+l.gone > most || size == 16 && ip.Is4In6() {
		return nil
	}
	if err := l.t.store.enter(a, l.t.now()-age-l.gone); err != nil && !errors.Is(err, errFull) {
		return err
	}
	return nil
}

// enter puts a peer in that was last seen at a second.
func (s *store) enter(a *announce, seen uint32) error {
	sh := s.shard(&a.hash)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sw, err := s.swarm(sh, a.hash, true)
	if err != nil {
		return err
	}
	s.enlist(sw, a, seen, s.room)
	return nil
}

// restore sets how often a swarm was completed, if it came to life.
func (s *store) restore(h InfoHash, completed uint32) {
	sh := s.shard(&h)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sw := sh.swarms[h]; sw != nil {
		sw.completed = max(sw.completed, completed)
	}
}

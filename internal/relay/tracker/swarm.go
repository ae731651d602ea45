package tracker

import (
	"encoding/binary"
	"net/netip"
)

// InfoHash names a swarm: the SHA-1 of BEP 3, or the first 20 octets of the
// SHA-256 of BEP 52.
type InfoHash [20]byte

// PeerID is what a peer calls itself (BEP 3).
type PeerID [20]byte

// addr4 and addr6 are addresses with ports in the compact form of BEP 23 and 7.
type (
	addr4 [6]byte
	addr6 [18]byte
)

func compact4(a netip.AddrPort) (c addr4) {
	ip := a.Addr().As4()
	copy(c[:4], ip[:])
	binary.BigEndian.PutUint16(c[4:], a.Port())
	return c
}

func compact6(a netip.AddrPort) (c addr6) {
	ip := a.Addr().As16()
	copy(c[:16], ip[:])
	binary.BigEndian.PutUint16(c[16:], a.Port())
	return c
}

// native is what is known of a peer beside its address.
type native struct {
	id   PeerID
	seen uint32 // second of the last announce
}

// swarm is everybody who shares one torrent.
type swarm struct {
	v4        roster[addr4, native]
	v6        roster[addr6, native]
	web       roster[PeerID, *socket]
	completed uint32
}

// Tally is the size of a swarm.
type Tally struct {
	Seeds     int    `json:"complete"`
	Leechers  int    `json:"incomplete"`
	Completed uint32 `json:"downloaded"` // how often the download was finished, since the swarm came to life
}

func (s *swarm) tally() Tally {
	seeds := s.v4.seeds + s.v6.seeds + s.web.seeds
	return Tally{Seeds: seeds, Leechers: s.size() - seeds, Completed: s.completed}
}

func (s *swarm) size() int { return len(s.v4.items) + len(s.v6.items) + len(s.web.items) }

// event is the event of an announce, by the numbers of BEP 15.
type event uint8

const (
	eventNone event = iota
	eventCompleted
	eventStarted
	eventStopped
)

// parseEvent reads the words of BEP 3; those of extensions, such as "paused"
// (BEP 21), are announces like any other.
func parseEvent(s []byte) event {
	switch string(s) {
	case "completed":
		return eventCompleted
	case "started":
		return eventStarted
	case "stopped":
		return eventStopped
	}
	return eventNone
}

// announce is one peer of HTTP or UDP telling of itself.
type announce struct {
	hash  InfoHash
	id    PeerID
	addr  netip.AddrPort // unmapped, from the connection
	seed  bool
	event event
	want  int
	// family is 4 or 6 where only such addresses are wanted (BEP 15), else 0.
	family int
}

// handout is the answer: addresses of others in compact form, appended to what
// the slices hold.
type handout struct {
	Tally
	v4, v6   []byte
	named    bool // peer ids are wanted too
	id4, id6 []PeerID
}

// enlist puts the announcing peer into its roster, or brings it up to date, and
// returns by how many the number of peers changed. admit decides about one that
// is new.
func enlist[K comparable](r *roster[K, native], k K, a *announce, now uint32, completed *uint32, admit func(n int) bool) int {
	i := r.find(k)
	switch {
	case i < 0 && a.event == eventStopped:
		return 0
	case i < 0:
		if !admit(len(r.items)) {
			return 0
		}
		r.add(k, native{a.id, now}, a.seed)
		return 1
	case a.event == eventStopped:
		r.remove(i)
		return -1
	}
	if a.event == eventCompleted && i >= r.seeds {
		*completed++
	}
	r.items[i].val = native{a.id, now}
	r.mark(i, a.seed)
	return 0
}

// hand fills h with up to a.want peers other than the announcing one. A seed is
// given leechers only, since two seeds have nothing to tell each other; but for
// its first announce: a program that has a magnet link and nothing more knows of
// nothing that it lacks, and may say so.
func (s *swarm) hand(a *announce, h *handout) {
	want4, want6 := a.want, a.want
	seed := a.seed && a.event != eventStarted
	switch a.family {
	case 4:
		want6 = 0
	case 6:
		want4 = 0
	default: // both: half each, or what the other leaves
		want6 = min(len(s.v6.items), max(a.want/2, a.want-len(s.v4.items)))
		want4 = a.want - want6
	}
	var self4 addr4
	var self6 addr6
	if a.addr.Addr().Is4() {
		self4 = compact4(a.addr)
	} else {
		self6 = compact6(a.addr)
	}
	var buf [maxSample + 1]int32
	if want4 > 0 {
		n := 0
		for _, i := range s.v4.sample(buf[:0], want4+1, seed) {
			if e := &s.v4.items[i]; e.key != self4 && n < want4 {
				h.v4 = append(h.v4, e.key[:]...)
				h.id4 = name(h, h.id4, e.val.id)
				n++
			}
		}
	}
	if want6 > 0 {
		n := 0
		for _, i := range s.v6.sample(buf[:0], want6+1, seed) {
			if e := &s.v6.items[i]; e.key != self6 && n < want6 {
				h.v6 = append(h.v6, e.key[:]...)
				h.id6 = name(h, h.id6, e.val.id)
				n++
			}
		}
	}
}

func name(h *handout, ids []PeerID, id PeerID) []PeerID {
	if h.named {
		ids = append(ids, id)
	}
	return ids
}

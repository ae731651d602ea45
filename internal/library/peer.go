package library

import (
	"github.com/kith-web/kith/internal/library/vault"
	"github.com/kith-web/kith/internal/seal"
)

// peer is what this device knows of how far another own device and itself agree.
type peer struct {
	Device seal.DeviceID `cbor:"1,keyasint"`
	// Horizon is the number of the other's last change up to which this device has
	// all that the other had, its deletions above all; HorizonTime is when, by this
	// device's clock.
	Horizon     uint64 `cbor:"2,keyasint"`
	HorizonTime int64  `cbor:"3,keyasint"`
	// Acked is the horizon that the other said it has of this device.
	Acked uint64 `cbor:"4,keyasint"`
	// Equal is older than what the other wrote since both last had the same.
	Equal int64 `cbor:"5,keyasint"`
	// Behind says that the other was told to reset and is not through with it.
	Behind bool `cbor:"6,keyasint"`
	// Heard is the other's clock in the newest message that said a horizon.
	Heard int64 `cbor:"8,keyasint"`
	// Began is when the last comparison began.
	Began int64 `cbor:"7,keyasint"`

	round    []byte // the comparison that this device began last
	progress bool   // something new came since the last answer
}

// reset is a word from another device that this one may have what was deleted: all
// that it had then and did not write itself since they last agreed is doubted
// until they agree again (spec §6.5).
type reset struct {
	By   seal.DeviceID `cbor:"1,keyasint"`
	Seq  uint64        `cbor:"2,keyasint"`
	Time int64         `cbor:"3,keyasint"`
}

// doubts says whether an entry may be one that was deleted elsewhere.
func (r reset) doubts(e *entry, self seal.DeviceID) bool {
	return e.seq <= r.Seq && (e.rev.Device() != self || e.rev.Time() <= r.Time)
}

// doubtful entries are shown to nobody. The person's own state is used all the
// same: without it the devices could not talk.
func (l *Library) doubtful(e *entry) bool {
	if e.app == personApp {
		return false
	}
	for _, r := range l.resets {
		if r.doubts(e, l.o.Device) {
			return true
		}
	}
	return false
}

func (l *Library) peer(id seal.DeviceID) *peer {
	p := l.peers[id]
	if p == nil {
		p = &peer{Device: id}
		l.peers[id] = p
	}
	return p
}

// savePeers puts peers and resets into a batch.
func (l *Library) savePeers(b *vault.Batch) error {
	all := make([]*peer, 0, len(l.peers))
	for _, p := range l.peers {
		all = append(all, p)
	}
	if err := setState(b, "peers", all); err != nil {
		return err
	}
	return setState(b, "resets", l.resets)
}

// keepPeers makes them durable.
func (l *Library) keepPeers() error {
	b := l.begin()
	if err := l.savePeers(b); err != nil {
		return err
	}
	return l.commit(b)
}

// doubt begins a reset towards another device.
func (l *Library) doubt(p *peer) {
	for _, r := range l.resets {
		if r.By == p.Device {
			return
		}
	}
	l.resets = append(l.resets, reset{By: p.Device, Seq: l.seq, Time: p.HorizonTime})
	l.say(Event{Seq: l.seq})
}

// isBehind says whether another device may have what was deleted: its horizon is
// older than a deletion that is remembered no more, or than what it said before,
// so that it must be a backup of itself. Otherwise what it says is noted. A
// message that was long on its way says an old horizon, too, but also an old time.
func (l *Library) isBehind(p *peer, n note) bool {
	if n.Horizon < l.erased || n.Horizon < p.Acked && n.Time > p.Heard {
		p.Behind = true
		return true
	}
	if !p.Behind && n.Horizon >= p.Acked {
		p.Acked, p.Heard = n.Horizon, max(p.Heard, n.Time)
	}
	return false
}

// agree notes that this device and another had the same when it said n.
func (l *Library) agree(p *peer, n note) {
	p.Horizon, p.HorizonTime = max(p.Horizon, n.Seq), l.clock.pass()-1
	p.Equal, p.Behind = max(p.Equal, n.Passed), false
	kept := l.resets[:0:0]
	for _, r := range l.resets {
		if r.By != p.Device {
			kept = append(kept, r)
		}
	}
	if len(kept) != len(l.resets) {
		l.resets = kept
		l.say(Event{Seq: l.seq})
	}
}

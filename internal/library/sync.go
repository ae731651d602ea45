package library

import (
	"io"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/library/reconcile"
	"github.com/kith-web/kith/internal/seal"
)

// note is the body of items, reconcile and reset: whatever own devices tell one
// another about items (spec §6.2, §6.3).
type note struct {
	Round   []byte   `cbor:"1,keyasint,omitempty"`
	Ranges  []byte   `cbor:"2,keyasint,omitempty"`
	Horizon uint64   `cbor:"3,keyasint"`
	Records []record `cbor:"4,keyasint,omitempty"`
	Seq     uint64   `cbor:"5,keyasint"`
	Time    int64    `cbor:"6,keyasint"`
	Done    bool     `cbor:"7,keyasint,omitempty"`
	Hops    uint8    `cbor:"8,keyasint,omitempty"`
	Passed  int64    `cbor:"9,keyasint,omitempty"` // older than what is written from now on
}

const (
	mostRecords = 4096    // in one message
	mostSeq     = 1 << 53 // the number of a change
	mostJump    = 1 << 40 // changes that a backup can have missed
	mostHops    = 16      // messages of a comparison that bring nothing new
	rangeOctets = 24 << 10
)

// Handle takes a message of another party: purged of a friend; items, reconcile
// and reset of an own device. Others are not the library's: changed and purge go
// to internal/library/copies.
func (l *Library) Handle(from seal.RelationID, m seal.Message) ([]seal.Outgoing, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if m.Kind == seal.Purged {
		var p purged
		if err := seal.Unmarshal(m.Body, &p); err != nil {
			return nil, fault.New(fault.Invalid, "a receipt cannot be read: %w", err)
		}
		return l.settlePurge(from, p)
	}
	d, ok := l.circle.devices[from]
	if !ok {
		return nil, fault.New(fault.Forbidden, "only own devices say so")
	}
	var n note
	if err := seal.Unmarshal(m.Body, &n); err != nil {
		return nil, fault.New(fault.Invalid, "a message of another device cannot be read: %w", err)
	}
	ahead := l.now() + l.o.Ahead.Milliseconds()
	n.Time, n.Passed = min(n.Time, ahead), min(n.Passed, ahead)
	if len(n.Records) > mostRecords || len(n.Round) > 16 || n.Seq > mostSeq || n.Horizon > l.seq+mostJump {
		return nil, fault.New(fault.Invalid, "a message of another device is out of bounds")
	}
	switch m.Kind {
	case seal.Items, seal.Reconcile:
		return l.converse(d, m.Kind, n)
	case seal.Reset:
		return l.restart(d, n)
	}
	return nil, fault.New(fault.Unsupported, "messages of kind %d are not for the library", m.Kind)
}

// Sync begins a comparison with another device: when it comes back, or when a
// message may have been lost.
func (l *Library) Sync(to seal.RelationID) []seal.Outgoing {
	l.mu.Lock()
	defer l.mu.Unlock()
	d, ok := l.circle.devices[to]
	if !ok {
		return nil
	}
	return []seal.Outgoing{l.open(d)}
}

// open begins a comparison.
func (l *Library) open(d Device) seal.Outgoing {
	n := l.compare(d)
	l.peer(d.ID).Began = l.now()
	return seal.Outgoing{To: d.Relation, Kind: seal.Reconcile, Body: n, Replaces: true}
}

// compare is a message that tells the fingerprints of everything.
func (l *Library) compare(d Device) note {
	p := l.peer(d.ID)
	p.round = make([]byte, 8)
	if _, err := io.ReadFull(l.rand, p.round); err != nil {
		l.o.Log.Error("no randomness", "error", err)
	}
	n := l.header(p)
	n.Round, n.Ranges = p.round, l.index.set.Open()
	return n
}

func (l *Library) header(p *peer) note {
	return note{Horizon: p.Horizon, Seq: l.seq, Time: max(l.now(), l.clock.last.Time()), Passed: l.clock.pass()}
}

// push tells other devices of new versions.
func (l *Library) push(ws []*write) []seal.Outgoing {
	rs := make([]record, len(ws))
	for i, w := range ws {
		rs[i] = w.record
	}
	return l.pushRecords(rs)
}

func (l *Library) pushRecords(rs []record) []seal.Outgoing {
	if len(rs) == 0 || len(l.circle.line) == 0 {
		return nil
	}
	var out []seal.Outgoing
	parts := l.parcels(rs, 0)
	for _, d := range l.circle.line {
		for _, part := range parts {
			n := l.header(l.peer(d.ID))
			n.Records = part
			out = append(out, seal.Outgoing{To: d.Relation, Kind: seal.Items, Body: n})
		}
	}
	return out
}

// parcels cuts records into what fits into one message each; the last leaves room
// for so many octets more.
func (l *Library) parcels(rs []record, room int) [][]record {
	var parts [][]record
	var part []record
	octets := 0
	for _, r := range rs {
		size := 256 + len(r.Path) + len(r.Type) + len(r.Inline) + 16*(len(r.Audience.Friends)+len(r.Audience.Lists)) + 2*maxApp
		for _, label := range r.Labels {
			size += len(label) + 2
		}
		if octets+size > l.o.Message && len(part) > 0 {
			parts, part, octets = append(parts, part), nil, 0
		}
		part, octets = append(part, r), octets+size
	}
	if len(part) > 0 && octets+room > l.o.Message {
		parts, part = append(parts, part), nil
	}
	return append(parts, part)
}

// converse takes items and comparisons.
func (l *Library) converse(d Device, kind seal.MessageKind, n note) ([]seal.Outgoing, error) {
	p := l.peer(d.ID)
	if n.Horizon > l.seq {
		// The other has seen more of this device than it knows itself: its state is
		// that of a backup.
		l.doubt(p)
		l.seq = n.Horizon + 1
	}
	if n.Horizon < l.erased && n.Time <= p.Heard {
		return nil, nil // so old that it may bring back what is forgotten here
	}
	if l.isBehind(p, n) {
		m := l.header(p)
		return []seal.Outgoing{{To: d.Relation, Kind: seal.Reset, Body: m, Replaces: true}}, l.keepPeers()
	}
	out, fresh, err := l.apply(p, n.Records)
	if err != nil {
		return nil, err
	}
	p.progress = p.progress || fresh
	if kind == seal.Reconcile {
		more, err := l.reply(d, p, n)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, l.keepPeers()
}

// restart takes a reset: what this device has may have been deleted.
func (l *Library) restart(d Device, n note) ([]seal.Outgoing, error) {
	p := l.peer(d.ID)
	l.doubt(p)
	p.Horizon = max(p.Horizon, n.Seq)
	out := []seal.Outgoing{l.open(d)}
	return out, l.keepPeers()
}

// reply answers one message of a comparison.
func (l *Library) reply(d Device, p *peer, n note) ([]seal.Outgoing, error) {
	if n.Done {
		if string(n.Round) == string(p.round) && len(p.round) > 0 {
			p.round = nil
			l.agree(p, n)
		}
		return nil, nil
	}
	r, err := l.index.set.Answer(n.Round, n.Ranges, reconcile.Limits{Octets: rangeOctets})
	if err != nil {
		return nil, err
	}
	if r.Equal {
		l.agree(p, n)
		m := l.header(p)
		m.Round, m.Done = n.Round, true
		return []seal.Outgoing{{To: d.Relation, Kind: seal.Reconcile, Body: m}}, nil
	}
	hops := n.Hops + 1
	if p.progress {
		hops, p.progress = 0, false
	}
	if hops > mostHops {
		return nil, nil
	}
	rs, out, err := l.lacking(p, r.Send)
	if err != nil {
		return nil, err
	}
	if len(r.Message) == 0 && len(out) > 0 {
		rs = nil
	}
	return append(out, l.deliver(d, p, n, rs, r.Message, hops)...), nil
}

// deliver sends items, and in the last message the comparison goes on: with the
// ranges that are open, or else from the beginning, to see that all is well.
func (l *Library) deliver(d Device, p *peer, n note, rs []record, ranges []byte, hops uint8) []seal.Outgoing {
	last := l.header(p)
	if len(ranges) > 0 {
		last.Round, last.Ranges = n.Round, ranges
	} else {
		last = l.compare(d)
	}
	last.Hops = hops
	parts := l.parcels(rs, len(last.Ranges))
	if len(parts) > l.o.Burst {
		parts = append(parts[:l.o.Burst:l.o.Burst], nil)
	}
	var out []seal.Outgoing
	for i, part := range parts {
		if i == len(parts)-1 {
			last.Records = part
			out = append(out, seal.Outgoing{To: d.Relation, Kind: seal.Reconcile, Body: last})
			break
		}
		m := l.header(p)
		m.Records = part
		out = append(out, seal.Outgoing{To: d.Relation, Kind: seal.Items, Body: m})
	}
	return out
}

// lacking returns what another device lacks. Where this one was told to reset by
// it, what it doubts and the other lacks was deleted, and is dropped.
func (l *Library) lacking(p *peer, send []reconcile.Element) ([]record, []seal.Outgoing, error) {
	var rs []record
	var doomed []*entry
	for _, x := range send {
		var h Handle
		copy(h[:], x[:])
		if g := l.index.graves[h]; g != nil {
			rs = append(rs, record{Handle: h, Revision: g.rev, By: g.by, Until: g.until})
			continue
		}
		e := l.index.byHandle[h]
		if e == nil {
			continue
		}
		mine, other := l.doubted(e, p)
		switch {
		case mine:
			doomed = append(doomed, e)
		case other:
		default:
			r, err := l.whole(e)
			if err != nil {
				return nil, nil, err
			}
			rs = append(rs, r)
		}
	}
	out, err := l.drop(doomed)
	return rs, out, err
}

// doubted says whether an entry is doubted because of this peer, or of another.
func (l *Library) doubted(e *entry, p *peer) (mine, other bool) {
	for _, r := range l.resets {
		if r.doubts(e, l.o.Device) {
			mine, other = mine || r.By == p.Device, other || r.By != p.Device
		}
	}
	return mine, other
}

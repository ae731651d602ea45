package person

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/kith-web/kith/internal/person/roster"
	"github.com/kith-web/kith/internal/seal"
)

// others are this person's other devices; none when this one was removed.
func (p *Person) others() []roster.Device {
	r, err := p.roster()
	if err != nil {
		return nil
	}
	if _, in := r.Find(p.me()); !in {
		return nil
	}
	return slices.DeleteFunc(r.Devices, func(d roster.Device) bool { return d.ID() == p.me() })
}

// ownRelations are the relations with the person's other devices (spec §2).
func (p *Person) ownRelations() []seal.Relation {
	if p.own == nil {
		p.own = p.deriveOwn()
	}
	return p.own
}

func (p *Person) deriveOwn() []seal.Relation {
	r, err := p.roster()
	if err != nil {
		return nil
	}
	mine, in := r.Find(p.me())
	if !in {
		return nil
	}
	out := []seal.Relation{}
	for _, d := range p.others() {
		rel, err := p.ownRelation(mine, d)
		if err != nil {
			p.o.Log.Warn("no relation with an own device", "device", d.Name, "error", err)
			continue
		}
		out = append(out, rel)
	}
	return out
}

func (p *Person) ownRelation(mine, other roster.Device) (seal.Relation, error) {
	id := other.ID()
	r, err := seal.OwnRelation(p.house.Secret,
		seal.OwnSide{Device: p.me(), Private: p.device.XWing, Public: mine.XWing},
		seal.OwnSide{Device: id, Public: other.XWing})
	if err != nil {
		return r, err
	}
	for _, relay := range mine.Relays {
		r.In = append(r.In, seal.OwnQueue(r.Root, r.Side.Other(), relay))
	}
	for _, relay := range other.Relays {
		q := seal.OwnQueue(r.Root, r.Side, relay)
		q.Recipient = nil
		r.Out = append(r.Out, q)
	}
	epochs, err := p.ownEpochs(id)
	if err != nil {
		return r, err
	}
	if len(epochs) > 0 {
		if _, err := p.o.Local.Get("past/" + hexed(id[:])); err == nil {
			r.Epochs = nil
		}
		r.Epochs = append(epochs, r.Epochs...)
		for i := 1; i < len(r.Epochs); i++ {
			r.Epochs[i].Superseded = r.Epochs[i-1].Created
		}
	}
	var theirs localTheirs
	if err := p.getLocal("theirs/"+hexed(id[:]), &theirs); err == nil {
		r.PeerEpoch = seal.PeerEpoch{ID: seal.EpochOf(theirs.Public), Public: theirs.Public, Seen: theirs.Seen}
	}
	return r, nil
}

// ownEpochs are this device's keys for another one, newest first.
func (p *Person) ownEpochs(id seal.DeviceID) ([]seal.Epoch, error) {
	var out []seal.Epoch
	err := p.o.Local.Each("epoch/"+hexed(id[:])+"/", func(key string, value []byte) error {
		var e localEpoch
		if err := seal.Unmarshal(value, &e); err != nil {
			return err
		}
		public, err := e.Private.Public()
		if err != nil {
			return err
		}
		out = append(out, seal.Epoch{ID: seal.EpochOf(public), Private: e.Private, Created: e.Created})
		return nil
	})
	slices.SortFunc(out, func(a, b seal.Epoch) int {
		return cmp.Or(cmp.Compare(b.Created, a.Created), bytes.Compare(b.ID[:], a.ID[:]))
	})
	return out, err
}

// deviceOf returns the device that an own relation is with.
func (p *Person) deviceOf(id seal.RelationID) (roster.Device, bool) {
	if p.house == nil {
		return roster.Device{}, false
	}
	for _, r := range p.ownRelations() {
		if r.ID == id {
			for _, d := range p.others() {
				if p.ownID(p.house.Secret, d) == id {
					return d, true
				}
			}
		}
	}
	return roster.Device{}, false
}

// rosterInbox marks the queues in which rosters come.
func rosterInbox() [16]byte { return [16]byte([]byte("kith roster   1\x00")) }

// rosterRelays are the person's relays, and those at which other devices know this
// one: they are others until it has said so (sweepHouse).
func (p *Person) rosterRelays(v *view) []string {
	relays := slices.Clone(p.relays(v))
	r, err := p.roster()
	if err != nil {
		return relays
	}
	mine, _ := r.Find(p.me())
	for _, relay := range mine.Relays {
		if !slices.Contains(relays, relay) {
			relays = append(relays, relay)
		}
	}
	return relays
}

// queueOf is the queue of an inbox, as it is made: rosters wait for a device that is
// away as long as a relay keeps anything.
func queueOf(in seal.Inbox) seal.NewQueue {
	q := seal.NewQueue{Mailbox: in.Mailbox}
	if in.Invitation == rosterInbox() {
		q.Days = 21
	}
	return q
}

// householdInboxes are the queues of own devices: messages of each, and rosters,
// in this household and those that this device was in.
func (p *Person) householdInboxes() []seal.Inbox {
	if p.house == nil {
		return nil
	}
	var out []seal.Inbox
	for _, r := range p.ownRelations() {
		for _, q := range r.In {
			out = append(out, seal.Inbox{Mailbox: q, Relation: r.ID})
		}
	}
	secrets := [][]byte{p.house.Secret}
	err := p.o.Local.Each("earlier/", func(_ string, value []byte) error {
		var e localEarlier
		if err := seal.Unmarshal(value, &e); err != nil {
			return err
		}
		secrets = append(secrets, e.Secret)
		return nil
	})
	if err != nil {
		p.o.Log.Warn("earlier households cannot be read", "error", err)
	}
	v, err := p.look()
	if err != nil {
		return out
	}
	for _, s := range secrets {
		for _, relay := range p.rosterRelays(v) {
			out = append(out, seal.Inbox{Mailbox: seal.RosterQueue(s, p.me(), relay), Invitation: rosterInbox()})
		}
	}
	return out
}

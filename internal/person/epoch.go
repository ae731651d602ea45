package person

import (
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// NewEpoch makes a new epoch of this side of a relation (spec §3.1). The person's
// other devices are told by the effects, before it is announced to the other side.
func (p *Person) NewEpoch(id seal.RelationID) (Effects, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, err := p.look()
	if err != nil {
		return Effects{}, err
	}
	e, _, err := seal.NewEpoch(p.o.Rand, p.o.Now())
	if err != nil {
		return Effects{}, err
	}
	if r := v.relations[id]; r != nil {
		// A clock that went back must not make the new one look older.
		if old := r.ordered(); len(old) > 0 {
			e.Created = max(e.Created, old[0].Created+1)
		}
		c := newChange()
		c.put(epochKey(id, e.ID), epochRecord{Private: e.Private, Created: e.Created})
		return p.commit(c)
	}
	d, ok := p.deviceOf(id)
	if !ok {
		return Effects{}, fault.New(fault.NotFound, "there is no relation %x", id)
	}
	device := d.ID()
	old, err := p.ownEpochs(device)
	if err != nil {
		return Effects{}, err
	}
	if len(old) > 0 {
		e.Created = max(e.Created, old[0].Created+1)
	}
	return Effects{}, p.putLocal(ownEpochKey(device, e.ID), localEpoch{Private: e.Private, Created: e.Created})
}

// LearnEpoch takes a new epoch key of the other side in.
func (p *Person) LearnEpoch(id seal.RelationID, public []byte) (Effects, error) {
	if err := seal.CheckPublic(public); err != nil {
		return Effects{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	v, err := p.look()
	if err != nil {
		return Effects{}, err
	}
	if r := v.relations[id]; r != nil {
		c := newChange()
		if string(r.peer.Public) != string(public) {
			c.put(inPeer+hexed(id[:]), peerRecord{Public: public, Seen: p.now()})
		}
		return p.commit(c)
	}
	d, ok := p.deviceOf(id)
	if !ok {
		return Effects{}, fault.New(fault.NotFound, "there is no relation %x", id)
	}
	device := d.ID()
	return Effects{}, p.putLocal("theirs/"+hexed(device[:]), localTheirs{Public: public, Seen: p.now()})
}

// EraseEpoch erases the private half of an epoch. What a device has to be reached
// by if all else is lost, its own key, is no epoch any more then, but stays.
func (p *Person) EraseEpoch(id seal.RelationID, epoch seal.EpochID) (Effects, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, err := p.look()
	if err != nil {
		return Effects{}, err
	}
	if r := v.relations[id]; r != nil {
		c := newChange()
		if _, mine := r.epochs[epoch]; mine && len(r.epochs) > 1 {
			c.del(epochKey(id, epoch))
		}
		return p.commit(c)
	}
	d, ok := p.deviceOf(id)
	if !ok {
		return Effects{}, nil
	}
	device := d.ID()
	all, err := p.ownEpochs(device)
	if err != nil || len(all) == 0 || all[0].ID == epoch {
		return Effects{}, err // the newest stays
	}
	key := ownEpochKey(device, epoch)
	if _, err := p.o.Local.Get(key); fault.KindOf(err) == fault.NotFound {
		return Effects{}, p.putLocal("past/"+hexed(device[:]), true)
	}
	return Effects{}, p.delLocal(key)
}

func epochKey(r seal.RelationID, e seal.EpochID) string {
	return inEpoch + hexed(r[:]) + "/" + hexed(e[:])
}

func ownEpochKey(d seal.DeviceID, e seal.EpochID) string {
	return "epoch/" + hexed(d[:]) + "/" + hexed(e[:])
}

// oldEpochs erases keys that are too old whatever happened.
func (p *Person) oldEpochs(c *change, r *relation) {
	for i, e := range r.ordered() {
		if i > 0 && p.now() > e.Superseded+p.o.Keep.Milliseconds() {
			c.del(epochKey(r.id, e.ID))
		}
	}
}

// oldOwnEpochs is oldEpochs for own devices.
func (p *Person) oldOwnEpochs() error {
	for _, d := range p.others() {
		all, err := p.ownEpochs(d.ID())
		if err != nil {
			return err
		}
		for i := 1; i < len(all); i++ {
			if p.now() > all[i-1].Created+p.o.Keep.Milliseconds() {
				if err := p.delLocal(ownEpochKey(d.ID(), all[i].ID)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

package person

import (
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// NewEpoch makes a new epoch of this side of a relation (spec §3.1). The person's
// other devices are told by the effects, before it is announced to the other side.
func (p *Person) NewEpoch(id seal.RelationID) (seal.Epoch, Effects, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, err := p.look()
	if err != nil {
		return seal.Epoch{}, Effects{}, err
	}
	e, _, err := seal.NewEpoch(p.o.Rand, p.o.Now())
	if err != nil {
		return seal.Epoch{}, Effects{}, err
	}
	if r := v.relations[id]; r != nil {
		// A clock that went back must not make the new one look older.
		if old := r.ordered(); len(old) > 0 {
			e.Created = max(e.Created, old[0].Created+1)
		}
		c := newChange()
		c.put(inEpoch+hexed(id[:])+"/"+hexed(e.ID[:]), epochRecord{Private: e.Private, Created: e.Created})
		effects, err := p.commit(c)
		return e, effects, err
	}
	d, ok := p.deviceOf(id)
	if !ok {
		return seal.Epoch{}, Effects{}, fault.New(fault.NotFound, "there is no relation %x", id)
	}
	device := d.ID()
	old, err := p.ownEpochs(device)
	if err != nil {
		return seal.Epoch{}, Effects{}, err
	}
	if len(old) > 0 {
		e.Created = max(e.Created, old[0].Created+1)
	}
	err = p.putLocal("epoch/"+hexed(device[:])+"/"+hexed(e.ID[:]), localEpoch{Private: e.Private, Created: e.Created})
	return e, Effects{}, err
}

// LearnEpoch takes a new epoch key of the other side in.
func (p *Person) LearnEpoch(id seal.RelationID, public []byte) (Effects, error) {
	if len(public) != seal.PublicSize {
		return Effects{}, fault.New(fault.Invalid, "an epoch key of %d octets", len(public))
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

// UsedEpoch says that the other side sealed to an epoch of this side: it knows it,
// and those before it end a message's lifetime later.
func (p *Person) UsedEpoch(id seal.RelationID, epoch seal.EpochID) (Effects, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, err := p.look()
	if err != nil {
		return Effects{}, err
	}
	if r := v.relations[id]; r != nil {
		c := newChange()
		if _, mine := r.epochs[epoch]; mine && r.used[epoch] == 0 {
			c.put(inUsed+hexed(id[:])+"/"+hexed(epoch[:]), atRecord{At: p.now()})
		}
		return p.commit(c)
	}
	d, ok := p.deviceOf(id)
	if !ok {
		return Effects{}, nil
	}
	device := d.ID()
	key := "epoch/" + hexed(device[:]) + "/" + hexed(epoch[:])
	var e localEpoch
	if err := p.getLocal(key, &e); err != nil || e.Used != 0 {
		return Effects{}, nil // the device's own key, or nothing new
	}
	e.Used = p.now()
	return Effects{}, p.putLocal(key, e)
}

// oldEpochs erases keys that no message can wait for any more.
func (p *Person) oldEpochs(c *change, r *relation) {
	all := r.ordered()
	used := int64(0) // when the other side was first seen to know something newer
	for i, e := range all {
		over := i > 0 && (p.now() > e.Superseded+p.o.Keep.Milliseconds() || used != 0 && p.now() > used+p.o.Message.Milliseconds())
		if over {
			c.del(inEpoch+hexed(r.id[:])+"/"+hexed(e.ID[:]), inUsed+hexed(r.id[:])+"/"+hexed(e.ID[:]))
		}
		if at := r.used[e.ID]; at != 0 && (used == 0 || at < used) {
			used = at
		}
	}
}

// oldOwnEpochs is oldEpochs for own devices.
func (p *Person) oldOwnEpochs() error {
	for _, d := range p.others() {
		device := d.ID()
		all, err := p.ownEpochs(device)
		if err != nil {
			return err
		}
		for i := 1; i < len(all); i++ {
			if p.now() > all[i-1].Created+p.o.Keep.Milliseconds() {
				if err := p.o.Local.Delete("epoch/" + hexed(device[:]) + "/" + hexed(all[i].ID[:])); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

package person

import (
	"slices"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/person/phrase"
	"github.com/kith-web/kith/internal/person/roster"
	"github.com/kith-web/kith/internal/seal"
)

// Device is one of the person's own, as it is shown.
type Device struct {
	ID    string       `json:"id"`
	Name  string       `json:"name"`
	This  bool         `json:"this"`
	Added time.Time    `json:"added"`
	Holds roster.Holds `json:"holds"`
	// Knows is true when the device has shown that it has the newest roster.
	Knows bool `json:"knows"`
	// Relation is what it is written to by; zero for this one.
	Relation seal.RelationID `json:"-"`
	Handle   seal.DeviceID   `json:"-"`
}

// Devices are all devices of the person, in the roster's order.
func (p *Person) Devices() ([]Device, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.house == nil {
		return nil, nil
	}
	r, err := p.roster()
	if err != nil {
		return nil, err
	}
	var out []Device
	hash := p.house.History.Current.Hash()
	_, in := r.Find(p.me())
	for _, d := range r.Devices {
		id := d.ID()
		v := Device{
			ID: hexed(id[:]), Name: d.Name, This: id == p.me(), Added: time.UnixMilli(d.Added).UTC(), Holds: d.Holds, Handle: id,
		}
		v.Knows = v.This || p.peer(id).Has == hash
		if !v.This && in {
			v.Relation = seal.RelationOf(seal.OwnRoot(p.house.Secret, p.me(), id))
		}
		out = append(out, v)
	}
	return out, nil
}

// SetDevice changes what this device says of itself: its name, when that is not
// empty, and what it holds, when that is not nil. Only a device itself can.
func (p *Person) SetDevice(name string, holds *roster.Holds) (Effects, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := p.device
	if name != "" {
		clean, err := checkName(name)
		if err != nil {
			return Effects{}, err
		}
		next.Name = clean
	}
	if holds != nil {
		next.Holds = *holds
	}
	if p.house != nil {
		if _, err := p.base(); err != nil {
			return Effects{}, err
		}
		entry, err := next.entry(nil)
		if err != nil {
			return Effects{}, err
		}
		if err := entry.Check(); err != nil {
			return Effects{}, err
		}
	}
	before := p.device
	p.device = next
	if err := p.putLocal("device", next); err != nil {
		p.device = before
		return Effects{}, err
	}
	c := newChange()
	if p.house == nil {
		return p.commit(c)
	}
	if err := p.update(c); err != nil {
		return Effects{}, err
	}
	return p.commit(c)
}

// update issues a roster if this device's entry is another than the held one's.
func (p *Person) update(c *change) error {
	r, err := p.roster()
	if err != nil {
		return err
	}
	changed, err := p.renewEntry(r.Devices)
	if err != nil || !changed {
		return err
	}
	return p.issue(c, r, nil)
}

// Revoke removes devices: they hear of nothing that is new, and with every friend
// all keys change. With the phrase (words) no device can undo it; without (empty)
// one that is not removed could.
func (p *Person) Revoke(ids []seal.DeviceID, words string) (Effects, error) {
	var seed []byte
	if words != "" {
		var err error
		if seed, err = phrase.Decode(words); err != nil {
			return Effects{}, err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	r, err := p.roster()
	if err != nil {
		return Effects{}, err
	}
	for _, id := range ids {
		if id == p.me() {
			return Effects{}, fault.New(fault.Invalid, "a device cannot remove itself").WithHint("remove it on another device of yours")
		}
		if _, in := r.Find(id); !in {
			return Effects{}, fault.New(fault.NotFound, "you have no device %x", id).WithHint("'kith device' lists them")
		}
	}
	if seed != nil {
		if _, err := p.ofSeed(seed); err != nil {
			return Effects{}, err
		}
		var keep []seal.DeviceID
		for _, d := range r.Devices {
			if !slices.Contains(ids, d.ID()) {
				keep = append(keep, d.ID())
			}
		}
		return p.recover(seed, keep)
	}
	if r, err = p.base(); err != nil {
		return Effects{}, err
	}
	return p.without(r, ids)
}

// without issues a roster in a household of its own that has some devices no more,
// and asks for new keys with every friend.
func (p *Person) without(r roster.Roster, ids []seal.DeviceID) (Effects, error) {
	if err := p.intend(ids, nil); err != nil {
		return Effects{}, err
	}
	secret, err := seal.NewSeed(p.o.Rand)
	if err != nil {
		return Effects{}, err
	}
	e, err := p.mustChange()
	if err != nil {
		return e, err
	}
	c := newChange()
	if err := p.issue(c, r.Without(ids), secret); err != nil {
		return e, err
	}
	more, err := p.commit(c)
	e.Add(more)
	if err != nil {
		return e, err
	}
	more, err = p.changeKeys()
	e.Add(more)
	return e, err
}

// Incarnate gives this device a new key, and with it a new id: for one whose state
// came from a copy (spec §6.5). The home has to be opened anew after it.
func (p *Person) Incarnate() (Effects, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, err := p.base()
	if err != nil {
		return Effects{}, err
	}
	next, err := newDevice(p.o)
	if err != nil {
		return Effects{}, err
	}
	next.Name, next.Holds = p.device.Name, p.device.Holds
	mine, _ := r.Find(p.me())
	entry, err := next.entry(mine.Relays)
	if err != nil {
		return Effects{}, err
	}
	// The old key signs itself out and the new one in; then the new one is kept.
	old := p.me()
	secret, err := seal.NewSeed(p.o.Rand)
	if err != nil {
		return Effects{}, err
	}
	r = r.Without([]seal.DeviceID{old})
	r.Devices = append(r.Devices, entry)
	r.Epoch++
	r.Household = seal.HouseholdOf(secret)
	signed, err := p.sign(r, p.device.key())
	if err != nil {
		return Effects{}, err
	}
	if err := p.putLocal("former", p.device); err != nil { // New goes back to it if the rest is not done
		return Effects{}, err
	}
	if err := p.putLocal("device", next); err != nil {
		return Effects{}, err
	}
	if err := p.use(next); err != nil {
		return Effects{}, err
	}
	c := newChange()
	if err := p.adopt(c, signed, secret); err != nil {
		return Effects{}, err
	}
	if err := p.delLocal("former"); err != nil {
		return Effects{}, err
	}
	return p.commit(c)
}

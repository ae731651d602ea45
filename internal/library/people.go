package library

import "github.com/kith-web/kith/internal/seal"

// People is what the library has to know about the person's relations. It is
// handed over by SetPeople whenever it changed, so that the library never has to
// ask while somebody waits for it.
type People struct {
	Friends []Friend
	Devices []Device // the person's other devices
}

// Friend is a relation to a friend.
type Friend struct {
	Relation seal.RelationID
	// All says that they are one of "all friends": verified, or the person wants
	// unverified ones in it.
	All bool
	// Blocked friends see nothing and are told nothing.
	Blocked bool
}

// Device is another device of the person.
type Device struct {
	Relation seal.RelationID
	ID       seal.DeviceID
}

// circle is People, prepared for questions.
type circle struct {
	friends map[seal.RelationID]Friend
	order   []seal.RelationID // of friends, as they were given
	devices map[seal.RelationID]Device
	line    []Device
}

func newCircle(p People) circle {
	c := circle{friends: map[seal.RelationID]Friend{}, devices: map[seal.RelationID]Device{}, line: p.Devices}
	for _, f := range p.Friends {
		c.friends[f.Relation] = f
		c.order = append(c.order, f.Relation)
	}
	for _, d := range p.Devices {
		c.devices[d.Relation] = d
	}
	return c
}

// SetPeople says who there is. Friends whose standing changed are told that there
// may be something new for them; devices that are new are reconciled with.
func (l *Library) SetPeople(p People) []seal.Outgoing {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.circle
	l.circle = newCircle(p)
	var out []seal.Outgoing
	for _, id := range l.circle.order {
		f := l.circle.friends[id]
		if was, ok := before.friends[id]; ok && was != f && !f.Blocked {
			out = append(out, changed(id))
		}
	}
	for _, d := range p.Devices {
		if _, ok := before.devices[d.Relation]; !ok && l.peers[d.ID] == nil {
			out = append(out, l.open(d))
		}
	}
	return out
}

// SetDevice says that this device has another id from now on (§6.5): a new
// incarnation of itself. The next clock values are the new one's.
func (l *Library) SetDevice(id seal.DeviceID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.o.Device, l.clock.device = id, id
}

func changed(to seal.RelationID) seal.Outgoing {
	return seal.Outgoing{To: to, Kind: seal.Changed, Replaces: true}
}

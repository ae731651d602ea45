package person

import (
	"bytes"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/person/roster"
	"github.com/kith-web/kith/internal/seal"
)

// linkRecord is a device on its way in, on either side (spec §2.1). It is of one
// device, in Local.
type linkRecord struct {
	New      bool           `cbor:"1,keyasint"` // this device is the one that comes
	Fragment string         `cbor:"2,keyasint"`
	Private  []byte         `cbor:"3,keyasint,omitempty"`
	Contact  []seal.Mailbox `cbor:"4,keyasint"` // the contact queues
	Own      seal.Own       `cbor:"5,keyasint"`
	Join     seal.Join      `cbor:"6,keyasint"`
	Welcome  []byte         `cbor:"7,keyasint,omitempty"`
	Relation *seal.Relation `cbor:"8,keyasint,omitempty"`
	Code     string         `cbor:"9,keyasint,omitempty"`
	Same     bool           `cbor:"10,keyasint,omitempty"` // the person compared the codes here
	Entry    []byte         `cbor:"11,keyasint,omitempty"` // the new device's, as the old one got it
	Device   seal.DeviceID  `cbor:"12,keyasint"`           // the same, once it is in the roster
	Created  int64          `cbor:"13,keyasint"`
	Said     int64          `cbor:"14,keyasint,omitempty"`
}

// Link is a device on its way in, as it is shown.
type Link struct {
	ID      string    `json:"id"`
	New     bool      `json:"new"` // this device is the one that comes
	Link    string    `json:"link,omitempty"`
	Code    string    `json:"safety,omitempty"`
	State   string    `json:"state"` // "waiting", "compare", "confirmed", "linked"
	Expires time.Time `json:"expires"`
}

// linkNote is what two devices say to one another after the comparison.
type linkNote struct {
	Entry  []byte        `cbor:"1,keyasint,omitempty"` // the new device's
	Roster []byte        `cbor:"2,keyasint,omitempty"`
	Secret []byte        `cbor:"3,keyasint,omitempty"`
	From   seal.DeviceID `cbor:"4,keyasint"`
}

// StartLink makes a link code on the new device: the text goes to a device that is
// the person's already, by AcceptLink there.
func (p *Person) StartLink() (Link, Effects, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.blank(); err != nil {
		return Link{}, Effects{}, err
	}
	if len(p.others()) > 0 {
		return Link{}, Effects{}, fault.New(fault.Conflict, "this is a device of a person with other devices already").WithHint("use a new home: --home")
	}
	v, err := p.look()
	if err != nil {
		return Link{}, Effects{}, err
	}
	relays, err := p.someRelays(v)
	if err != nil {
		return Link{}, Effects{}, err
	}
	// The other device's clock may be a day off: this one ends the link in time.
	until := p.o.Now().Add(p.o.Link + 2*day)
	i, private, err := seal.NewInvitation(p.o.Rand, seal.OwnDevice, until, relays)
	if err != nil {
		return Link{}, Effects{}, err
	}
	fragment, err := i.Fragment()
	if err != nil {
		return Link{}, Effects{}, err
	}
	contact, err := p.contactQueues(i)
	if err != nil {
		return Link{}, Effects{}, err
	}
	r := linkRecord{New: true, Fragment: fragment, Private: private, Contact: contact, Created: p.now()}
	c := newChange()
	if err := p.dropLinks(c, true); err != nil { // one at a time
		return Link{}, Effects{}, err
	}
	c.create(contact...)
	id, err := i.ID()
	if err != nil {
		return Link{}, Effects{}, err
	}
	return p.keepLink(c, id, r)
}

// AcceptLink takes a new device's link code on one that is the person's. The codes
// that both show have to be compared before ConfirmLink.
func (p *Person) AcceptLink(link string) (Link, Effects, error) {
	i, err := seal.ParseInvitation(link)
	if err != nil {
		return Link{}, Effects{}, err
	}
	if i.Kind != seal.OwnDevice {
		return Link{}, Effects{}, fault.New(fault.Invalid, "this link is an invitation of a friend").WithHint("accept it with 'kith friend accept'")
	}
	id, err := i.ID()
	if err != nil {
		return Link{}, Effects{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var r linkRecord
	if err := p.getLocal(linkKey(id), &r); err == nil {
		if r.New {
			return Link{}, Effects{}, fault.New(fault.Conflict, "this link code is this device's own").WithHint("give it to a device that is yours already")
		}
		return r.view(p, id), Effects{}, nil
	}
	ros, err := p.base()
	if err != nil {
		return Link{}, Effects{}, err
	}
	if len(ros.Devices) >= roster.MaxDevices {
		return Link{}, Effects{}, fault.New(fault.TooLarge, "you have %d devices, and that is the most", len(ros.Devices)).WithHint("remove one first")
	}
	c := newChange()
	own, join, contact, err := p.join(c, i, "")
	if err != nil {
		return Link{}, Effects{}, err
	}
	r = linkRecord{Fragment: fragmentOf(i), Own: own, Join: join, Contact: contact, Created: p.now(), Said: p.now()}
	return p.keepLink(c, id, r)
}

// keepLink keeps a link and returns how it is shown.
func (p *Person) keepLink(c *change, id [16]byte, r linkRecord) (Link, Effects, error) {
	if err := p.putLocal(linkKey(id), r); err != nil {
		return Link{}, Effects{}, err
	}
	e, err := p.commit(c)
	if err != nil {
		return Link{}, e, err
	}
	return r.view(p, id), e, nil
}

func linkKey(id [16]byte) string { return "link/" + hexed(id[:]) }

func (r linkRecord) view(p *Person, id [16]byte) Link {
	l := Link{ID: hexed(id[:]), New: r.New, Code: r.Code, State: "waiting"}
	l.Expires = time.UnixMilli(r.Created).Add(p.o.Link).UTC()
	switch {
	case r.Device != seal.DeviceID{}:
		l.State = "linked"
	case r.Same:
		l.State = "confirmed"
	case r.Code != "":
		l.State = "compare"
	case r.New:
		l.Link = p.o.Base + "#" + r.Fragment
	}
	return l
}

// links calls f for each link.
func (p *Person) links(f func(id [16]byte, r linkRecord) error) error {
	found := map[[16]byte]linkRecord{}
	err := p.o.Local.Each("link/", func(key string, value []byte) error {
		id, ok := parseID(key[len("link/"):])
		if !ok {
			return nil
		}
		return into(found, id, value)
	})
	if err != nil {
		return err
	}
	for id, r := range each(found) {
		if err := f(id, r); err != nil {
			return err
		}
	}
	return nil
}

// Links are the devices on their way in.
func (p *Person) Links() ([]Link, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []Link
	err := p.links(func(id [16]byte, r linkRecord) error {
		out = append(out, r.view(p, id))
		return nil
	})
	return out, err
}

// CancelLink ends a link that is not finished.
func (p *Person) CancelLink(id string) (Effects, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key, ok := parseID(id)
	var r linkRecord
	if !ok || p.getLocal(linkKey(key), &r) != nil {
		return Effects{}, fault.New(fault.NotFound, "no device is being linked by %.40q", id)
	}
	c := newChange()
	if err := p.dropLink(c, key, r); err != nil {
		return Effects{}, err
	}
	return p.commit(c)
}

// ConfirmLink says that the person compared the codes and that they are the same.
// It has to be said on both devices: each keeps what it has to itself until then.
func (p *Person) ConfirmLink(id string) (Effects, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key, ok := parseID(id)
	var r linkRecord
	if !ok || p.getLocal(linkKey(key), &r) != nil {
		return Effects{}, fault.New(fault.NotFound, "no device is being linked by %.40q", id)
	}
	if r.Relation == nil {
		return Effects{}, fault.New(fault.Conflict, "the other device has not answered yet: there is no code to compare").WithHint("wait a little")
	}
	r.Same = true
	c := newChange()
	if err := p.advance(c, key, &r); err != nil {
		return Effects{}, err
	}
	return p.commit(c)
}

// advance does what can be done for a link now, and keeps it.
func (p *Person) advance(c *change, id [16]byte, r *linkRecord) error {
	r.Said = p.now()
	var err error
	switch {
	case !r.Same:
	case r.New:
		err = p.sayEntry(c, r)
	case len(r.Entry) != 0:
		err = p.takeIn(c, r)
	}
	if err != nil {
		return err
	}
	return p.putLocal(linkKey(id), *r)
}

// sayEntry tells the old device what this one is.
func (p *Person) sayEntry(c *change, r *linkRecord) error {
	v, err := p.look()
	if err != nil {
		return err
	}
	entry, err := p.device.entry(p.relays(v))
	if err != nil {
		return err
	}
	b, err := seal.Marshal(entry)
	if err != nil {
		return fault.New(fault.Internal, "encode device: %w", err)
	}
	return p.sayLink(c, r, linkNote{Entry: b, From: p.me()})
}

// takeIn makes the new device one of the roster's, and tells it so.
func (p *Person) takeIn(c *change, r *linkRecord) error {
	var entry roster.Device
	if err := seal.Unmarshal(r.Entry, &entry); err != nil {
		return fault.New(fault.Invalid, "the new device: %w", err)
	}
	entry.Added, entry.Name = p.now(), cleanName(entry.Name, "device")
	ros, err := p.base()
	if err != nil {
		return err
	}
	if _, in := ros.Find(entry.ID()); !in {
		if err := p.intend(nil, []roster.Device{entry}); err != nil {
			return err
		}
		ros.Devices = append(ros.Devices, entry)
		if err := p.issue(c, ros, nil); err != nil {
			return err
		}
	}
	r.Device = entry.ID()
	signed, err := p.house.History.Current.Encode()
	if err != nil {
		return err
	}
	return p.sayLink(c, r, linkNote{Roster: signed, Secret: p.house.Secret, From: p.me()})
}

// sayLink seals a note: to the other's key, and with the relation's secret in what
// it is sealed for, so that nobody but these two can make or open it.
func (p *Person) sayLink(c *change, r *linkRecord, n linkNote) error {
	plain, err := seal.Marshal(n)
	if err != nil {
		return fault.New(fault.Internal, "encode link: %w", err)
	}
	bodies, err := say(r.Relation.Out, func(seal.Mailbox) ([]byte, error) {
		return seal.SealTo(p.o.Rand, r.Relation.PeerNotice, linkInfo(*r.Relation, r.Relation.Side), plain)
	})
	c.raw(bodies, 0)
	return err
}

func linkInfo(r seal.Relation, direction seal.Side) string {
	return "kith link 1" + string(hashOf(r.Root)) + string([]byte{byte(direction)})
}

// receiveLink takes a body in that came for a link.
func (p *Person) receiveLink(c *change, id [16]byte, r linkRecord, relay string, body []byte) error {
	i, err := seal.ParseInvitation(r.Fragment)
	if err != nil {
		return err
	}
	join, err := i.Veil(joinVeil, relay, body)
	if err != nil {
		return err
	}
	welcome, err := i.Veil(welcomeVeil, relay, body)
	if err != nil {
		return err
	}
	switch {
	case r.New && (r.Relation == nil || bytes.Equal(join, r.Join.Octets)):
		return p.linkJoin(c, id, r, i, join)
	case r.Relation == nil:
		m, err := seal.OpenWelcome(p.o.Now(), i, r.Join, r.Own, welcome)
		if err != nil {
			return err
		}
		if r.Code, err = m.Safety(); err != nil {
			return err
		}
		r.Relation = &m.Relation
		return p.putLocal(linkKey(id), r)
	}
	plain, err := seal.OpenTo(r.Own.Notice, linkInfo(*r.Relation, r.Relation.Side.Other()), body)
	if err != nil {
		return err
	}
	var n linkNote
	if err := seal.Unmarshal(plain, &n); err != nil {
		return fault.New(fault.Invalid, "note of a link: %w", err)
	}
	if r.New {
		return p.moveIn(c, id, r, n)
	}
	return p.linkEntry(c, id, r, n)
}

// linkJoin answers the old device.
func (p *Person) linkJoin(c *change, id [16]byte, r linkRecord, i seal.Invitation, body []byte) error {
	if r.Relation != nil {
		bodies, err := welcomes(i, r.Relation.Out, r.Welcome)
		c.raw(bodies, 0)
		return err
	}
	j, err := seal.OpenJoin(i, r.Private, body)
	if err != nil {
		return err
	}
	if err := p.checkQueues(j.Peer.Queues); err != nil {
		return err
	}
	v, err := p.look()
	if err != nil {
		return err
	}
	if r.Own, err = p.newOwn("", p.relays(v)); err != nil {
		return err
	}
	var m seal.Meeting
	if r.Welcome, m, err = j.MakeWelcome(p.o.Rand, p.o.Now(), r.Own); err != nil {
		return err
	}
	if r.Code, err = m.Safety(); err != nil {
		return err
	}
	r.Relation, r.Join = &m.Relation, j.Join
	c.create(r.Own.Queues...)
	bodies, err := welcomes(i, m.Relation.Out, r.Welcome)
	if err != nil {
		return err
	}
	c.raw(bodies, 0)
	return p.putLocal(linkKey(id), r)
}

// linkEntry is the new device's word on what it is.
func (p *Person) linkEntry(c *change, id [16]byte, r linkRecord, n linkNote) error {
	var entry roster.Device
	if err := seal.Unmarshal(n.Entry, &entry); err != nil {
		return fault.New(fault.Invalid, "the new device: %w", err)
	}
	if err := entry.Check(); err != nil {
		return err
	}
	if len(r.Entry) == 0 {
		r.Entry = n.Entry
	}
	return p.advance(c, id, &r)
}

// moveIn makes this device one of the person's, if its person compared the codes.
func (p *Person) moveIn(c *change, id [16]byte, r linkRecord, n linkNote) error {
	if !r.Same {
		return fault.New(fault.Conflict, "a roster came before the codes were compared")
	}
	signed, err := roster.Parse(n.Roster)
	if err != nil {
		return err
	}
	h, err := roster.First(p.o.Now(), signed)
	if err != nil {
		return err
	}
	ros, err := signed.Roster()
	if err != nil {
		return err
	}
	if _, in := ros.Find(p.me()); !in {
		return fault.New(fault.Invalid, "the roster that came is without this device")
	}
	if p.house != nil { // a person without friends, made before: it ends here
		p.house, p.own = nil, nil
		if err := p.delLocal("seed"); err != nil {
			return err
		}
		c.del(keyBackup, keyProfile, keyRelays)
	}
	if err := p.settle(c, h, n.Secret); err != nil {
		return err
	}
	return p.dropLink(c, id, r)
}

// dropLink ends a link: its queues and keys go.
func (p *Person) dropLink(c *change, id [16]byte, r linkRecord) error {
	if r.New {
		c.drop(p.now(), r.Contact...)
	}
	c.drop(p.now(), r.Own.Queues...)
	c.effects.Changed = true
	return p.delLocal(linkKey(id))
}

func (p *Person) dropLinks(c *change, all bool) error {
	return p.links(func(id [16]byte, r linkRecord) error {
		if all || p.now() > r.Created+p.o.Link.Milliseconds() && !r.Same || p.now() > r.Created+2*day.Milliseconds() || p.linked(r) {
			return p.dropLink(c, id, r)
		}
		return nil
	})
}

// linked says that the new device has shown that it is in.
func (p *Person) linked(r linkRecord) bool {
	return r.Device != seal.DeviceID{} && p.house != nil && p.peer(r.Device).Has != [32]byte{}
}

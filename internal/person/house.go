package person

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"slices"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/person/roster"
	"github.com/kith-web/kith/internal/seal"
)

// rosterInfo is what rosters are sealed for (spec §2.3).
const rosterInfo = "kith household 1"

// notice is the content of a sealed roster.
type notice struct {
	Roster []byte        `cbor:"1,keyasint"`
	Secret []byte        `cbor:"2,keyasint"` // of the household
	From   seal.DeviceID `cbor:"3,keyasint"`
	Ack    bool          `cbor:"4,keyasint,omitempty"` // it answers one, and wants no answer
}

// roster returns the one that is held.
func (p *Person) roster() (roster.Roster, error) {
	if err := p.exists(); err != nil {
		return roster.Roster{}, err
	}
	return p.house.History.Current.Roster()
}

// sign fills in the times and signs.
func (p *Person) sign(r roster.Roster, key ed25519.PrivateKey) (roster.Signed, error) {
	r.Issued = p.now()
	r.Expires = r.Issued + roster.Lifetime.Milliseconds()
	return roster.Sign(r, key)
}

// base returns the roster that something new may be made from.
func (p *Person) base() (roster.Roster, error) {
	r, err := p.roster()
	if err != nil {
		return r, err
	}
	if _, in := r.Find(p.me()); !in {
		return r, fault.New(fault.Forbidden, "this device was removed from its person").
			WithHint("link it anew with 'kith device link', or take everything back with 'kith person recover'")
	}
	if r.Expired(p.o.Now()) && len(r.Devices) > 1 {
		return r, fault.New(fault.Conflict, "what this device knows of your devices is too old to change").
			WithHint("let it hear of another of your devices first; a day without an answer is enough too")
	}
	return r, nil
}

// issue signs the successor of the held roster as this device and adopts it.
// secret is the household's when it changes, else nil.
func (p *Person) issue(c *change, r roster.Roster, secret []byte) error {
	r.Epoch++
	if secret == nil {
		secret = p.house.Secret
	}
	r.Household = seal.HouseholdOf(secret)
	signed, err := p.sign(r, p.device.key())
	if err != nil {
		return err
	}
	return p.adopt(c, signed, secret)
}

// adopt takes a roster in that the held one allows, tells the others, and makes
// sure that what this device changed is still in it.
func (p *Person) adopt(c *change, signed roster.Signed, secret []byte) error {
	h, err := p.house.History.Accept(p.o.Now(), signed)
	if err != nil {
		return err
	}
	if err := p.settle(c, h, secret); err != nil {
		return err
	}
	return p.insist(c)
}

// settle holds a history, and moves this device into its household.
func (p *Person) settle(c *change, h roster.History, secret []byte) error {
	r, err := h.Current.Roster()
	if err != nil {
		return err
	}
	_, in := r.Find(p.me())
	if in && seal.HouseholdOf(secret) != r.Household {
		return fault.New(fault.Corrupt, "the household secret is not the roster's")
	}
	next := localHouse{History: h, Secret: secret, Adopted: p.now()}
	if !in { // removed: it stays where it was, to hear of a roster that takes it back
		next.Secret = p.house.Secret
	}
	if p.house != nil && !bytes.Equal(p.house.Secret, next.Secret) {
		id := seal.HouseholdOf(p.house.Secret)
		err := p.putLocal("earlier/"+hexed(id[:]), localEarlier{Secret: p.house.Secret, Until: p.now() + p.o.Earlier.Milliseconds()})
		if err != nil {
			return err
		}
		c.effects.Delete = append(c.effects.Delete, p.ownQueues()...)
		for _, d := range p.others() {
			if _, stays := r.Find(d.ID()); in && stays {
				c.effects.Moved = append(c.effects.Moved, seal.Move{From: p.ownID(p.house.Secret, d), To: p.ownID(secret, d)})
			}
		}
	}
	if err := p.meet(r, secret); err != nil {
		return err
	}
	before := p.house
	p.house, p.own = &next, nil
	if err := p.putLocal("house", next); err != nil {
		p.house, p.own = before, nil
		return err
	}
	c.effects.Changed, c.effects.Devices = true, true
	for _, b := range p.householdInboxes() {
		c.effects.Create = append(c.effects.Create, queueOf(b))
	}
	return p.tell(c, r, true)
}

// ownID names the relation with an own device in a household.
func (p *Person) ownID(household []byte, d roster.Device) seal.RelationID {
	return seal.RelationOf(seal.OwnRoot(household, p.me(), d.ID()))
}

// ownQueues are the inboxes of the relations with own devices.
func (p *Person) ownQueues() []seal.Mailbox {
	var out []seal.Mailbox
	for _, r := range p.ownRelations() {
		out = append(out, r.In...)
	}
	return out
}

// tell puts the held roster into the roster queue of each device that has not
// shown that it has it.
func (p *Person) tell(c *change, r roster.Roster, anew bool) error {
	if _, in := r.Find(p.me()); !in {
		return nil
	}
	hash := p.house.History.Current.Hash()
	for _, d := range r.Devices {
		peer := p.peer(d.ID())
		if anew {
			peer.Times = 0
		}
		if d.ID() == p.me() || peer.Has == hash || !anew && p.now()-peer.Told < p.patience(peer.Times) {
			continue
		}
		if err := p.notify(c, d, peer.Secret, false); err != nil {
			return err
		}
		peer.Told, peer.Times = p.now(), peer.Times+1
		if err := p.setPeer(d.ID(), peer); err != nil {
			return err
		}
	}
	return nil
}

// patience is how long to wait before a device is told again: its queue must not
// fill up while it is away.
func (p *Person) patience(times int) int64 {
	if times < 12 {
		return p.o.Repeat.Milliseconds()
	}
	return day.Milliseconds()
}

// notify puts the held roster into a device's roster queue in a household.
func (p *Person) notify(c *change, d roster.Device, household []byte, ack bool) error {
	signed, err := p.house.History.Current.Encode()
	if err != nil {
		return err
	}
	plain, err := seal.Marshal(notice{Roster: signed, Secret: p.house.Secret, From: p.me(), Ack: ack})
	if err != nil {
		return fault.New(fault.Internal, "encode roster: %w", err)
	}
	bodies, err := say(rosterQueues(household, d), func(seal.Mailbox) ([]byte, error) {
		return seal.SealTo(p.o.Rand, d.XWing, rosterInfo, plain)
	})
	c.raw(bodies, 0)
	return err
}

func rosterQueues(secret []byte, d roster.Device) []seal.Mailbox {
	var out []seal.Mailbox
	for _, relay := range d.Relays {
		q := seal.RosterQueue(secret, d.ID(), relay)
		q.Recipient = nil
		out = append(out, q)
	}
	return out
}

// meet remembers of each device of a roster that is about to be held where it is
// now: in the household that this device is leaving, or, one that it has not heard
// of, in the new one.
func (p *Person) meet(r roster.Roster, secret []byte) error {
	var known roster.Roster
	if p.house != nil {
		var err error
		if known, err = p.roster(); err != nil {
			return err
		}
	}
	for _, d := range r.Devices {
		var peer localPeer
		err := p.getLocal(peerKey(d.ID()), &peer)
		if d.ID() == p.me() || err == nil {
			continue
		}
		if fault.KindOf(err) != fault.NotFound {
			return err
		}
		peer.Secret = secret
		if _, in := known.Find(d.ID()); in {
			peer.Secret = p.house.Secret
		}
		if err := p.setPeer(d.ID(), peer); err != nil {
			return err
		}
	}
	return nil
}

func (p *Person) peer(id seal.DeviceID) localPeer {
	var peer localPeer
	if err := p.getLocal(peerKey(id), &peer); err != nil {
		peer.Secret = p.house.Secret
	}
	return peer
}

func peerKey(id seal.DeviceID) string { return "peer/" + hexed(id[:]) }

func (p *Person) setPeer(id seal.DeviceID, peer localPeer) error {
	return p.putLocal(peerKey(id), peer)
}

// receiveRoster takes a sealed roster in.
func (p *Person) receiveRoster(c *change, body []byte) error {
	plain, err := seal.OpenTo(p.device.XWing, rosterInfo, body)
	if err != nil {
		return err
	}
	var n notice
	if err := seal.Unmarshal(plain, &n); err != nil {
		return fault.New(fault.Invalid, "sealed roster: %w", err)
	}
	if len(n.Secret) != 32 {
		return fault.New(fault.Invalid, "sealed roster with a household secret of %d octets", len(n.Secret))
	}
	signed, err := roster.Parse(n.Roster)
	if err != nil {
		return err
	}
	if p.house == nil {
		return fault.New(fault.Conflict, "a roster came before this device was linked")
	}
	if r, err := signed.Roster(); err != nil || r.Household != seal.HouseholdOf(n.Secret) {
		return fault.New(fault.Corrupt, "a roster came with the secret of another household")
	}
	err = p.adopt(c, signed, n.Secret)
	if err != nil && !errors.Is(err, roster.ErrHeld) {
		return p.answerStale(c, n, signed, err)
	}
	held := err != nil
	peer := p.peer(n.From)
	peer.Secret, peer.Has = n.Secret, signed.Hash()
	if err := p.setPeer(n.From, peer); err != nil {
		return err
	}
	if err := p.dropLinks(c, false); err != nil { // a device that was linked is in
		return err
	}
	r, err := p.roster()
	if d, in := r.Find(n.From); err == nil && in && held && !n.Ack {
		return p.notify(c, d, n.Secret, true)
	}
	return err
}

// answerStale tells a device that is behind what is newer.
func (p *Person) answerStale(c *change, n notice, signed roster.Signed, refused error) error {
	r, err := p.roster()
	d, in := r.Find(n.From)
	if err != nil || !in || n.Ack || roster.Compare(signed, p.house.History.Current) >= 0 {
		return refused
	}
	return p.notify(c, d, n.Secret, false)
}

// insist makes a roster of its own where the adopted one lacks what this device
// changed, unless the root signed it.
func (p *Person) insist(c *change) error {
	r, err := p.roster()
	if err != nil {
		return err
	}
	if p.house.History.Current.ByRoot() {
		return p.putLocal("intent", localIntent{})
	}
	if _, in := r.Find(p.me()); !in {
		return nil
	}
	want, err := p.intent()
	if err != nil {
		return err
	}
	removed := slices.ContainsFunc(want.Removed, func(id seal.DeviceID) bool { _, in := r.Find(id); return in })
	next := r.Without(want.Removed)
	added := false
	for _, d := range want.Added {
		if _, in := next.Find(d.ID()); !in && !slices.Contains(next.Removed, d.ID()) && len(next.Devices) < roster.MaxDevices {
			next.Devices, added = append(next.Devices, d), true
		}
	}
	changed, err := p.renewEntry(next.Devices)
	if err != nil {
		return err
	}
	if !removed && !added && !changed {
		return nil
	}
	var secret []byte
	if removed {
		if secret, err = seal.NewSeed(p.o.Rand); err != nil {
			return err
		}
	}
	return p.issue(c, next, secret)
}

// renewEntry writes what this device says of itself into its entry, and reports
// whether that is another than before.
func (p *Person) renewEntry(devices []roster.Device) (bool, error) {
	v, err := p.look()
	if err != nil {
		return false, err
	}
	mine, err := p.device.entry(p.relays(v))
	if err != nil {
		return false, err
	}
	for i, d := range devices {
		if d.ID() == p.me() {
			before, err := seal.Marshal(d)
			if err != nil {
				return false, fault.New(fault.Internal, "encode device: %w", err)
			}
			after, err := seal.Marshal(mine)
			devices[i] = mine
			return !bytes.Equal(before, after), err
		}
	}
	return false, nil
}

// intend remembers what this device is about to change.
func (p *Person) intend(removed []seal.DeviceID, added []roster.Device) error {
	i, err := p.intent()
	if err != nil {
		return err
	}
	i.Removed, i.Added, i.Since = append(i.Removed, removed...), append(i.Added, added...), p.now()
	return p.putLocal("intent", i)
}

func (p *Person) intent() (localIntent, error) {
	var i localIntent
	err := p.getLocal("intent", &i)
	if fault.KindOf(err) == fault.NotFound || err == nil && p.now() > i.Since+roster.Lifetime.Milliseconds() {
		return localIntent{}, nil
	}
	return i, err
}

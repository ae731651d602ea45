package person

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// Invitation is a link that waits, as it is shown.
type Invitation struct {
	ID      string    `json:"id"`
	Link    string    `json:"link,omitempty"`
	For     string    `json:"for,omitempty"`
	Mine    bool      `json:"mine"` // made here; else accepted here and not answered yet
	Expires time.Time `json:"expires"`
	Friend  FriendID  `json:"-"` // who accepted, or will be
}

// Invite makes a link by which one friend can join, once. whom is a note for the
// person's own eyes; a lifetime of zero is the usual one.
func (p *Person) Invite(whom string, lifetime time.Duration) (Invitation, Effects, error) {
	switch {
	case lifetime == 0:
		lifetime = p.o.Invitation
	case lifetime < time.Hour || lifetime > p.o.LongestInvite:
		return Invitation{}, Effects{}, fault.New(fault.Invalid, "an invitation for %s", lifetime).
			WithHint("it is good for an hour to %d days", p.o.LongestInvite/day)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.exists(); err != nil {
		return Invitation{}, Effects{}, err
	}
	v, err := p.look()
	if err != nil {
		return Invitation{}, Effects{}, err
	}
	if err := p.room(v); err != nil {
		return Invitation{}, Effects{}, err
	}
	if len(v.invites) >= p.o.MaxInvitations {
		return Invitation{}, Effects{}, fault.New(fault.TooLarge, "%d invitations are waiting, and that is the most", len(v.invites)).
			WithHint("cancel some: 'kith friend invitations' lists them")
	}
	relays, err := p.someRelays(v)
	if err != nil {
		return Invitation{}, Effects{}, err
	}
	i, private, err := seal.NewInvitation(p.o.Rand, seal.Friend, p.o.Now().Add(lifetime+time.Hour-time.Nanosecond), relays)
	if err != nil {
		return Invitation{}, Effects{}, err
	}
	contact, err := p.contactQueues(i)
	if err != nil {
		return Invitation{}, Effects{}, err
	}
	id, err := i.ID()
	if err != nil {
		return Invitation{}, Effects{}, err
	}
	r := inviteRecord{Fragment: fragmentOf(i), Private: private, Queues: contact, Created: max(p.now(), v.due.At+1), For: cleanName(whom, "")}
	c := newChange()
	c.put(inInvite+hexed(id[:]), r)
	c.create(contact...)
	e, err := p.commit(c)
	if err != nil {
		return Invitation{}, e, err
	}
	return p.invitation(id, r, i), e, nil
}

func (p *Person) invitation(id [16]byte, r inviteRecord, i seal.Invitation) Invitation {
	return Invitation{ID: hexed(id[:]), Link: p.o.Base + "#" + r.Fragment, For: r.For, Mine: true, Expires: i.Expires}
}

// room refuses when there are as many friends as there may be.
func (p *Person) room(v *view) error {
	n := len(v.accepts)
	for _, f := range each(v.friends) {
		if f.leaving == 0 {
			n++
		}
	}
	if n >= p.o.MaxFriends {
		return fault.New(fault.TooLarge, "you have %d friends, and that is the most", n).WithHint("remove one first: 'kith friend remove'")
	}
	return nil
}

// Invitations are those that nobody has finished: made here, or accepted here.
func (p *Person) Invitations() ([]Invitation, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, err := p.look()
	if err != nil {
		return nil, err
	}
	var out []Invitation
	for id, r := range each(v.invites) {
		i, err := seal.ParseInvitation(r.Fragment)
		if err != nil || v.joined(id) != nil {
			continue
		}
		out = append(out, p.invitation(id, r, i))
	}
	for id, r := range each(v.accepts) {
		if i, err := seal.ParseInvitation(r.Fragment); err == nil {
			out = append(out, Invitation{ID: hexed(id[:]), For: r.Name, Expires: i.Expires, Friend: r.Friend})
		}
	}
	slices.SortFunc(out, func(a, b Invitation) int { return cmp.Or(a.Expires.Compare(b.Expires), cmp.Compare(a.ID, b.ID)) })
	return out, nil
}

// joined returns the relation that came of an invitation of this person.
func (v *view) joined(id [16]byte) *relation {
	for _, r := range each(v.relations) {
		if r.record.Invitation == id && !r.record.First {
			return r
		}
	}
	return nil
}

// Cancel withdraws an invitation, or gives up one that was accepted here. Who
// joined by it already stays.
func (p *Person) Cancel(id string) (Effects, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, err := p.look()
	if err != nil {
		return Effects{}, err
	}
	key, _ := parseID(id)
	c := newChange()
	if r, ok := v.invites[key]; ok && v.joined(key) == nil {
		p.endInvite(c, key, r)
		return p.commit(c)
	}
	if r, ok := v.accepts[key]; ok {
		c.del(inAccept + id)
		c.drop(p.now(), r.Own.Queues...)
		return p.commit(c)
	}
	return Effects{}, fault.New(fault.NotFound, "no invitation %.40q is waiting", id).WithHint("'kith friend invitations' lists them")
}

// endInvite deletes an invitation, its secret and its queues.
func (p *Person) endInvite(c *change, id [16]byte, r inviteRecord) {
	c.del(inInvite + hexed(id[:]))
	c.drop(p.now(), r.Queues...)
}

// Accept takes a friend's link. name is what the friend is called here; empty is
// what they call themselves. The same link again changes nothing.
func (p *Person) Accept(link, name string) (Friend, Effects, error) {
	i, err := seal.ParseInvitation(link)
	if err != nil {
		return Friend{}, Effects{}, err
	}
	if i.Kind != seal.Friend {
		return Friend{}, Effects{}, fault.New(fault.Invalid, "this is the link code of a device").WithHint("accept it with 'kith device accept', and only if it is yours")
	}
	if name != "" {
		if name, err = checkName(name); err != nil {
			return Friend{}, Effects{}, err
		}
	}
	id, err := i.ID()
	if err != nil {
		return Friend{}, Effects{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.exists(); err != nil {
		return Friend{}, Effects{}, err
	}
	v, err := p.look()
	if err != nil {
		return Friend{}, Effects{}, err
	}
	if known, err := v.known(id); known != nil || err != nil {
		return p.accepted(v, known), Effects{}, err
	}
	if err := p.room(v); err != nil {
		return Friend{}, Effects{}, err
	}
	c := newChange()
	own, join, contact, err := p.join(c, i, p.name(v))
	if err != nil {
		return Friend{}, Effects{}, err
	}
	r := acceptRecord{Fragment: fragmentOf(i), Own: own, Join: join, Contact: contact, Name: name, Created: p.now()}
	friendID, err := seal.NewID(p.o.Rand)
	if err != nil {
		return Friend{}, Effects{}, err
	}
	r.Friend = FriendID(friendID)
	c.put(inAccept+hexed(id[:]), r)
	e, err := p.commit(c)
	if err != nil {
		return Friend{}, e, err
	}
	return waiting(r), e, nil
}

// known returns who this link was accepted for before, or why it cannot be.
func (v *view) known(id [16]byte) (*FriendID, error) {
	if _, own := v.invites[id]; own {
		return nil, fault.New(fault.Conflict, "this link is your own").WithHint("send it to a friend")
	}
	if r, ok := v.accepts[id]; ok {
		return &r.Friend, nil
	}
	for _, r := range each(v.relations) {
		if r.record.Invitation == id {
			if !r.record.First {
				return nil, fault.New(fault.Conflict, "this link was your own, and is used up")
			}
			return &r.record.Friend, nil
		}
	}
	return nil, nil
}

func (p *Person) accepted(v *view, id *FriendID) Friend {
	if id == nil {
		return Friend{}
	}
	for _, r := range each(v.accepts) {
		if r.Friend == *id {
			return waiting(r)
		}
	}
	for _, f := range p.friends(v) {
		if f.Handle == *id {
			return f
		}
	}
	return Friend{}
}

// waiting is how a friend is shown who has not answered yet.
func waiting(r acceptRecord) Friend {
	name := r.Name
	if name == "" {
		name = "friend-" + hexed(r.Friend[:2])
	}
	return Friend{ID: hexed(r.Friend[:]), Handle: r.Friend, Name: name, Since: time.UnixMilli(r.Created).UTC(), Pending: true}
}

// receiveJoin takes what came to an invitation's queues: the first valid join.
func (p *Person) receiveJoin(c *change, v *view, id [16]byte, r inviteRecord, relay string, body []byte) error {
	i, err := seal.ParseInvitation(r.Fragment)
	if err != nil {
		return err
	}
	if body, err = i.Veil(joinVeil, relay, body); err != nil {
		return err
	}
	if old := v.joined(id); old != nil {
		if !bytes.Equal(old.record.Opening, hashOf(body)) {
			return fault.New(fault.Conflict, "somebody else used the invitation before")
		}
		if old.pending != nil {
			c.raw(old.pending.Said, old.pending.Until)
		}
		return nil
	}
	if i.Expired(p.o.Now()) {
		return fault.New(fault.Conflict, "a join came after the invitation had ended")
	}
	j, err := seal.OpenJoin(i, r.Private, body)
	if err != nil {
		return err
	}
	if err := p.checkQueues(j.Peer.Queues); err != nil {
		return err
	}
	if err := p.room(v); err != nil {
		return err
	}
	return p.takeJoin(c, v, id, r, j)
}

// takeJoin makes a friend of a join.
func (p *Person) takeJoin(c *change, v *view, id [16]byte, r inviteRecord, j seal.Joining) error {
	i, body := j.Invitation, j.Join.Octets
	own, err := p.newOwn(p.name(v), p.relays(v))
	if err != nil {
		return err
	}
	welcome, m, err := j.MakeWelcome(p.o.Rand, p.o.Now(), own)
	if err != nil {
		return err
	}
	code, err := m.Safety()
	if err != nil {
		return err
	}
	// Two own devices that get the same join make the same friend of it.
	friend := FriendID(hashOf(append([]byte("kith friend 1"), body...))[:16])
	name := r.For
	if name == "" {
		name = cleanName(m.Peer.Name, "friend")
	}
	until := i.Expires.Add(p.o.Queues).UnixMilli()
	bodies, err := welcomes(i, m.Relation.Out, welcome)
	if err != nil {
		return err
	}
	p.keepRelation(c, v, m.Relation, relationRecord{
		Friend: friend, Opening: hashOf(body), Answer: m.Welcome, Code: code, Invitation: id,
	})
	c.put(inPending+hexed(m.Relation.ID[:]), pendingRecord{Since: p.now(), Until: until, Said: bodies})
	c.put(inFriend+hexed(friend[:]), friendRecord{Since: p.now(), Says: cleanName(m.Peer.Name, "")})
	c.put(inName+hexed(friend[:]), nameRecord{Name: name})
	c.create(own.Queues...)
	c.raw(bodies, until)
	return nil
}

// keepRelation keeps a relation that a handshake or a rekey came to.
// Its keys are as old as created; one that follows another is newer than that, and
// than the wish for new keys that it fulfils, whatever the clock says.
func (p *Person) keepRelation(c *change, v *view, r seal.Relation, rec relationRecord) {
	name := hexed(r.ID[:])
	if rec.Created == 0 {
		rec.Created = p.now()
		if before := v.relations[rec.Follows]; before != nil {
			rec.Created = max(rec.Created, before.record.Created+1, v.due.At+1)
		}
	}
	rec.Side, rec.Root, rec.Pairwise, rec.PeerKey = r.Side, r.Root, r.Pairwise, r.PeerKey
	rec.Notice, rec.PeerNotice = r.Notice, r.PeerNotice
	c.put(inRelation+name, rec)
	for _, e := range r.Epochs {
		c.put(epochKey(r.ID, e.ID), epochRecord{Private: e.Private, Created: p.now()})
	}
	c.put(inPeer+name, peerRecord{Public: r.PeerEpoch.Public, Seen: p.now()})
	c.put(inOut+name, outRecord{Queues: r.Out})
	for _, q := range r.In {
		c.put(inQueue+name+"/"+queueName(q), queueRecord{Mailbox: q, Since: p.now()})
	}
	c.effects.Changed = true
}

// receiveWelcome ends the handshake for the invitee.
func (p *Person) receiveWelcome(c *change, v *view, id [16]byte, r acceptRecord, relay string, body []byte) error {
	i, err := seal.ParseInvitation(r.Fragment)
	if err != nil {
		return err
	}
	if body, err = i.Veil(welcomeVeil, relay, body); err != nil {
		return err
	}
	m, err := seal.OpenWelcome(p.o.Now(), i, r.Join, r.Own, body)
	if err != nil {
		return err
	}
	if err := p.checkQueues(m.Peer.Queues); err != nil {
		return err
	}
	code, err := m.Safety()
	if err != nil {
		return err
	}
	name := r.Name
	if name == "" {
		name = cleanName(m.Peer.Name, "friend")
	}
	p.keepRelation(c, v, m.Relation, relationRecord{
		Friend: r.Friend, Created: r.Created, First: true, Opening: hashOf(r.Join.Octets), Answer: m.Welcome, Code: code, Invitation: id,
	})
	c.put(inPending+hexed(m.Relation.ID[:]), pendingRecord{Since: p.now(), Until: i.Expires.Add(p.o.Queues).UnixMilli()})
	c.put(inFriend+hexed(r.Friend[:]), friendRecord{Since: p.now(), Says: cleanName(m.Peer.Name, "")})
	c.put(inName+hexed(r.Friend[:]), nameRecord{Name: name})
	c.del(inAccept + hexed(id[:]))
	c.send(m.Relation.ID, seal.Confirm, m.Welcome)
	return nil
}

// confirm is a message of that kind: the other side knows that the relation
// stands. Who confirms first gets one back.
func (p *Person) confirm(c *change, v *view, r *relation, m seal.Message) error {
	var hash []byte
	if err := m.Decode(&hash); err != nil {
		return err
	}
	want, back := r.record.Answer, r.record.Opening
	if r.record.First {
		want, back = back, nil
	}
	if !bytes.Equal(hash, want) {
		return fault.New(fault.Corrupt, "a confirm of another handshake came in relation %x", r.id)
	}
	if back != nil {
		c.send(r.id, seal.Confirm, back)
	}
	if r.pending == nil {
		return nil
	}
	c.del(inPending + hexed(r.id[:]))
	c.effects.Changed = true
	if i, ok := v.invites[r.record.Invitation]; ok && !r.record.First {
		p.endInvite(c, r.record.Invitation, i)
	}
	f := v.friends[r.record.Friend]
	if f == nil {
		return nil
	}
	for _, other := range f.all {
		if other.id == r.record.Follows {
			if !r.record.First {
				c.effects.Moved = append(c.effects.Moved, seal.Move{From: other.id, To: r.id})
			}
			p.erase(c, v, other)
		}
	}
	for key, k := range each(v.rekeys) {
		if k.Friend == f.id {
			p.endRekey(c, key, k, r.record.Follows)
		}
	}
	return nil
}

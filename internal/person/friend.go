package person

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// Friend is one, as it is shown.
type Friend struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`           // unlike all others'
	Says     string    `json:"says,omitempty"` // what they call themselves
	Since    time.Time `json:"since"`
	Pending  bool      `json:"pending"`          // the other side has not answered yet
	Verified bool      `json:"verified"`         // the codes were compared
	Blocked  bool      `json:"blocked"`          //
	Safety   string    `json:"safety,omitempty"` // the code to compare
	// Changed says that all keys changed after the codes were compared: the friend
	// or this person removed a device. It is no reason to worry by itself.
	Changed bool `json:"changed,omitempty"`

	Handle FriendID `json:"-"`
}

// Friends are all of them, by name.
func (p *Person) Friends() ([]Friend, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, err := p.look()
	if err != nil {
		return nil, err
	}
	out := p.friends(v)
	for _, r := range each(v.accepts) {
		out = append(out, waiting(r))
	}
	slices.SortFunc(out, func(a, b Friend) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

func (p *Person) friends(v *view) []Friend {
	count := map[string]int{}
	for _, f := range each(v.friends) {
		if f.leaving == 0 {
			count[strings.ToLower(f.name)]++
		}
	}
	var out []Friend
	for _, f := range each(v.friends) {
		if f.leaving != 0 {
			continue
		}
		out = append(out, f.view(count))
	}
	return out
}

// view shows a friend. Two of one name are told apart the same way on all devices.
func (f *friend) view(count map[string]int) Friend {
	out := Friend{
		ID: hexed(f.id[:]), Handle: f.id, Name: f.name, Says: f.record.Says, Since: time.UnixMilli(f.record.Since).UTC(),
		Pending: f.open(), Blocked: f.blocked,
	}
	if out.Name == "" {
		out.Name = "friend"
	}
	if count[strings.ToLower(f.name)] > 1 {
		out.Name += "~" + hexed(f.id[:4])
	}
	if r := f.current(); r != nil {
		out.Safety = r.record.Code
		if f.verified != nil {
			out.Verified, out.Changed = true, f.verified.Code != r.record.Code
		}
	}
	return out
}

// Find returns the friend with this name or id.
func (p *Person) Find(name string) (Friend, error) {
	all, err := p.Friends()
	if err != nil {
		return Friend{}, err
	}
	for _, f := range all {
		if f.ID == name || strings.EqualFold(f.Name, name) {
			return f, nil
		}
	}
	return Friend{}, fault.New(fault.NotFound, "you have no friend called %.60q", name).WithHint("'kith friend' lists them")
}

// Change is what a person may change about a friend; nil leaves a field.
type Change struct {
	Name     *string `json:"name,omitempty"`
	Verified *bool   `json:"verified,omitempty"`
	Blocked  *bool   `json:"blocked,omitempty"`
}

// ChangeFriend renames, verifies or blocks a friend, or takes that back. A blocked
// friend is neither heard nor answered, and not told.
func (p *Person) ChangeFriend(id FriendID, ch Change) (Effects, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, err := p.look()
	if err != nil {
		return Effects{}, err
	}
	c := newChange()
	f := v.friends[id]
	if f == nil || f.leaving != 0 {
		return p.changeWaiting(c, v, id, ch)
	}
	if ch.Name != nil {
		name, err := checkName(*ch.Name)
		if err != nil {
			return Effects{}, err
		}
		for _, o := range each(v.friends) {
			if o != f && o.leaving == 0 && strings.EqualFold(o.name, name) {
				return Effects{}, fault.New(fault.Conflict, "another friend is called %q", name).WithHint("choose another name")
			}
		}
		c.put(inName+hexed(id[:]), nameRecord{Name: name})
	}
	if ch.Verified != nil {
		if r := f.current(); *ch.Verified && r != nil {
			if f.open() {
				return Effects{}, fault.New(fault.Conflict, "%q has not answered yet", f.name).WithHint("compare the codes when they have")
			}
			c.put(inVerified+hexed(id[:]), verifiedRecord{At: p.now(), Code: r.record.Code})
		} else {
			c.del(inVerified + hexed(id[:]))
		}
	}
	if ch.Blocked != nil {
		if *ch.Blocked {
			c.put(inBlocked+hexed(id[:]), atRecord{At: p.now()})
		} else {
			c.del(inBlocked + hexed(id[:]))
		}
		c.effects.Changed = true
	}
	return p.commit(c)
}

// changeWaiting renames a friend who has not answered; nothing else makes sense.
func (p *Person) changeWaiting(c *change, v *view, id FriendID, ch Change) (Effects, error) {
	for key, r := range each(v.accepts) {
		if r.Friend != id {
			continue
		}
		if ch.Name == nil || ch.Verified != nil || ch.Blocked != nil {
			return Effects{}, fault.New(fault.Conflict, "%q has not answered yet", waiting(r).Name)
		}
		name, err := checkName(*ch.Name)
		if err != nil {
			return Effects{}, err
		}
		r.Name = name
		c.put(inAccept+hexed(key[:]), r)
		return p.commit(c)
	}
	return Effects{}, fault.New(fault.NotFound, "you have no friend %x", id).WithHint("'kith friend' lists them")
}

// RemoveFriend ends a friendship. The friend is told (bye), by which their device
// erases what it has of this person; here all keys and queues go, and Gone says
// that what is held of theirs is to be erased too. The keys by which the bye is
// sealed stay until Forget, or for a message's lifetime.
func (p *Person) RemoveFriend(id FriendID) (Effects, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, err := p.look()
	if err != nil {
		return Effects{}, err
	}
	c := newChange()
	for key, r := range each(v.accepts) {
		if r.Friend == id {
			c.del(inAccept + hexed(key[:]))
			c.drop(p.now(), r.Own.Queues...)
			return p.commit(c)
		}
	}
	f := v.friends[id]
	if f == nil || f.leaving != 0 {
		return Effects{}, fault.New(fault.NotFound, "you have no friend %x", id).WithHint("'kith friend' lists them")
	}
	c.put(inLeaving+hexed(id[:]), atRecord{At: p.now()})
	c.del(inName+hexed(id[:]), inVerified+hexed(id[:]), inBlocked+hexed(id[:]))
	c.effects.Gone = append(c.effects.Gone, id)
	c.effects.Changed = true
	last := f.current()
	for _, r := range f.all {
		if r == last {
			p.quiet(c, v, r)
			c.send(r.id, seal.Bye, nil)
			continue
		}
		p.erase(c, v, r)
	}
	for key, k := range each(v.rekeys) {
		if k.Friend == id {
			c.del(inRekey + hexed(key[:]))
			c.drop(p.now(), k.Own.Queues...)
		}
	}
	if last == nil {
		p.forget(c, v, f)
	}
	return p.commit(c)
}

// quiet ends the inboxes of a relation that has only its bye to send.
func (p *Person) quiet(c *change, v *view, r *relation) {
	for name, q := range named(r.in) {
		p.endQueue(c, v, r, name, q.Mailbox)
	}
}

// endQueue ends an inbox of a relation, and deletes the queue unless it is an inbox of
// another one too: twins have the queues of the side that began.
func (p *Person) endQueue(c *change, v *view, r *relation, name string, m seal.Mailbox) {
	c.del(inQueue + hexed(r.id[:]) + "/" + name)
	for id, other := range v.relations {
		if _, shared := other.in[name]; shared && id != r.id && !slices.Contains(c.deletes, inQueue+hexed(id[:])+"/"+name) {
			return
		}
	}
	c.drop(p.now(), m)
}

// Forget erases the keys of a friend who was removed, once their bye has left.
func (p *Person) Forget(id seal.RelationID) (Effects, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, err := p.look()
	if err != nil {
		return Effects{}, err
	}
	c := newChange()
	if r := v.relations[id]; r != nil {
		if f := v.friends[r.record.Friend]; f != nil && f.leaving != 0 {
			p.forget(c, v, f)
		}
	}
	return p.commit(c)
}

// forget erases everything of a friend.
func (p *Person) forget(c *change, v *view, f *friend) {
	for _, r := range f.all {
		p.erase(c, v, r)
	}
	name := hexed(f.id[:])
	c.del(inFriend+name, inName+name, inVerified+name, inBlocked+name, inLeaving+name)
}

// erase erases a relation with its keys, and deletes its queues.
func (p *Person) erase(c *change, v *view, r *relation) {
	name := hexed(r.id[:])
	c.del(inRelation+name, inPending+name, inOut+name, inPeer+name)
	p.quiet(c, v, r)
	for _, e := range r.ordered() {
		c.del(epochKey(r.id, e.ID))
	}
	c.effects.Changed = true
}

// bye is a message of that kind: the friend removed this person.
func (p *Person) bye(c *change, v *view, r *relation) error {
	f := v.friends[r.record.Friend]
	if f == nil {
		return nil
	}
	c.effects.Gone = append(c.effects.Gone, f.id)
	for key, k := range each(v.rekeys) {
		if k.Friend == f.id {
			c.del(inRekey + hexed(key[:]))
			c.drop(p.now(), k.Own.Queues...)
		}
	}
	// Kept apart from the rest, which may be done at the next start.
	c.put(inLeaving+hexed(f.id[:]), atRecord{At: p.now(), Over: true})
	p.forget(c, v, f)
	return nil
}

// Stable returns the name that a friend keeps however their keys change, for
// audiences and copies; false for what is no friend, or one that is being removed.
func (p *Person) Stable(id seal.RelationID) (FriendID, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, err := p.look()
	if err != nil {
		return FriendID{}, false
	}
	r := v.relations[id]
	if r == nil {
		return FriendID{}, false
	}
	f := v.friends[r.record.Friend]
	if f == nil || f.leaving != 0 || f.blocked {
		return FriendID{}, false
	}
	return f.id, true
}

// Current returns the relation that a friend is written to by.
func (p *Person) Current(id FriendID) (seal.RelationID, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, err := p.look()
	if err != nil {
		return seal.RelationID{}, false
	}
	f := v.friends[id]
	if f == nil || f.leaving != 0 || f.blocked || f.open() {
		return seal.RelationID{}, false
	}
	return f.current().id, true
}

// Moves are the relations that others follow by now, with those: what waits in them
// is to go there. Another own device may have seen to it that it is so.
func (p *Person) Moves() []seal.Move {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, err := p.look()
	if err != nil {
		return nil
	}
	var out []seal.Move
	for _, f := range each(v.friends) {
		now := f.current()
		if now == nil || f.leaving != 0 || f.open() {
			continue
		}
		for _, r := range f.all {
			if before := r.record.Follows; before != (seal.RelationID{}) && before != now.id {
				out = append(out, seal.Move{From: before, To: now.id})
			}
		}
	}
	return out
}

// DeviceOf returns the own device that a relation is with.
func (p *Person) DeviceOf(id seal.RelationID) (seal.DeviceID, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d, ok := p.deviceOf(id)
	if !ok {
		return seal.DeviceID{}, false
	}
	return d.ID(), true
}

// mute says that a relation is one of a blocked or removed friend.
func (v *view) mute(r *relation) (blocked, leaving bool) {
	f := v.friends[r.record.Friend]
	return f == nil || f.blocked, f != nil && f.leaving != 0
}

func sortRelations(all []seal.Relation) {
	slices.SortFunc(all, func(a, b seal.Relation) int { return bytes.Compare(a.ID[:], b.ID[:]) })
}

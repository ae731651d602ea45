package person

import (
	"fmt"
	"strings"

	"github.com/kith-web/kith/internal/person/roster"
	"github.com/kith-web/kith/internal/seal"
)

// Tick does what time asks for: it says again what was not answered, renews the
// roster, ends what has ended, and erases keys. It may be called as often as one
// likes; once a minute is enough.
func (p *Person) Tick() (Effects, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	again := p.swept == 0 || p.now()-p.swept >= p.o.Repeat.Milliseconds() || p.now() < p.swept
	if again {
		p.swept = p.now()
	}
	return p.sweep(again)
}

// Resume is for after a start: it says everything again that may have been lost
// between keeping it and doing it.
func (p *Person) Resume() (Effects, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.view, p.swept = nil, p.now()
	e, err := p.sweep(true)
	if err != nil {
		return e, err
	}
	v, err := p.look()
	if err != nil {
		return e, err
	}
	for _, in := range p.inboxes() {
		e.Create = append(e.Create, queueOf(in))
	}
	for _, name := range sortedKeys(v.drops) {
		e.Delete = append(e.Delete, v.drops[name].Mailbox)
	}
	for _, r := range each(v.relations) {
		if _, leaving := v.mute(r); leaving {
			e.Out = append(e.Out, seal.Outgoing{To: r.id, Kind: seal.Bye, Replaces: true})
		}
	}
	e.Changed = true
	return e, nil
}

func (p *Person) sweep(again bool) (Effects, error) {
	v, err := p.look()
	if err != nil {
		return Effects{}, err
	}
	c := newChange()
	c.del(v.stale...)
	p.sweepInvitations(c, v, again)
	p.sweepRelations(c, v, again)
	p.sweepRekeys(c, v, again)
	for name, d := range named(v.drops) {
		if p.now() > d.Since+p.o.Message.Milliseconds() {
			c.del(inDrop + name)
		}
	}
	if err := p.sweepLinks(c); err != nil {
		return Effects{}, err
	}
	if err := p.sweepHouse(c); err != nil {
		return Effects{}, err
	}
	e, err := p.commit(c)
	if err != nil {
		return e, err
	}
	if p.house != nil {
		more, err := p.changeKeys()
		e.Add(more)
		return e, err
	}
	return e, nil
}

func (p *Person) sweepInvitations(c *change, v *view, again bool) {
	for id, r := range each(v.invites) {
		i, err := seal.ParseInvitation(r.Fragment)
		if joined := v.joined(id); err != nil || i.Expired(p.o.Now()) || joined != nil && joined.pending == nil {
			p.endInvite(c, id, r)
		}
	}
	for id, r := range each(v.accepts) {
		i, err := seal.ParseInvitation(r.Fragment)
		switch {
		case err != nil || p.o.Now().After(i.Expires.Add(p.o.Message)): // a welcome may have waited
			c.del(inAccept + hexed(id[:]))
			c.drop(p.now(), r.Own.Queues...)
		case again && !i.Expired(p.o.Now()):
			if err := p.sayJoin(c, r.Contact, r.Join, i); err != nil {
				p.o.Log.Warn("a join cannot be said again", "error", err)
			}
		}
	}
}

func (p *Person) sweepRelations(c *change, v *view, again bool) {
	for _, r := range each(v.relations) {
		p.oldEpochs(c, r)
		for q, rec := range named(r.in) {
			if rec.Until != 0 && p.now() > rec.Until {
				p.endQueue(c, v, r, q, rec.Mailbox)
			}
		}
		if r.pending != nil {
			p.sweepPending(c, v, r, again)
		}
	}
	for _, f := range each(v.friends) {
		p.sweepTwins(c, v, f)
		if f.leaving != 0 && (f.over || p.now() > f.leaving+p.o.Message.Milliseconds()) {
			p.forget(c, v, f)
		}
	}
}

// sweepPending says again what both sides have to know, or gives up.
func (p *Person) sweepPending(c *change, v *view, r *relation, again bool) {
	f := v.friends[r.record.Friend]
	over := r.pending.Until != 0 && p.now() > r.pending.Until
	switch {
	case over && r.record.First && (f == nil || !f.outdone(r)): // the friend may not know; messages will tell
		c.del(inPending + hexed(r.id[:]))
	case over:
		p.erase(c, v, r)
		if f != nil && len(f.all) == 1 {
			p.forget(c, v, f)
		}
	case again && r.record.First:
		c.send(r.id, seal.Confirm, r.record.Answer)
	case again && r.pending.Until == 0:
		c.raw(r.pending.Said, 0)
	}
}

// sweepRekeys repeats what was begun, and begins again before the other side's
// epoch that it was sealed to is gone.
func (p *Person) sweepRekeys(c *change, v *view, again bool) {
	for id, k := range each(v.rekeys) {
		r := v.relations[k.Relation]
		switch {
		case r == nil || p.now() > k.Created+p.o.Keep.Milliseconds():
			c.del(inRekey + hexed(id[:]))
			c.drop(p.now(), k.Own.Queues...)
		case again:
			c.send(r.id, seal.Rekey, seal.Raw(k.Rekeying.Body))
		}
	}
}

func (p *Person) sweepLinks(c *change) error {
	if err := p.dropLinks(c, false); err != nil {
		return err
	}
	return p.links(func(id [16]byte, r linkRecord) error {
		if p.now()-r.Said < p.o.Link.Milliseconds()/60 {
			return nil
		}
		if !r.New && r.Relation == nil {
			if i, err := seal.ParseInvitation(r.Fragment); err == nil && !i.Expired(p.o.Now()) {
				if err := p.sayJoin(c, r.Contact, r.Join, i); err != nil {
					return err
				}
			}
		}
		return p.advance(c, id, &r)
	})
}

// sweepHouse renews the roster, tells those who lack it, and forgets households
// that nobody is in any more.
func (p *Person) sweepHouse(c *change) error {
	if p.house == nil {
		return nil
	}
	var old []string
	err := p.o.Local.Each("earlier/", func(key string, value []byte) error {
		var e localEarlier
		if err := seal.Unmarshal(value, &e); err != nil {
			return err
		}
		if p.now() > e.Until {
			old = append(old, key)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("earlier households: %w", err)
	}
	for _, key := range old {
		if !strings.HasPrefix(key, "earlier/") {
			continue
		}
		if err := p.delLocal(key); err != nil {
			return err
		}
	}
	if err := p.oldOwnEpochs(); err != nil {
		return err
	}
	r, err := p.roster()
	if err != nil {
		return err
	}
	if _, in := r.Find(p.me()); !in {
		return nil
	}
	// Another device changes the person's relays, and not what this one says of itself.
	changed, err := p.renewEntry(r.Devices)
	if err != nil {
		return err
	}
	if p.due(r) || changed && !r.Expired(p.o.Now()) {
		return p.issue(c, r, nil)
	}
	return p.tell(c, r, false)
}

// due says whether the roster is to be renewed: after half of its time, or, when
// it expired meanwhile, once others had a day to say that there is a newer one.
func (p *Person) due(r roster.Roster) bool {
	if !r.Expired(p.o.Now()) {
		return p.now() > r.Issued+roster.Lifetime.Milliseconds()/2
	}
	if len(r.Devices) == 1 {
		return true
	}
	if p.house.Noticed == 0 {
		p.house.Noticed = p.now()
		if err := p.putLocal("house", *p.house); err != nil {
			p.o.Log.Warn("that the roster expired cannot be kept", "error", err)
		}
		for _, d := range r.Devices { // ask everybody: they answer what is newer
			peer := p.peer(d.ID())
			peer.Has, peer.Told = [32]byte{}, 0
			if err := p.setPeer(d.ID(), peer); err != nil {
				p.o.Log.Warn("a device cannot be asked", "error", err)
			}
		}
	}
	return p.now() > p.house.Noticed+p.o.Hand.Milliseconds()
}

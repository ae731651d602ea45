package person

import (
	"bytes"
	"slices"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// SetRelays changes the relays that keep what others write to this person. Friends
// are told; the queues before are listened to for a while.
func (p *Person) SetRelays(relays []string) (Effects, error) {
	if len(relays) == 0 || len(relays) > 8 {
		return Effects{}, fault.New(fault.Invalid, "%d relays", len(relays)).WithHint("name 1 to 8; two are recommended")
	}
	for _, r := range relays {
		if err := p.checkRelay(r); err != nil {
			return Effects{}, err
		}
	}
	relays = slices.Compact(slices.Sorted(slices.Values(relays)))
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.exists(); err != nil {
		return Effects{}, err
	}
	v, err := p.look()
	if err != nil || slices.Equal(v.relays, relays) {
		return Effects{}, err
	}
	c := newChange()
	c.put(keyRelays, relaysRecord{Relays: relays})
	for _, r := range each(v.relations) {
		if _, leaving := v.mute(r); leaving {
			continue
		}
		if err := p.moveQueues(c, r, relays); err != nil {
			return Effects{}, err
		}
	}
	e, err := p.commit(c)
	if err != nil {
		return e, err
	}
	own := newChange()
	if _, err := p.base(); err == nil {
		if err := p.update(own); err != nil {
			return e, err
		}
	}
	for _, b := range p.householdInboxes() {
		own.effects.Create = append(own.effects.Create, queueOf(b))
	}
	more, err := p.commit(own)
	e.Add(more)
	return e, err
}

// moveQueues gives a relation an inbox on each of the relays and says so.
func (p *Person) moveQueues(c *change, r *relation, relays []string) error {
	name := inQueue + hexed(r.id[:]) + "/"
	until := p.now() + p.o.Queues.Milliseconds()
	var now []seal.Mailbox
	missing := slices.Clone(relays)
	for q, rec := range named(r.in) {
		i := slices.Index(missing, rec.Mailbox.Relay)
		switch {
		case i >= 0: // stays, or comes back
			missing = slices.Delete(missing, i, i+1)
			rec.Until = 0
			now = append(now, rec.Mailbox)
		case rec.Until == 0:
			rec.Until = until
		default:
			continue
		}
		c.put(name+q, rec)
	}
	fresh, err := p.newQueues(missing)
	if err != nil {
		return err
	}
	for _, q := range fresh {
		c.put(name+queueName(q), queueRecord{Mailbox: q, Since: p.now()})
	}
	c.create(fresh...)
	p.sayQueues(c, r.id, append(now, fresh...))
	return nil
}

func (p *Person) sayQueues(c *change, id seal.RelationID, queues []seal.Mailbox) {
	shown := make([]seal.Mailbox, 0, len(queues))
	for _, q := range queues {
		shown = append(shown, seal.Mailbox{Relay: q.Relay, Sender: q.Sender})
	}
	slices.SortFunc(shown, func(a, b seal.Mailbox) int { return bytes.Compare(a.Sender, b.Sender) })
	c.send(id, seal.Queues, shown)
}

// queues is a message of that kind: where the friend is to be written to now.
func (p *Person) queues(c *change, r *relation, m seal.Message) error {
	var queues []seal.Mailbox
	if err := m.Decode(&queues); err != nil {
		return err
	}
	if err := p.checkQueues(queues); err != nil {
		return err
	}
	if m.Sent < r.out.Sent {
		return nil // an older one that was late
	}
	c.put(inOut+hexed(r.id[:]), outRecord{Queues: queues, Sent: m.Sent})
	return nil
}

// Arrived says that a message came by an inbox: the other side uses it, so those
// that it replaced are not needed but for what is in them or on its way: a day.
func (p *Person) Arrived(in seal.Inbox) (Effects, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, err := p.look()
	if err != nil {
		return Effects{}, err
	}
	r := v.relations[in.Relation]
	c := newChange()
	if r == nil {
		return Effects{}, nil
	}
	if rec, ok := r.in[queueName(in.Mailbox)]; !ok || rec.Until != 0 {
		return Effects{}, nil
	}
	since := r.in[queueName(in.Mailbox)].Since
	for q, rec := range named(r.in) {
		// Only what was replaced before this queue was made: another may still be on
		// its way.
		if over := p.now() + day.Milliseconds(); rec.Until > over && rec.Until-p.o.Queues.Milliseconds() <= since {
			rec.Until = over
			c.put(inQueue+hexed(r.id[:])+"/"+q, rec)
		}
	}
	return p.commit(c)
}

package person

import (
	"bytes"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// rekeyedInfo is what the answer to a rekey is sealed for (spec §7).
const rekeyedInfo = "kith rekeyed to 1"

// mustChange asks for new keys with every friend: a device that is about to be
// removed knows the old ones. It is kept before the roster is, and done after, so
// that neither a crash nor the device that leaves gets in between.
func (p *Person) mustChange() (Effects, error) {
	v, err := p.look()
	if err != nil {
		return Effects{}, err
	}
	c := newChange()
	c.put(keyDue, dueRecord{At: max(p.now(), v.newest()+1), By: p.me()})
	return p.commit(c)
}

// newest is when the newest keys were made that a removed device may know. That may
// be later than now: the clocks of own devices differ.
func (v *view) newest() int64 {
	var at int64
	for _, r := range v.relations {
		at = max(at, r.record.Created)
	}
	for _, r := range v.invites {
		at = max(at, r.Created)
	}
	for _, r := range v.accepts {
		at = max(at, r.Created)
	}
	for _, k := range v.rekeys {
		at = max(at, k.Created)
	}
	return at
}

// withdrawOld withdraws invitations whose secrets a removed device knows.
func (p *Person) withdrawOld(c *change, v *view) {
	for id, r := range each(v.invites) {
		if r.Created <= v.due.At && v.joined(id) == nil {
			p.endInvite(c, id, r)
		}
	}
}

// changeKeys begins §7 with every friend whose keys are older than what is due.
// The device that asked for it does so at once, others when it did not in a day.
func (p *Person) changeKeys() (Effects, error) {
	v, err := p.look()
	if err != nil || v.due.At == 0 {
		return Effects{}, err
	}
	if v.due.By != p.me() && p.now() < v.due.At+p.o.Hand.Milliseconds() {
		return Effects{}, nil
	}
	c := newChange()
	p.withdrawOld(c, v)
	// One that was not answered is begun anew before the other side's epoch that it
	// was sealed to is gone.
	since := max(v.due.At+1, p.now()-p.o.Keep.Milliseconds()/2)
	for _, f := range each(v.friends) {
		r := f.current()
		if r == nil || f.leaving != 0 || f.blocked || f.open() || r.record.Created > v.due.At || v.changing(r, since) {
			continue
		}
		if err := p.beginRekey(c, v, f, r); err != nil {
			p.o.Log.Warn("keys cannot be changed with a friend", "friend", hexed(f.id[:]), "error", err)
		}
	}
	return p.commit(c)
}

// changing says whether a change of r's keys was begun since then.
func (v *view) changing(r *relation, since int64) bool {
	for _, k := range each(v.rekeys) {
		if k.Relation == r.id && k.Created >= since {
			return true
		}
	}
	for _, next := range each(v.relations) {
		if next.record.Follows == r.id {
			return true
		}
	}
	return false
}

func (p *Person) beginRekey(c *change, v *view, f *friend, r *relation) error {
	own, err := p.newOwn("", p.relays(v))
	if err != nil {
		return err
	}
	k, err := seal.MakeRekey(r.whole(false), own)
	if err != nil {
		return err
	}
	rec := rekeyRecord{Friend: f.id, Relation: r.id, Own: own, Rekeying: k, Created: max(p.now(), v.due.At+1)}
	id := [16]byte(hashOf(k.Body)[:16])
	c.put(inRekey+hexed(id[:]), rec)
	c.create(own.Queues...)
	c.send(r.id, seal.Rekey, seal.Raw(k.Body))
	return nil
}

// rekey is a message of that kind: the other side changes all keys.
func (p *Person) rekey(c *change, v *view, r *relation, m seal.Message) error {
	opening := hashOf(m.Body)
	for _, next := range each(v.relations) {
		if next.record.Follows != r.id {
			continue
		}
		if next.pending != nil && bytes.Equal(next.record.Opening, opening) {
			c.raw(next.pending.Said, 0) // the answer was lost
			return nil
		}
		return fault.New(fault.Conflict, "relation %x is being replaced already", r.id)
	}
	for id, k := range each(v.rekeys) {
		if k.Relation != r.id {
			continue
		}
		if seal.RekeyWins(k.Rekeying.Body, m.Body) {
			return nil // both began at once: ours stands, and they will answer it
		}
		p.endRekey(c, id, k, r.id)
	}
	own, err := p.newOwn("", p.relays(v))
	if err != nil {
		return err
	}
	answer, next, err := seal.AnswerRekey(p.o.Now(), r.whole(false), m.Body, own)
	if err != nil {
		return err
	}
	if err := p.checkQueues(next.Out); err != nil {
		return err
	}
	bodies, err := say(next.Out, func(seal.Mailbox) ([]byte, error) {
		return seal.SealTo(p.o.Rand, next.PeerEpoch.Public, rekeyedInfo, answer)
	})
	if err != nil {
		return err
	}
	code, err := seal.SafetyCode(next, append(bytes.Clone(opening), hashOf(answer)...))
	if err != nil {
		return err
	}
	p.keepRelation(c, v, next, relationRecord{
		Friend: r.record.Friend, Opening: opening, Answer: hashOf(answer), Code: code, Follows: r.id,
	})
	c.put(inPending+hexed(next.ID[:]), pendingRecord{Since: p.now(), Said: bodies})
	c.create(own.Queues...)
	c.raw(bodies, 0)
	return nil
}

// receiveRekeyed is the answer to a change that this side began.
func (p *Person) receiveRekeyed(c *change, v *view, id [16]byte, k rekeyRecord, body []byte) error {
	answer, err := seal.OpenTo(k.Own.Epoch.Private, rekeyedInfo, body)
	if err != nil {
		return err
	}
	r := v.relations[k.Relation]
	if r == nil {
		return fault.New(fault.NotFound, "the relation whose keys were to change is gone")
	}
	next, err := seal.FinishRekey(p.o.Now(), r.whole(false), k.Rekeying, k.Own, answer)
	if err != nil {
		return err
	}
	if err := p.checkQueues(next.Out); err != nil {
		return err
	}
	opening := hashOf(k.Rekeying.Body)
	code, err := seal.SafetyCode(next, append(bytes.Clone(opening), hashOf(answer)...))
	if err != nil {
		return err
	}
	var created int64
	if k.Created <= v.due.At { // begun before another device was removed, which knows k: they change again
		created = max(v.due.At, r.record.Created+1)
	}
	p.keepRelation(c, v, next, relationRecord{
		Friend: k.Friend, Created: created, First: true, Opening: opening, Answer: hashOf(answer), Code: code, Follows: r.id,
	})
	c.put(inPending+hexed(next.ID[:]), pendingRecord{Since: p.now()})
	c.del(inRekey + hexed(id[:]))
	for other, o := range each(v.rekeys) {
		if other != id {
			p.endRekey(c, other, o, r.id)
		}
	}
	c.effects.Moved = append(c.effects.Moved, seal.Move{From: r.id, To: next.ID})
	c.send(next.ID, seal.Confirm, hashOf(answer))
	return nil
}

// endRekey gives up a change of of's keys that was begun.
func (p *Person) endRekey(c *change, id [16]byte, k rekeyRecord, of seal.RelationID) {
	if k.Relation != of {
		return
	}
	c.del(inRekey + hexed(id[:]))
	c.drop(p.now(), k.Own.Queues...)
}

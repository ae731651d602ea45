package exchange

import (
	"bytes"
	"slices"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// How long deliveries are given back for.
const (
	backFailed = 10 * time.Second // this device could not keep what came of it
	backSoon   = 5 * time.Second  // what it needs is on its way
	backDirect = time.Second      // the same, of what this device alone is offered
	backOthers = time.Hour        // it is for another own device
)

// Deliver takes what a mailbox gave to this device. Its delivery is acknowledged or
// given back by the effects, now or later.
func (c *Core) Deliver(d Delivery) []Effect {
	effects, err := c.end(c.deliver(d))
	if err != nil {
		c.o.Log.Warn("cannot take a message", "error", err)
		return []Effect{Back{d.Ref, backFailed}}
	}
	return effects
}

func (c *Core) deliver(d Delivery) ([]Effect, error) {
	r, ok := c.o.People.Relation(d.Inbox.Relation)
	if !ok {
		effects, err := c.raw(d)
		if refused(err) {
			c.o.Log.Debug("dropped a body", "error", err)
			return []Effect{Ack{d.Ref}}, nil
		}
		return effects, err
	}
	s, m, effects, err := c.open(&r, &d)
	if err != nil || s == nil {
		return effects, err
	}
	more, err := c.take(d, r, s, m)
	if err != nil {
		return nil, err
	}
	used, err := c.used(r, d.Inbox)
	return append(append(effects, more...), used...), err
}

// used says, once, that the other side uses an inbox.
func (c *Core) used(r seal.Relation, in seal.Inbox) ([]Effect, error) {
	box := c.boxOf(in.Mailbox)
	if r.Kind != seal.Friend || c.heard[box] {
		return nil, nil
	}
	e, err := c.o.People.Arrived(in)
	if err != nil {
		return nil, err
	}
	if len(c.heard) >= mostBoxes {
		clear(c.heard)
	}
	c.heard[box] = true
	return c.apply(e)
}

// raw takes a join or a welcome.
func (c *Core) raw(d Delivery) ([]Effect, error) {
	e, err := c.o.People.Receive(d.Inbox, d.Body)
	if err != nil {
		return nil, err
	}
	effects, err := c.apply(e)
	return append(effects, Ack{d.Ref}), err
}

// open opens an envelope: of r, or of another relation with the same queue, which
// r and d are changed to. Without a context, the effects say what becomes of it.
func (c *Core) open(r *seal.Relation, d *Delivery) (*receiving, seal.Message, []Effect, error) {
	drop := func(err error) (*receiving, seal.Message, []Effect, error) {
		c.o.Log.Debug("dropped an envelope", "relation", short(r.ID[:]), "error", err)
		return nil, seal.Message{}, []Effect{Ack{d.Ref}}, nil
	}
	id, enc, err := seal.Peek(d.Body)
	if err != nil {
		return drop(err)
	}
	s, m, effects, err := c.openIn(*r, d.Body, id, enc)
	if err == nil || !refused(err) {
		return s, m, effects, err
	}
	if fault.KindOf(err) != fault.NotFound {
		return drop(err)
	}
	if effects, err := c.raw(*d); err == nil {
		return nil, seal.Message{}, effects, nil
	} else if !refused(err) {
		return nil, seal.Message{}, nil, err
	}
	for _, twin := range c.sharers(*r, d.Inbox.Mailbox) {
		if s, m, effects, err := c.openIn(twin, d.Body, id, enc); err == nil {
			*r, d.Inbox.Relation = twin, twin.ID
			return s, m, effects, nil
		}
	}
	effects, err = c.unopened(*d, *r, id)
	return nil, seal.Message{}, effects, err
}

// openIn opens an envelope of a relation: in a context that is known, or in a new one,
// which is learnt. fault.NotFound says that it fits none.
func (c *Core) openIn(r seal.Relation, body []byte, id seal.ContextID, enc []byte) (*receiving, seal.Message, []Effect, error) {
	if s := c.receive[r.ID][id]; s != nil {
		m, err := s.Context.Open(body)
		if err == nil && enc != nil && !s.Context.Notice && c.now().UnixMilli()-s.told > time.Minute.Milliseconds() {
			c.owe(r.ID)
		}
		return s, m, nil, err
	}
	context, m, err := seal.OpenNew(r, body)
	if err != nil {
		return nil, m, nil, err
	}
	delete(c.lost, lostKey{r.ID, id})
	s, effects, err := c.learn(r, context, true)
	if !context.Notice {
		c.owe(r.ID)
	}
	return s, m, effects, err
}

// sharers are the other relations that have this queue: two devices of a friend that
// answered one join, or one change of keys, each made a relation of it.
func (c *Core) sharers(r seal.Relation, m seal.Mailbox) []seal.Relation {
	if r.Kind != seal.Friend {
		return nil
	}
	return slices.DeleteFunc(c.o.People.Relations(), func(other seal.Relation) bool {
		return other.ID == r.ID || !slices.ContainsFunc(other.In, func(in seal.Mailbox) bool { return bytes.Equal(in.Recipient, m.Recipient) })
	})
}

// owe makes an acknowledgement due, unless another message carries it before.
func (c *Core) owe(r seal.RelationID) {
	if s := c.state(r); s.run.owe.IsZero() {
		s.run.owe = c.now().Add(c.o.AckAfter)
	}
}

// refused reports whether err says that the input is at fault, not this device.
func refused(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.NotFound, fault.Forbidden, fault.Unauthorized, fault.Conflict, fault.TooLarge, fault.Corrupt, fault.Unsupported:
		return true
	}
	return false
}

// take handles a message that was opened.
func (c *Core) take(d Delivery, r seal.Relation, s *receiving, m seal.Message) ([]Effect, error) {
	effects, err := c.notice(r, s, m)
	if err != nil {
		return nil, err
	}
	var old seen
	had, err := c.get(seenKey(r.ID, m.ID), &old)
	if err != nil {
		return nil, err
	}
	if !had && c.state(r.ID).Forgot && s.came(m.Number) {
		return append(effects, Ack{d.Ref}), nil // its id may be one that was forgotten
	}
	more, v, err := c.handle(d, r, s, m, had, old)
	if err != nil {
		return nil, err
	}
	effects = append(effects, more...)
	if v.back > 0 {
		return append(effects, Back{d.Ref, v.back}), nil
	}
	if s.number(m.Number) && !had {
		c.o.Log.Warn("the other side used a number twice: it was restored from a backup", "relation", short(r.ID[:]))
		c.state(r.ID).Rolled = c.now().UnixMilli()
	}
	s.Used = c.now().UnixMilli()
	if !s.Context.Notice {
		if err := c.keep(receiveKey(r.ID, s.Context.ID), s); err != nil {
			return nil, err
		}
	}
	if !had && !v.held {
		if err := c.keep(seenKey(r.ID, m.ID), seen{At: c.now().UnixMilli(), Sent: m.Sent}); err != nil {
			return nil, err
		}
	}
	if v.held {
		return effects, nil
	}
	return append(effects, Ack{d.Ref}), nil
}

// notice takes what any message says beside its body, even one that came before.
func (c *Core) notice(r seal.Relation, s *receiving, m seal.Message) ([]Effect, error) {
	st := c.state(r.ID)
	st.Heard = c.now().UnixMilli()
	c.noteEpoch(r, st, s.Context.Epoch)
	effects, err := c.acknowledged(r.ID, m.Known)
	if err != nil {
		return nil, err
	}
	more, err := c.learnEpoch(r, st, m)
	if err != nil {
		return nil, err
	}
	effects = append(effects, more...)
	if m.Kind == seal.Where {
		c.learnPlaces(st, s.Context.ID, m)
	}
	return effects, c.keep(stateKey(r.ID), st)
}

// verdict is what becomes of a delivery that was handled: acknowledged, unless it
// is given back or held until a request is answered.
type verdict struct {
	back time.Duration
	held bool
}

// handle does what a message says.
func (c *Core) handle(d Delivery, r seal.Relation, s *receiving, m seal.Message, had bool, old seen) ([]Effect, verdict, error) {
	if m.Kind == seal.Ask {
		return c.serve(d, r, s, m, had, old)
	}
	if had {
		return nil, verdict{}, nil
	}
	var effects []Effect
	var v verdict
	var err error
	switch m.Kind {
	case seal.Answer:
		effects, v, err = c.answered(r, m)
	case seal.Keys, seal.Where:
	case seal.Meet:
		v = c.meeting(r, d, m)
	case seal.Unknown:
		effects, v, err = c.renew(r, m)
	case seal.Contexts:
		v, err = c.takeShared(d, r, m)
	case seal.Rosters, seal.Items, seal.Reconcile, seal.Reset:
		if r.Kind != seal.OwnDevice {
			err = fault.New(fault.Forbidden, "a message of kind %d is for own devices", m.Kind)
			break
		}
		effects, err = c.hand(r, m)
	default:
		effects, err = c.hand(r, m)
	}
	if refused(err) {
		c.o.Log.Info("refused a message", "relation", short(r.ID[:]), "kind", int(m.Kind), "error", err)
		return nil, verdict{}, nil
	}
	return effects, v, err
}

// hand gives a message to person or library.
func (c *Core) hand(r seal.Relation, m seal.Message) ([]Effect, error) {
	switch m.Kind {
	case seal.Confirm, seal.Queues, seal.Rekey, seal.Rekeyed, seal.Bye, seal.Rosters:
		e, err := c.o.People.Handle(r.ID, m)
		if err != nil {
			return nil, err
		}
		return c.apply(e)
	case seal.Changed, seal.Purge, seal.Purged, seal.Items, seal.Reconcile, seal.Reset:
		out, err := c.o.Handler.Handle(r.ID, m)
		if err != nil {
			return nil, err
		}
		return c.apply(seal.Effects{Out: out})
	}
	return nil, fault.New(fault.Unsupported, "a message of kind %d", m.Kind)
}

func (c *Core) takeShared(d Delivery, r seal.Relation, m seal.Message) (verdict, error) {
	if r.Kind != seal.OwnDevice {
		return verdict{}, fault.New(fault.Forbidden, "contexts are told by own devices alone")
	}
	again, err := c.learnShared(m)
	if err != nil || !again {
		return verdict{}, err
	}
	l := c.loss(lostKey{r.ID, seal.ContextID(m.ID[:8])})
	if l.tries++; l.tries > 5 {
		return verdict{}, nil
	}
	return verdict{back: backSoon}, nil
}

package exchange

import (
	"slices"
	"time"

	"github.com/kith-web/kith/internal/seal"
)

// lostKey names what could not be opened, loss how often that was tried.
type (
	lostKey struct {
		relation seal.RelationID
		context  seal.ContextID
	}
	loss struct {
		first time.Time
		tries int
	}
)

// Bounds of what is done about envelopes that cannot be opened (spec §5.1).
const (
	mostLost     = 4096
	lostFor      = 24 * time.Hour
	patience     = 3
	unknownEvery = time.Minute
)

func (c *Core) loss(k lostKey) *loss {
	l := c.lost[k]
	if l == nil {
		if len(c.lost) >= mostLost {
			clear(c.lost)
		}
		l = &loss{first: c.now()}
		c.lost[k] = l
	}
	return l
}

// unopened gives an envelope back while another own device may open it, or tell
// this one how; else drops it and says so to the other side.
func (c *Core) unopened(d Delivery, r seal.Relation, id seal.ContextID) ([]Effect, error) {
	l := c.loss(lostKey{r.ID, id})
	l.tries++
	others := r.Kind == seal.Friend && len(c.ownDevices()) != 0
	if others && l.tries < patience {
		wait := backSoon
		if d.Direct { // nobody else is offered it
			wait = backDirect
		}
		return []Effect{Back{d.Ref, wait << (l.tries - 1)}}, nil
	}
	effects, err := c.sayUnknown(r, id)
	if err != nil {
		return nil, err
	}
	if others && !d.Direct && c.now().Sub(l.first) < lostFor {
		return append(effects, Back{d.Ref, backSoon << min(l.tries-1, 7)}), nil
	}
	return append(effects, Ack{d.Ref}), nil
}

// sayUnknown tells the other side that a context cannot be opened, and asks again
// what it may have answered in it.
func (c *Core) sayUnknown(r seal.Relation, id seal.ContextID) ([]Effect, error) {
	st := c.state(r.ID)
	if now := c.now(); now.Sub(st.run.unknownSent).Abs() < unknownEvery {
		return nil, nil
	}
	st.run.unknownSent = c.now()
	st.run.unknowns++
	jobs, err := c.add(seal.Outgoing{To: r.ID, Kind: seal.Unknown, Body: id, Replaces: true})
	if err != nil {
		return nil, err
	}
	effects, err := c.begin(jobs...)
	if err != nil {
		return nil, err
	}
	more, err := c.repeatAll(r.ID)
	return append(effects, more...), err
}

// renew makes new contexts, because the other side cannot open one, and sends again
// what it may not have read.
func (c *Core) renew(r seal.Relation, m seal.Message) ([]Effect, verdict, error) {
	var id seal.ContextID
	if err := m.Decode(&id); err != nil {
		return nil, verdict{}, err
	}
	st := c.state(r.ID)
	current := false
	for _, s := range c.sends[r.ID] {
		current = current || s.Context.ID == id
	}
	if current {
		if c.now().Sub(st.run.unknownGot).Abs() < unknownEvery {
			return nil, verdict{back: unknownEvery}, nil // contexts are as new as that
		}
		st.run.unknownGot = c.now()
		for box := range c.sends[r.ID] {
			c.drop(sendKey(r.ID, box))
		}
		delete(c.sends, r.ID)
	}
	var again []*job
	for _, j := range c.of(r.ID) {
		if current && len(j.Kept) != 0 || slices.Contains(j.Kept, id) {
			j.Kept, j.run = nil, running{}
			if err := c.keep(j.key(), j); err != nil {
				return nil, verdict{}, err
			}
			again = append(again, j)
		}
	}
	effects, err := c.begin(again...)
	if err != nil || len(again) != 0 && !current {
		return effects, verdict{}, err
	}
	if !current { // of another own device, which may be away
		l := c.loss(lostKey{r.ID, seal.ContextID(m.ID[:8])})
		if r.Kind == seal.Friend && len(c.ownDevices()) != 0 && c.now().Sub(l.first) < lostFor {
			return nil, verdict{back: backOthers}, nil
		}
		return nil, verdict{}, nil
	}
	more, err := c.repeatAll(r.ID)
	return append(effects, more...), verdict{}, err
}

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
		said  time.Time // when the other side was last told
		times int       // how often
		// id is the note of the other side about this context that is given back for
		// another own device, and at when it last came; others are dropped meanwhile.
		id seal.MessageID
		at time.Time
	}
)

// Bounds of what is done about envelopes that cannot be opened (spec §5.1).
const (
	mostLost     = 4096
	lostFor      = 24 * time.Hour
	patience     = 3
	unknownEvery = time.Minute
	// longestUnknown is the longest time between two notes of one context, which
	// doubles with each: what was sealed in it may wait on a relay for a day.
	longestUnknown = time.Hour
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

// quiet is how long nothing more is said of a context that was just spoken of.
func (l *loss) quiet() time.Duration { return min(unknownEvery<<min(l.times-1, 12), longestUnknown) }

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
	effects, err := c.sayUnknown(r, id, l)
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
func (c *Core) sayUnknown(r seal.Relation, id seal.ContextID, l *loss) ([]Effect, error) {
	st, now := c.state(r.ID), c.now()
	if now.Sub(st.run.unknownSent).Abs() < unknownEvery || l.times > 0 && now.Sub(l.said).Abs() < l.quiet() {
		return nil, nil
	}
	st.run.unknownSent, l.said = now, now
	st.run.unknowns++
	l.times++
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
	if !current {
		return effects, verdict{back: c.leaveUnknown(r, id, m.ID)}, nil
	}
	more, err := c.repeatAll(r.ID)
	return append(effects, more...), verdict{}, err
}

// leaveUnknown says how long a note about a context that is not this device's is given
// back for: another own device may have made it, and may be away. One note of each
// context waits, the others say the same.
func (c *Core) leaveUnknown(r seal.Relation, context seal.ContextID, m seal.MessageID) time.Duration {
	if r.Kind != seal.Friend || len(c.ownDevices()) == 0 {
		return 0
	}
	l, now := c.loss(lostKey{r.ID, context}), c.now()
	if now.Sub(l.at).Abs() > 2*backOthers {
		l.id, l.first = m, now
	}
	if l.id != m || now.Sub(l.first).Abs() >= lostFor {
		return 0
	}
	l.at = now
	return backOthers
}

package exchange

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// Asked is a request of this device and what became of it.
type Asked struct {
	ID      seal.MessageID
	To      seal.RelationID
	Request seal.Request
	Made    time.Time
	Expires time.Time
	// Response is nil until the answer is here.
	Response *seal.Response
	// Sent says that a mailbox has accepted the request.
	Sent bool
}

// repeats are the times after which an unanswered request is sent again; relays
// drop what they still have.
func repeats(n int) time.Duration {
	after := [...]time.Duration{5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour}
	return after[min(n, len(after)-1)]
}

// rememberAsk is how long a request is known after its end, for what still comes
// of it.
const rememberAsk = 22 * 24 * time.Hour

// Ask keeps a request and sends it, again and again, until it is answered,
// cancelled, or wait is over (zero: the lifetime of a message).
func (c *Core) Ask(to seal.RelationID, q seal.Request, wait time.Duration) (seal.MessageID, []Effect, error) {
	if _, ok := c.o.People.Relation(to); !ok {
		return seal.MessageID{}, nil, fault.New(fault.NotFound, "there is no relation %x", to)
	}
	if open := c.openAsks(); open >= c.o.Asks {
		return seal.MessageID{}, nil, fault.New(fault.RateLimited, "%d requests have no answer yet", open).WithHint("cancel some")
	}
	if wait <= 0 {
		wait = c.o.Lifetime
	}
	id, err := seal.NewID(c.o.Rand)
	if err != nil {
		return id, nil, err
	}
	now := c.now()
	q.Within = wait.Milliseconds()
	c.asks[id] = &ask{To: to, Request: q, Made: now.UnixMilli(), Expires: now.Add(wait).UnixMilli()}
	effects, err := c.repeat(id)
	effects, err = c.end(effects, err)
	return id, effects, err
}

func (c *Core) openAsks() int {
	n := 0
	for _, a := range c.asks {
		if a.Answer == nil && !a.Over {
			n++
		}
	}
	return n
}

// repeat sends a request, the first time or again, under the same id.
func (c *Core) repeat(id seal.MessageID) ([]Effect, error) {
	a := c.asks[id]
	a.Sent = max(c.now().UnixMilli(), a.Sent+1)
	for _, j := range c.byTo[a.To] {
		if j.Kind == seal.Ask && j.ID == id {
			c.forget(j)
		}
	}
	jobs, err := c.add(seal.Outgoing{To: a.To, Kind: seal.Ask, ID: id, Body: a.Request, Lifetime: max(a.Expires-a.Sent, 1)})
	if err != nil {
		return nil, err
	}
	jobs[0].Sent = a.Sent
	if err := c.keep(jobs[0].key(), jobs[0]); err != nil {
		return nil, err
	}
	if err := c.keep(askKey(id), a); err != nil {
		return nil, err
	}
	return c.begin(jobs...)
}

// repeatAll repeats what has no answer of one relation.
func (c *Core) repeatAll(to seal.RelationID) ([]Effect, error) {
	var effects []Effect
	for _, id := range c.askIDs() {
		if a := c.asks[id]; a.To == to && a.Answer == nil && !a.Over {
			more, err := c.repeat(id)
			if err != nil {
				return nil, err
			}
			effects = append(effects, more...)
		}
	}
	return effects, nil
}

func (c *Core) askIDs() []seal.MessageID {
	return slices.SortedFunc(maps.Keys(c.asks), func(a, b seal.MessageID) int {
		return cmp.Or(cmp.Compare(c.asks[a].Made, c.asks[b].Made), bytes.Compare(a[:], b[:]))
	})
}

// Asked returns a request of this device.
func (c *Core) Asked(id seal.MessageID) (Asked, error) {
	a := c.asks[id]
	if a == nil || a.Over {
		return Asked{}, fault.New(fault.NotFound, "there is no request %x that waits", id).
			WithHint("requests are forgotten when they were cancelled, or nobody answered in time")
	}
	sent := true
	for _, j := range c.byTo[a.To] {
		if j.Kind == seal.Ask && j.ID == id {
			sent = len(j.Kept) != 0
		}
	}
	return Asked{
		ID: id, To: a.To, Request: a.Request, Made: time.UnixMilli(a.Made), Expires: time.UnixMilli(a.Expires),
		Response: a.Answer, Sent: sent,
	}, nil
}

// AllAsked returns the requests that were not cancelled or forgotten, oldest first.
func (c *Core) AllAsked() []Asked {
	var all []Asked
	for _, id := range c.askIDs() {
		if a, err := c.Asked(id); err == nil {
			all = append(all, a)
		}
	}
	return all
}

// Cancel ends a request, or forgets its answer. What still comes of it is dropped.
func (c *Core) Cancel(id seal.MessageID) error {
	if _, err := c.Asked(id); err != nil {
		return err
	}
	if err := c.over(id); err != nil {
		return err
	}
	return c.commit()
}

func (c *Core) over(id seal.MessageID) error {
	a := c.asks[id]
	a.Over, a.Answer, a.Request = true, nil, seal.Request{}
	a.Expires = min(a.Expires, c.now().UnixMilli())
	for _, j := range c.byTo[a.To] {
		if j.Kind == seal.Ask && j.ID == id {
			c.forget(j)
		}
	}
	return c.keep(askKey(id), a)
}

// answered takes a response. The first for a request counts.
func (c *Core) answered(r seal.Relation, m seal.Message) ([]Effect, verdict, error) {
	var response seal.Response
	if err := m.Decode(&response); err != nil {
		return nil, verdict{}, err
	}
	if response.Status < 100 || response.Status > 599 {
		return nil, verdict{}, fault.New(fault.Invalid, "response with the status %d", response.Status)
	}
	if response.Chunks != nil {
		if err := response.Chunks.Check(); err != nil {
			return nil, verdict{}, err
		}
	}
	a := c.asks[response.To]
	if a == nil && r.Kind == seal.Friend && len(c.ownDevices()) != 0 {
		return nil, verdict{back: backOthers}, nil
	}
	if a == nil || a.Over || a.Answer != nil || a.To != r.ID {
		return nil, verdict{}, nil
	}
	a.Answer = &response
	a.Expires = max(a.Expires, c.now().Add(c.o.Lifetime).UnixMilli())
	for _, j := range c.byTo[a.To] {
		if j.Kind == seal.Ask && j.ID == response.To {
			c.forget(j)
		}
	}
	return []Effect{Arrived{response.To}}, verdict{}, c.keep(askKey(response.To), a)
}

// tickAsks repeats requests, and ends those whose time is over.
func (c *Core) tickAsks(now time.Time) ([]Effect, error) {
	var effects []Effect
	for _, id := range c.askIDs() {
		a := c.asks[id]
		switch {
		case a.Over && now.UnixMilli() > a.Expires+rememberAsk.Milliseconds():
			delete(c.asks, id)
			c.drop(askKey(id))
		case !a.Over && now.UnixMilli() >= a.Expires:
			if err := c.over(id); err != nil {
				return nil, err
			}
			effects = append(effects, Arrived{id})
		case !a.Over && a.Answer == nil && now.UnixMilli() >= a.due():
			a.Repeats++
			more, err := c.repeat(id)
			if err != nil {
				return nil, err
			}
			effects = append(effects, more...)
		}
	}
	return effects, nil
}

// due is when an unanswered request is sent again.
func (a *ask) due() int64 { return a.Sent + repeats(a.Repeats).Milliseconds() }

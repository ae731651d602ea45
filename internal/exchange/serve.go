package exchange

import (
	"net/http"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// serving is a request of somebody else that is being answered.
type serving struct {
	relation seal.RelationID
	id       seal.MessageID
	sent     int64
	device   seal.ContextID
	refs     []Ref
}

// tokens bound how often something happens: a burst, refilled by rate a second.
type tokens struct {
	left float64
	at   time.Time // zero: full
}

func (t *tokens) take(now time.Time, burst, rate float64) bool {
	if t.at.IsZero() {
		t.left = burst
	} else if passed := now.Sub(t.at).Seconds(); passed > 0 {
		t.left = min(burst, t.left+passed*rate)
	}
	t.at = now
	if t.left < 1 {
		return false
	}
	t.left--
	return true
}

// bucket bounds how often a friend asks.
type bucket struct {
	tokens   tokens
	declined map[seal.MessageID]int
}

func (c *Core) bucket(r seal.RelationID) *bucket {
	b := c.friends[r]
	if b == nil {
		b = &bucket{declined: map[seal.MessageID]int{}}
		c.friends[r] = b
	}
	return b
}

// allow takes a token of a friend's bucket.
func (c *Core) allow(r seal.Relation) bool {
	if r.Kind == seal.OwnDevice {
		return true
	}
	open := 0
	for _, s := range c.serving {
		if s.relation == r.ID {
			open++
		}
	}
	return open <= c.o.Open && c.bucket(r.ID).tokens.take(c.now(), c.o.Burst, c.o.Rate)
}

// serve has a request answered, unless it is being answered or was.
func (c *Core) serve(d Delivery, r seal.Relation, s *receiving, m seal.Message, had bool, old seen) ([]Effect, verdict, error) {
	if r.Ending {
		return nil, verdict{back: backOthers}, nil // who asks may be a device that was revoked; others ask again
	}
	for _, now := range c.serving {
		if now.relation == r.ID && now.id == m.ID {
			now.refs = append(now.refs, d.Ref)
			return nil, verdict{held: true}, nil
		}
	}
	if had && m.Sent <= old.Sent {
		if j := c.jobs[old.Answer]; j != nil && j.Kind == seal.Answer && len(j.Kept) == 0 {
			j.run.acks = append(j.run.acks, d.Ref)
			return nil, verdict{held: true}, nil
		}
		return nil, verdict{}, nil
	}
	var q seal.Request
	if err := m.Decode(&q); err != nil {
		c.o.Log.Info("refused a request", "relation", short(r.ID[:]), "error", err)
		return nil, verdict{}, nil
	}
	c.token++
	c.serving[c.token] = &serving{relation: r.ID, id: m.ID, sent: m.Sent, device: s.Context.ID, refs: []Ref{d.Ref}}
	if token := c.token; !c.allow(r) {
		effects, err := c.answer(token, seal.Response{
			Status: http.StatusTooManyRequests, Header: map[string]string{"retry-after": "1"},
		})
		delete(c.serving, token)
		return effects, verdict{held: true}, err
	}
	return []Effect{Serve{c.token, r.ID, r.Kind, q, d.Direct}}, verdict{held: true}, nil
}

// Answered sends the answer to a request. The request is acknowledged when a
// mailbox has accepted it.
func (c *Core) Answered(t Token, response seal.Response) ([]Effect, error) {
	effects, err := c.end(c.answer(t, response))
	if err == nil {
		return effects, nil
	}
	c.o.Log.Warn("cannot keep an answer", "error", err)
	return c.Decline(t)
}

func (c *Core) answer(t Token, response seal.Response) ([]Effect, error) {
	s := c.serving[t]
	if s == nil {
		return nil, fault.New(fault.Internal, "request %d is not being answered", t)
	}
	response.To = s.id
	j, err := c.addOne(seal.Outgoing{To: s.relation, Kind: seal.Answer, Body: response})
	if fault.KindOf(err) == fault.TooLarge {
		c.o.Log.Error("an answer is too large for a message", "error", err)
		j, err = c.addOne(seal.Outgoing{To: s.relation, Kind: seal.Answer, Body: seal.Response{To: s.id, Status: http.StatusInternalServerError}})
	}
	if err != nil {
		return nil, err
	}
	delete(c.serving, t)
	j.Device, j.run.acks = s.device, s.refs
	if err := c.keep(j.key(), j); err != nil {
		return nil, err
	}
	if err := c.keep(seenKey(s.relation, s.id), seen{At: c.now().UnixMilli(), Sent: s.sent, Answer: j.Number}); err != nil {
		return nil, err
	}
	return c.begin(j)
}

// mostDeclined is how often a request is left to other devices before it is
// answered that nobody can.
const mostDeclined = 3

// Decline leaves a request to another own device, or to this one later.
func (c *Core) Decline(t Token) ([]Effect, error) {
	s := c.serving[t]
	if s == nil {
		return c.end(nil, nil)
	}
	b := c.bucket(s.relation)
	if len(b.declined) > mostLost {
		clear(b.declined)
	}
	if b.declined[s.id]++; b.declined[s.id] > mostDeclined || len(c.ownDevices()) == 0 {
		if effects, err := c.end(c.answer(t, seal.Response{Status: http.StatusServiceUnavailable})); err == nil {
			return effects, nil
		}
	}
	delete(c.serving, t)
	var effects []Effect
	for _, ref := range s.refs {
		effects = append(effects, Back{ref, backFailed})
	}
	return c.end(effects, nil)
}

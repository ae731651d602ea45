package exchange

import (
	"cmp"
	"maps"
	"slices"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

func (c *Core) hold(j *job) error {
	if len(c.jobs) >= c.o.Waiting || c.octets+int64(len(j.Body)) > c.o.WaitingOctets {
		return fault.New(fault.NoSpace, "%d messages wait to be sent, %d octets", len(c.jobs), c.octets).
			WithHint("they leave when a relay can be reached")
	}
	if c.last++; c.last > c.upTo {
		c.upTo = c.last + 16*reserve
		if err := c.keep(atLast, c.upTo); err != nil {
			return err
		}
	}
	j.Number = c.last
	c.index(j)
	return c.keep(j.key(), j)
}

func (c *Core) index(j *job) {
	c.jobs[j.Number] = j
	c.octets += int64(len(j.Body))
	put(c.byTo, j.To, j.Number, j)
	c.depend(j)
}

func (c *Core) depend(j *job) {
	for _, n := range append(slices.Clone(j.After), j.Behind...) {
		if c.jobs[n] != nil && !slices.Contains(c.behind[n], j.Number) {
			c.behind[n] = append(c.behind[n], j.Number)
		}
	}
}

func (c *Core) of(r seal.RelationID) []*job {
	return slices.SortedFunc(maps.Values(c.byTo[r]), func(a, b *job) int { return cmp.Compare(a.Number, b.Number) })
}

func (c *Core) replace(to seal.RelationID, kind seal.MessageKind) {
	for _, j := range c.byTo[to] {
		if j.Kind == kind && j.Replaces {
			c.forget(j)
		}
	}
}

func (c *Core) forget(j *job) {
	if c.jobs[j.Number] == nil {
		return
	}
	delete(c.jobs, j.Number)
	if delete(c.byTo[j.To], j.Number); len(c.byTo[j.To]) == 0 {
		delete(c.byTo, j.To)
	}
	c.octets -= int64(len(j.Body))
	c.drop(j.key())
}

func (c *Core) finish(j *job) ([]Effect, error) {
	c.forget(j)
	effects, err := c.follow(j.Number)
	if err != nil || j.Kind != seal.Bye {
		return effects, err
	}
	e, err := c.o.People.Forget(j.To)
	if err != nil {
		return nil, err
	}
	more, err := c.apply(e)
	return append(effects, more...), err
}

func (c *Core) follow(n Job) ([]Effect, error) {
	var next []*job
	for _, number := range c.behind[n] {
		if j := c.jobs[number]; j != nil {
			next = append(next, j)
		}
	}
	if c.jobs[n] == nil {
		delete(c.behind, n)
	}
	return c.begin(next...)
}

func (c *Core) sorted() []*job {
	return slices.SortedFunc(maps.Values(c.jobs), func(a, b *job) int { return cmp.Compare(a.Number, b.Number) })
}

func (c *Core) blocked(j *job) bool {
	for _, n := range j.After {
		if c.jobs[n] != nil && len(c.jobs[n].Kept) == 0 {
			return true
		}
	}
	for _, n := range j.Behind {
		if other := c.jobs[n]; other != nil && !other.run.tried && len(other.Kept) == 0 {
			return true
		}
	}
	return false
}

func (c *Core) move(m seal.Move) (asked bool, err error) {
	for _, j := range c.of(m.From) {
		if j.Kind == seal.Rekeyed {
			continue
		}
		delete(c.byTo[m.From], j.Number)
		j.To, j.Kept, j.run = m.To, nil, running{acks: j.run.acks}
		put(c.byTo, j.To, j.Number, j)
		if err := c.keep(j.key(), j); err != nil {
			return false, err
		}
	}
	for id, a := range c.asks {
		if a.To == m.From {
			a.To, asked = m.To, true
			if err := c.keep(askKey(id), a); err != nil {
				return false, err
			}
		}
	}
	return asked, nil
}

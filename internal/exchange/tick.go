package exchange

import (
	"cmp"
	"slices"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// sweepEvery is how often what is over is looked for.
const sweepEvery = time.Hour

// Tick does what is due: it is called at Next, and may be called at any time.
func (c *Core) Tick() ([]Effect, error) { return c.end(c.tick(c.now())) }

func (c *Core) tick(now time.Time) ([]Effect, error) {
	c.soon = time.Time{}
	effects, err := c.begin(c.sorted()...)
	if err != nil {
		return nil, err
	}
	add := func(more []Effect, err error) error {
		effects = append(effects, more...)
		if fault.KindOf(err) == fault.NoSpace { // the rest is done all the same
			c.o.Log.Warn("cannot do what is due", "error", err)
			return nil
		}
		return err
	}
	if err := add(c.tickAsks(now)); err != nil {
		return nil, err
	}
	relations := c.o.People.Relations()
	c.excuse(relations)
	for _, r := range relations {
		if err := add(c.tickEpoch(r, now)); err != nil {
			return nil, err
		}
		if err := add(c.tickOwed(r, now)); err != nil {
			return nil, err
		}
		if err := add(c.welcome(r)); err != nil {
			return nil, err
		}
	}
	if err := add(c.tellPlaces()); err != nil {
		return nil, err
	}
	if now.Sub(c.swept).Abs() >= sweepEvery {
		c.swept = now
		return effects, c.sweep(now)
	}
	return effects, nil
}

// excuse drops what is owed to relations that are no more.
func (c *Core) excuse(relations []seal.Relation) {
	owed := map[seal.RelationID]bool{}
	for _, r := range relations {
		owed[r.ID] = len(r.Out) != 0
	}
	for id, st := range c.states {
		if !owed[id] {
			st.run.owe = time.Time{}
		}
	}
}

// tickOwed acknowledges contexts by a message of its own, when none carried it.
func (c *Core) tickOwed(r seal.Relation, now time.Time) ([]Effect, error) {
	st := c.state(r.ID)
	if st.run.owe.IsZero() || now.Before(st.run.owe) {
		return nil, nil
	}
	for _, s := range c.receive[r.ID] {
		if c.pending(s.Share) {
			st.run.owe = now.Add(c.o.AckAfter) // own devices are not told yet
			return nil, nil
		}
	}
	st.run.owe = time.Time{}
	jobs, err := c.add(seal.Outgoing{To: r.ID, Kind: seal.Keys})
	if err != nil {
		return nil, err
	}
	return c.begin(jobs...)
}

// welcome tells a new own device all contexts of friends.
func (c *Core) welcome(r seal.Relation) ([]Effect, error) {
	st := c.state(r.ID)
	if r.Kind != seal.OwnDevice || st.Welcomed || len(r.Out) == 0 {
		return nil, nil
	}
	st.Welcomed = true
	if err := c.keep(stateKey(r.ID), st); err != nil {
		return nil, err
	}
	var all []seal.SharedContext
	for _, friend := range c.o.People.Relations() {
		for _, s := range c.receive[friend.ID] {
			if friend.Kind == seal.Friend && !s.Context.Notice {
				all = append(all, seal.SharedContext{Relation: friend.ID, Epoch: s.Context.Epoch, Enc: s.Context.Enc})
			}
		}
	}
	slices.SortFunc(all, func(a, b seal.SharedContext) int { return slices.Compare(a.Enc, b.Enc) })
	var out []seal.Outgoing
	for part := range slices.Chunk(all, 40) {
		out = append(out, seal.Outgoing{To: r.ID, Kind: seal.Contexts, Body: part})
	}
	jobs, err := c.add(out...)
	if err != nil {
		return nil, err
	}
	return c.begin(jobs...)
}

// sweep forgets what is over: relations, contexts of epochs that are erased, ids of
// messages that cannot come again.
func (c *Core) sweep(now time.Time) error {
	relations := map[seal.RelationID]seal.Relation{}
	for _, r := range c.o.People.Relations() {
		relations[r.ID] = r
	}
	for _, prefix := range []string{atSend, atReceive, atState} {
		if err := c.sweepRelations(prefix, relations); err != nil {
			return err
		}
	}
	for id, contexts := range c.receive {
		r := relations[id]
		for context, s := range contexts {
			known := slices.ContainsFunc(r.Epochs, func(e seal.Epoch) bool { return e.ID == s.Context.Epoch })
			if s.Context.Notice {
				known = now.UnixMilli()-s.Used < c.o.EpochKept.Milliseconds()
			}
			if !known {
				delete(contexts, context)
				c.drop(receiveKey(id, context))
			}
		}
	}
	return c.sweepSeen(now, relations)
}

// sweepSeen forgets ids of messages that cannot come again, and the oldest of those
// who send very many: their numbers count instead.
func (c *Core) sweepSeen(now time.Time, relations map[seal.RelationID]seal.Relation) error {
	type id struct {
		key string
		at  int64
	}
	oldest := now.Add(-c.o.SeenFor).UnixMilli()
	all := map[seal.RelationID][]id{}
	err := c.o.Local.Each(atSeen, func(key string, value []byte) error {
		var s seen
		var r seal.RelationID
		var m seal.MessageID
		if err := decode(key, value, &s); err != nil {
			return err
		}
		if err := split(key, atSeen, r[:], m[:]); err != nil {
			return err
		}
		if _, ok := relations[r]; !ok || s.At < oldest {
			c.drop(key)
			return nil
		}
		all[r] = append(all[r], id{key, s.At})
		return nil
	})
	for r, ids := range all {
		if err != nil || len(ids) <= c.o.Seen {
			continue
		}
		slices.SortFunc(ids, func(a, b id) int { return cmp.Compare(a.at, b.at) })
		for _, x := range ids[:len(ids)-c.o.Seen/2] {
			c.drop(x.key)
		}
		c.state(r).Forgot = true
		err = c.keep(stateKey(r), c.state(r))
	}
	return err
}

// sweepRelations forgets what was kept of relations that are no more.
func (c *Core) sweepRelations(prefix string, relations map[seal.RelationID]seal.Relation) error {
	return c.o.Local.Each(prefix, func(key string, _ []byte) error {
		var id seal.RelationID
		if err := split(key[:min(len(key), len(prefix)+2*len(id))]+"/", prefix, id[:], nil); err != nil {
			return err
		}
		if _, ok := relations[id]; !ok {
			c.drop(key)
			delete(c.sends, id)
			delete(c.receive, id)
			delete(c.states, id)
			delete(c.friends, id)
		}
		return nil
	})
}

// Next returns when Tick is to be called.
func (c *Core) Next() time.Time {
	next := c.swept.Add(sweepEvery)
	sooner := func(t time.Time) {
		if t.Before(next) {
			next = t
		}
	}
	if !c.flush.IsZero() {
		sooner(c.flush)
	}
	if !c.soon.IsZero() {
		sooner(c.soon)
	}
	for _, j := range c.jobs {
		sooner(time.UnixMilli(j.Expires))
		if len(j.Kept) != 0 || c.blocked(j) {
			continue
		}
		if j.run.direct == directBusy {
			sooner(j.run.relays)
		}
		for _, t := range j.run.boxes {
			if !t.busy && !t.done {
				sooner(t.next)
			}
		}
	}
	for _, a := range c.asks {
		if a.Over {
			continue
		}
		sooner(time.UnixMilli(a.Expires))
		if a.Answer == nil {
			sooner(time.UnixMilli(a.due()))
		}
	}
	for _, st := range c.states {
		if !st.run.owe.IsZero() {
			sooner(st.run.owe)
		}
	}
	return next
}

// Status is what is known of a relation's exchange.
type Status struct {
	// Heard is when something last came from the other side; zero for never.
	Heard time.Time
	// Direct says that a device of the other side can be reached without a relay.
	Direct bool
	// Waiting are the messages that no mailbox has accepted, Asked the requests
	// without an answer.
	Waiting, Asked int
	// Refused says that no relay of the other side has a mailbox of theirs any more:
	// they were away for very long, or are no more.
	Refused bool
	// Restored is when it was last noticed that the other side came back from a
	// backup; zero for never.
	Restored time.Time
}

// Status returns what is known of a relation's exchange.
func (c *Core) Status(r seal.RelationID) (Status, error) {
	if _, ok := c.o.People.Relation(r); !ok {
		return Status{}, fault.New(fault.NotFound, "there is no relation %x", r)
	}
	st := c.state(r)
	s := Status{Heard: instant(st.Heard), Restored: instant(st.Rolled), Direct: c.directly(r, c.now())}
	for _, j := range c.byTo[r] {
		if len(j.Kept) == 0 {
			s.Waiting++
			s.Refused = s.Refused || j.refused()
		}
	}
	for _, a := range c.asks {
		if a.To == r && a.Answer == nil && !a.Over {
			s.Asked++
		}
	}
	return s, nil
}

// refused says that every queue for the job was refused, and not for a moment only:
// one that is being made is refused at first.
func (j *job) refused() bool {
	for _, t := range j.run.boxes {
		if !t.refused || t.attempts < refusedAfter {
			return false
		}
	}
	return len(j.run.boxes) != 0
}

// refusedAfter is after how many tries, over a minute, a refusal is believed.
const refusedAfter = 7

func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

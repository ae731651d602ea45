package exchange

import (
	"maps"
	"slices"
	"time"

	"github.com/kith-web/kith/internal/seal"
)

// announced returns the newest epoch that the other side may be told: one that own
// devices know.
func (c *Core) announced(r seal.Relation) (seal.Epoch, bool) {
	st := c.state(r.ID)
	for _, e := range r.Epochs {
		if e.ID != st.Sharing || !c.pending(st.Share) {
			return e, true
		}
	}
	return seal.Epoch{}, false
}

// noteEpoch notes which own epoch the other side seals to.
func (c *Core) noteEpoch(r seal.Relation, st *state, used seal.EpochID) {
	if st.Used[used] != 0 || !slices.ContainsFunc(r.Epochs, func(e seal.Epoch) bool { return e.ID == used }) {
		return
	}
	if st.Used == nil {
		st.Used = map[seal.EpochID]int64{}
	}
	st.Used[used] = c.now().UnixMilli()
}

// learnEpoch takes a key of the other side, unless it told a newer one before. Its
// clock may have been wrong then: it is believed when it says that it is lost, or
// when the key that is known is old.
func (c *Core) learnEpoch(r seal.Relation, st *state, m seal.Message) ([]Effect, error) {
	newer := m.Sent >= st.KeysSent || m.Kind == seal.Unknown || apart(c.now(), r.PeerEpoch.Seen) > c.o.EpochAge
	if len(m.Epoch) == 0 || !newer || seal.EpochOf(m.Epoch) == r.PeerEpoch.ID {
		return nil, nil
	}
	e, err := c.o.People.LearnEpoch(r.ID, m.Epoch)
	if refused(err) {
		c.o.Log.Info("refused an epoch", "relation", short(r.ID[:]), "error", err)
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	st.KeysSent = m.Sent
	return c.apply(e)
}

// tickEpoch makes, announces and erases epochs of a relation (spec §3.1).
func (c *Core) tickEpoch(r seal.Relation, now time.Time) ([]Effect, error) {
	if len(r.Epochs) == 0 {
		return nil, nil
	}
	var effects []Effect
	st, newest := c.state(r.ID), r.Epochs[0]
	if err := c.noteAges(r, st, now); err != nil {
		return nil, err
	}
	switch {
	case apart(now, st.Since) >= c.rotateAt(newest):
		more, err := c.rotate(r)
		if err != nil {
			return nil, err
		}
		effects = append(effects, more...)
	case c.unheeded(r, st, now):
		more, err := c.announce(r.ID, nil)
		if err != nil {
			return nil, err
		}
		effects = append(effects, more...)
	}
	more, err := c.erase(r, st, now)
	return append(effects, more...), err
}

// noteAges notes when this device first knew the newest epoch, and of others that
// they are superseded.
func (c *Core) noteAges(r seal.Relation, st *state, now time.Time) error {
	changed := st.Newest != r.Epochs[0].ID
	if changed {
		st.Newest, st.Since = r.Epochs[0].ID, now.UnixMilli()
	}
	for _, e := range r.Epochs {
		if e.Superseded == 0 || st.Old[e.ID] != 0 {
			continue
		}
		if st.Old == nil {
			st.Old = map[seal.EpochID]int64{}
		}
		st.Old[e.ID], changed = now.UnixMilli(), true
	}
	if !changed {
		return nil
	}
	erased := func(id seal.EpochID, _ int64) bool {
		return !slices.ContainsFunc(r.Epochs, func(e seal.Epoch) bool { return e.ID == id })
	}
	maps.DeleteFunc(st.Used, erased)
	maps.DeleteFunc(st.Old, erased)
	return c.keep(stateKey(r.ID), st)
}

// apart is the time between now and an instant that was noted; one in the future
// was noted by a clock that was wrong.
func apart(now time.Time, at int64) time.Duration { return now.Sub(time.UnixMilli(at)).Abs() }

// rotateAt is the age at which an epoch is replaced: a little different for each,
// so that own devices and relations do not all do it at once.
func (c *Core) rotateAt(e seal.Epoch) time.Duration {
	return c.o.EpochAge - c.o.EpochAge/16*time.Duration(e.ID[0])/256
}

// rotate makes an epoch and announces it when own devices were told.
func (c *Core) rotate(r seal.Relation) ([]Effect, error) {
	e, err := c.o.People.NewEpoch(r.ID)
	if err != nil {
		return nil, err
	}
	jobs, err := c.addEffects(e)
	if err != nil {
		return nil, err
	}
	after, ok := c.o.People.Relation(r.ID)
	if !ok || len(after.Epochs) == 0 {
		return nil, nil
	}
	st := c.state(r.ID)
	st.Sharing, st.Share = after.Epochs[0].ID, numbers(jobs)
	effects, err := c.begin(jobs...)
	if err != nil {
		return nil, err
	}
	more, err := c.announce(r.ID, st.Share)
	return append(effects, more...), err
}

// announce tells the other side the newest epoch.
func (c *Core) announce(r seal.RelationID, after []Job) ([]Effect, error) {
	st := c.state(r)
	st.Told = c.now().UnixMilli()
	if err := c.keep(stateKey(r), st); err != nil {
		return nil, err
	}
	jobs, err := c.add(seal.Outgoing{To: r, Kind: seal.Keys, Replaces: true})
	if err != nil {
		return nil, err
	}
	jobs[0].After = after
	c.depend(jobs[0])
	if err := c.keep(jobs[0].key(), jobs[0]); err != nil {
		return nil, err
	}
	return c.begin(jobs...)
}

// unheeded reports whether the other side goes on sealing to an old epoch, a day
// after it was told of the new one.
func (c *Core) unheeded(r seal.Relation, st *state, now time.Time) bool {
	const day = 24 * time.Hour
	return len(r.Epochs) > 1 && st.Used[r.Epochs[0].ID] == 0 && !c.pending(st.Share) &&
		now.UnixMilli()-max(st.Told, st.Since) > day.Milliseconds() &&
		st.Heard > max(st.Told, st.Since)
}

// erase erases superseded epochs that nothing can wait for any more: some time
// after the other side has used a newer one, or at the latest.
func (c *Core) erase(r seal.Relation, st *state, now time.Time) ([]Effect, error) {
	var effects []Effect
	known := false // a newer epoch is in use for longer than a message waits
	for _, e := range r.Epochs {
		old := st.Old[e.ID] != 0 && apart(now, st.Old[e.ID]) > c.o.EpochKept
		if e.Superseded != 0 && known || old {
			more, err := c.eraseOne(r, st, e)
			if err != nil {
				return nil, err
			}
			effects = append(effects, more...)
		}
		since := st.Used[e.ID]
		known = known || since != 0 && apart(now, since) > c.o.Lifetime
	}
	return effects, nil
}

func (c *Core) eraseOne(r seal.Relation, st *state, e seal.Epoch) ([]Effect, error) {
	fx, err := c.o.People.EraseEpoch(r.ID, e.ID)
	if err != nil {
		return nil, err
	}
	for id, s := range c.receive[r.ID] {
		if s.Context.Epoch == e.ID && !s.Context.Notice {
			delete(c.receive[r.ID], id)
			c.drop(receiveKey(r.ID, id))
		}
	}
	delete(st.Used, e.ID)
	delete(st.Old, e.ID)
	if err := c.keep(stateKey(r.ID), st); err != nil {
		return nil, err
	}
	return c.apply(fx)
}

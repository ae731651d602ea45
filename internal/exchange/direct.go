package exchange

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/kith-web/kith/internal/seal"
)

// Bounds of direct mailboxes (spec §5.4).
const (
	mostPlaces  = 8 // that one device says it has
	mostTold    = 8 // devices of a relation whose places are kept
	mostTried   = 4 // places that one message is sent to
	placesFor   = 24 * time.Hour
	maxPlaceURL = 255
)

// SetPlaces says where this device's own mailbox can be reached, until when; nil
// that it cannot. Relations are told, and again when half of the time is over: it may
// be called as often as one likes.
func (c *Core) SetPlaces(at []seal.Place, until time.Time) ([]Effect, error) {
	same := slices.EqualFunc(at, c.own, func(a, b seal.Place) bool {
		return a.URL == b.URL && bytes.Equal(a.Certificate, b.Certificate)
	})
	if same && (len(at) == 0 || c.until.Sub(c.now()) > until.Sub(c.now())/2) {
		return c.end(nil, nil)
	}
	c.own, c.until = at[:min(len(at), mostPlaces)], until
	c.version++
	return c.end(c.tellPlaces())
}

// tellPlaces tells relations that do not know where this device is.
func (c *Core) tellPlaces() ([]Effect, error) {
	if c.version == 0 {
		return nil, nil
	}
	var effects []Effect
	for _, r := range c.o.People.Relations() {
		st := c.state(r.ID)
		if st.run.whereSent == c.version || len(r.Out) == 0 {
			continue
		}
		st.run.whereSent = c.version
		left := max(c.until.Sub(c.now()), time.Second)
		jobs, err := c.add(seal.Outgoing{
			To: r.ID, Kind: seal.Where, Body: seal.WhereBody{At: c.own, Until: c.until.UnixMilli()},
			Lifetime: left.Milliseconds(), Replaces: true,
		})
		if err != nil {
			return nil, err
		}
		more, err := c.begin(jobs...)
		if err != nil {
			return nil, err
		}
		effects = append(effects, more...)
	}
	return effects, nil
}

// learnPlaces keeps where the device with this context can be reached.
func (c *Core) learnPlaces(st *state, from seal.ContextID, m seal.Message) {
	var w seal.WhereBody
	if err := m.Decode(&w); err != nil {
		c.o.Log.Info("refused where a device is", "error", err)
		return
	}
	if st.Places == nil {
		st.Places = map[seal.ContextID]places{}
	}
	now := c.now()
	left := min(max(w.Until-m.Sent, 0), placesFor.Milliseconds())
	p := places{Until: now.UnixMilli() + left}
	for _, at := range w.At[:min(len(w.At), mostPlaces)] {
		if len(at.URL) <= maxPlaceURL && len(at.Certificate) == 32 {
			p.At = append(p.At, at)
			delete(c.dead, at.URL)
		}
	}
	st.Places[from] = p
	maps.DeleteFunc(st.Places, func(_ seal.ContextID, p places) bool { return len(p.At) == 0 || p.Until <= now.UnixMilli() })
	for len(st.Places) > 2*mostTold {
		oldest := slices.MinFunc(slices.Collect(maps.Keys(st.Places)), func(a, b seal.ContextID) int {
			return cmp.Or(cmp.Compare(st.Places[a].Until, st.Places[b].Until), bytes.Compare(a[:], b[:]))
		})
		delete(st.Places, oldest)
	}
}

// places returns the direct mailboxes to try for a job.
func (c *Core) places(j *job, now time.Time) []seal.Place {
	st := c.states[j.To]
	if st == nil || j.Kind == seal.Where || j.Kind == seal.Unknown {
		return nil // Unknown is for one device, and nobody knows for which
	}
	var at []seal.Place
	for _, id := range slices.SortedFunc(maps.Keys(st.Places), func(a, b seal.ContextID) int { return bytes.Compare(a[:], b[:]) }) {
		if p := st.Places[id]; p.Until > now.UnixMilli() && (j.Kind != seal.Answer || id == j.Device) {
			at = append(at, p.At...)
		}
	}
	slices.SortStableFunc(at, func(a, b seal.Place) int { return cmp.Compare(a.URL, b.URL) })
	at = slices.CompactFunc(at, func(a, b seal.Place) bool { return a.URL == b.URL && bytes.Equal(a.Certificate, b.Certificate) })
	at = slices.DeleteFunc(at, func(p seal.Place) bool { return now.Before(c.dead[p.URL]) })
	return at[:min(len(at), mostTried)]
}

// beginDirect tries the other side's own mailboxes first.
func (c *Core) beginDirect(j *job, r seal.Relation, now time.Time) ([]Effect, error) {
	at := c.places(j, now)
	if len(at) == 0 {
		return nil, nil
	}
	p, err := c.seal(r, r.Out[0], j)
	if err != nil {
		return nil, err
	}
	j.run.direct, j.run.relays = directBusy, now.Add(c.o.Direct)
	j.run.places, j.run.context = len(at), p.context
	var effects []Effect
	for _, place := range at {
		e := p.Put
		e.Place = &place
		effects = append(effects, e)
	}
	return effects, nil
}

// doneDirect takes what became of a Put to a direct mailbox. When none accepts,
// the relays' turn comes at once.
func (c *Core) doneDirect(j *job, _ seal.Mailbox, at seal.Place, o Outcome) ([]Effect, error) {
	if j.run.places == 0 {
		return nil, nil // of an attempt that does not count any more
	}
	j.run.places--
	if o.Accepted {
		j.run.tried = true
		return c.accepted(j, j.run.context)
	}
	c.dead[at.URL] = c.now().Add(max(o.Wait, tiredDirect))
	if len(c.dead) > mostLost {
		clear(c.dead)
	}
	if j.run.places > 0 || j.run.direct != directBusy {
		return nil, nil
	}
	j.run.direct = directOver
	return c.begin(j)
}

// directly reports whether the other side has said where it can be reached
// directly, and it answered there when it was last tried.
func (c *Core) directly(r seal.RelationID, now time.Time) bool {
	return len(c.places(&job{To: r}, now)) != 0
}

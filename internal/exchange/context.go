package exchange

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/kith-web/kith/internal/seal"
)

// sealed is a Put and the context that it was sealed in.
type sealed struct {
	Put
	context seal.ContextID
}

// seal puts a job's message into an envelope for one queue.
func (c *Core) seal(r seal.Relation, m seal.Mailbox, j *job) (sealed, error) {
	if j.Kind == seal.Unknown && (c.stale(r) || c.state(r.ID).run.unknowns%2 == 0) {
		return c.sealNotice(r, m, j)
	}
	s, err := c.sending(r, m)
	if err != nil {
		return sealed{}, err
	}
	if s.next >= s.Reserved {
		s.Reserved = s.next + reserve
		if err := c.keep(sendKey(r.ID, c.boxOf(m)), s); err != nil {
			return sealed{}, err
		}
	}
	s.next++
	message, err := c.message(r, j, s.next)
	if err != nil {
		return sealed{}, err
	}
	body, err := s.Context.Seal(c.o.Rand, message, !s.Acked)
	if err != nil {
		return sealed{}, err
	}
	return sealed{c.put(m, j, s.Context.ID, body), s.Context.ID}, nil
}

// sealNotice seals to the notice key: a context of one message.
func (c *Core) sealNotice(r seal.Relation, m seal.Mailbox, j *job) (sealed, error) {
	s, err := seal.NewNoticeContext(r)
	if err != nil {
		return sealed{}, err
	}
	message, err := c.message(r, j, 1)
	if err != nil {
		return sealed{}, err
	}
	body, err := s.Seal(c.o.Rand, message, true)
	if err != nil {
		return sealed{}, err
	}
	return sealed{c.put(m, j, s.ID, body), s.ID}, nil
}

// stale reports whether the other side may have erased the epoch that is known.
func (c *Core) stale(r seal.Relation) bool {
	return len(r.PeerEpoch.Public) == 0 ||
		r.PeerEpoch.Seen != 0 && apart(c.now(), r.PeerEpoch.Seen) > c.o.EpochKept
}

func (c *Core) put(m seal.Mailbox, j *job, in seal.ContextID, body []byte) Put {
	days := uint8(0)
	if left := time.Duration(j.Expires-c.now().UnixMilli()) * time.Millisecond; left <= 24*time.Hour {
		days = 1
	}
	return Put{Job: j.Number, Mailbox: m, ID: seal.PutID(m, in, j.ID), Days: days, Body: body}
}

// sending returns the context for a queue of the other side, a new one when its
// epoch is another.
func (c *Core) sending(r seal.Relation, m seal.Mailbox) (*sending, error) {
	box := c.boxOf(m)
	if s := c.sends[r.ID][box]; s != nil && s.Context.Epoch == r.PeerEpoch.ID {
		return s, nil
	}
	context, err := seal.NewSendContext(r)
	if err != nil {
		return nil, err
	}
	s := &sending{Context: context}
	put(c.sends, r.ID, box, s)
	return s, c.keep(sendKey(r.ID, box), s)
}

// message makes what a job says.
func (c *Core) message(r seal.Relation, j *job, number uint64) (seal.Message, error) {
	m := seal.Message{
		Kind: j.Kind, ID: j.ID, Number: number, Sent: j.Sent, Expires: max(j.Expires, j.Sent), Body: j.Body,
		Known: c.known(r.ID),
	}
	if j.Kind == seal.Keys || j.Kind == seal.Unknown {
		e, ok := c.announced(r)
		if !ok || j.Kind == seal.Keys && c.state(r.ID).Used[e.ID] != 0 {
			return m, nil // an acknowledgement alone
		}
		public, err := e.Private.Public()
		if err != nil {
			return m, err
		}
		m.Epoch = public
	}
	return m, nil
}

// mostKnown is how many contexts a message acknowledges: those used last.
const mostKnown = 16

// known returns the contexts of the other side that all own devices can open.
func (c *Core) known(r seal.RelationID) []seal.ContextID {
	var ready []*receiving
	waiting := false
	for _, s := range c.receive[r] {
		switch {
		case s.Context.Notice, s.Quiet:
		case c.pending(s.Share):
			waiting = true
		default:
			ready = append(ready, s)
		}
	}
	slices.SortFunc(ready, func(a, b *receiving) int {
		return cmp.Or(cmp.Compare(b.Used, a.Used), slices.Compare(a.Context.ID[:], b.Context.ID[:]))
	})
	ready = ready[:min(len(ready), mostKnown)]
	var ids []seal.ContextID
	for _, s := range ready {
		ids = append(ids, s.Context.ID)
		s.told = c.now().UnixMilli()
	}
	if !waiting {
		c.state(r).run.owe = time.Time{}
	}
	return ids
}

// pending reports whether one of the jobs is not accepted yet.
func (c *Core) pending(jobs []Job) bool {
	return slices.ContainsFunc(jobs, func(n Job) bool { return c.jobs[n] != nil && len(c.jobs[n].Kept) == 0 })
}

// acknowledged takes the contexts that the other side says it can open.
func (c *Core) acknowledged(r seal.RelationID, known []seal.ContextID) ([]Effect, error) {
	if len(known) == 0 {
		return nil, nil
	}
	for box, s := range c.sends[r] {
		if !s.Acked && slices.Contains(known, s.Context.ID) {
			s.Acked = true
			if err := c.keep(sendKey(r, box), s); err != nil {
				return nil, err
			}
		}
	}
	var effects []Effect
	for _, j := range c.of(r) {
		if !slices.ContainsFunc(j.Kept, func(k seal.ContextID) bool { return slices.Contains(known, k) }) {
			continue
		}
		more, err := c.finish(j)
		if err != nil {
			return nil, err
		}
		effects = append(effects, more...)
	}
	return effects, nil
}

// learn keeps a context that this device can open, and tells own devices. One that is
// sealed to the notice key has a single message, and is not kept: it would crowd out
// contexts that are in use.
func (c *Core) learn(r seal.Relation, context seal.ReceiveContext, share bool) (*receiving, []Effect, error) {
	s := &receiving{Context: context, Window: make([]byte, window/8), Used: c.now().UnixMilli()}
	if context.Notice {
		return s, nil, nil
	}
	c.crowd(r.ID)
	put(c.receive, r.ID, context.ID, s)
	var effects []Effect
	if share && r.Kind == seal.Friend && len(c.ownDevices()) != 0 {
		if !c.state(r.ID).run.shares.take(c.now(), shareBurst, shareRate) {
			s.Quiet = true
			return s, nil, c.keep(receiveKey(r.ID, context.ID), s)
		}
		var out []seal.Outgoing
		for _, own := range c.ownDevices() {
			body := []seal.SharedContext{{Relation: r.ID, Epoch: context.Epoch, Enc: context.Enc}}
			out = append(out, seal.Outgoing{To: own.ID, Kind: seal.Contexts, Body: body})
		}
		jobs, err := c.add(out...)
		if err != nil {
			return nil, nil, err
		}
		s.Share = numbers(jobs)
		if effects, err = c.begin(jobs...); err != nil {
			return nil, nil, err
		}
	}
	return s, effects, c.keep(receiveKey(r.ID, context.ID), s)
}

// Bounds of the contexts of one relation: how many are kept, and how many are told
// to own devices at once and a second. A side needs one for each device, queue and
// week.
const (
	mostContexts = 128
	shareBurst   = 32
	shareRate    = 1.0 / 60
)

// crowd makes room for a context, by the one that was used longest ago. Who still
// uses that is understood by its encapsulation, or told that it is unknown.
func (c *Core) crowd(r seal.RelationID) {
	all := c.receive[r]
	if len(all) < mostContexts {
		return
	}
	oldest := slices.MinFunc(slices.Collect(maps.Keys(all)), func(a, b seal.ContextID) int {
		return cmp.Or(cmp.Compare(all[a].Used, all[b].Used), slices.Compare(a[:], b[:]))
	})
	delete(all, oldest)
	c.drop(receiveKey(r, oldest))
}

// learnShared takes Contexts of an own device.
func (c *Core) learnShared(m seal.Message) (again bool, err error) {
	var shared []seal.SharedContext
	if err := m.Decode(&shared); err != nil {
		return false, err
	}
	for _, s := range shared[:min(len(shared), 64)] {
		r, ok := c.o.People.Relation(s.Relation)
		i := slices.IndexFunc(r.Epochs, func(e seal.Epoch) bool { return e.ID == s.Epoch })
		if !ok || i < 0 {
			again = true // what tells of the relation or epoch may be on its way
			continue
		}
		if c.receive[r.ID][seal.ContextOf(s.Enc)] != nil || r.Kind != seal.Friend {
			continue
		}
		context, err := seal.OpenContext(r, r.Epochs[i], s.Enc)
		if err != nil {
			return false, err
		}
		if _, _, err := c.learn(r, context, false); err != nil {
			return false, err
		}
	}
	return again, nil
}

// window is how many numbers below the highest are told apart.
const window = 1024

// came reports whether a number came before, or may have.
func (s *receiving) came(n uint64) bool {
	switch {
	case n > s.Highest:
		return false
	case s.Highest-n >= window:
		return true
	}
	return s.Window[n%window/8]&(1<<(n%8)) != 0
}

// number notes a message's number and reports whether it came before, as far back
// as the window goes.
func (s *receiving) number(n uint64) (again bool) {
	if n > s.Highest {
		for i := range min(n-s.Highest, window) {
			at := (n - i) % window
			s.Window[at/8] &^= 1 << (at % 8)
		}
		s.Highest = n
	}
	if s.Highest-n >= window {
		return false
	}
	again = s.came(n)
	s.Window[n%window/8] |= 1 << (n % 8)
	return again
}

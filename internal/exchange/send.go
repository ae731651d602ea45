package exchange

import (
	"cmp"
	"slices"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// running is where a job stands until the end of the process.
type running struct {
	boxes  map[boxID]*try
	tried  bool // once, whatever came of it
	direct directness
	relays time.Time // when relays are used beside direct mailboxes
	// places are the direct mailboxes that have not answered; context is what was
	// sealed for them.
	places  int
	context seal.ContextID
	acks    []Ref // deliveries to acknowledge when it is accepted
}

// try is a job's way to one queue.
type try struct {
	attempts int
	busy     bool
	done     bool
	refused  bool // the relay has no such queue
	next     time.Time
	context  seal.ContextID
}

type directness uint8

const (
	directNot directness = iota
	directBusy
	directOver
)

// Bounds of trying again.
const (
	backOff = time.Second
	longest = 5 * time.Minute
	// longestRefused is for a queue that the relay does not have: it is made again
	// when its recipient listens again, and not before.
	longestRefused = time.Hour
	tiredDirect    = time.Minute
	reserve        = 64
)

// Send keeps messages until they are accepted by a mailbox, or their time is over.
func (c *Core) Send(out ...seal.Outgoing) ([]Effect, error) {
	jobs, err := c.add(out...)
	if err != nil {
		return c.end(nil, err)
	}
	return c.end(c.begin(jobs...))
}

// Apply does what person or library want done.
func (c *Core) Apply(e seal.Effects) ([]Effect, error) { return c.end(c.apply(e)) }

func (c *Core) apply(e seal.Effects) ([]Effect, error) {
	var again []Effect
	for _, m := range e.Moved {
		asked, err := c.move(m)
		if err == nil && asked { // what was asked there may never be answered
			var more []Effect
			more, err = c.repeatAll(m.To)
			again = append(again, more...)
		}
		if err != nil {
			return nil, err
		}
	}
	jobs, err := c.addEffects(e)
	if err != nil {
		return nil, err
	}
	for _, m := range e.Moved {
		jobs = append(jobs, c.of(m.To)...)
	}
	effects, err := c.begin(jobs...)
	effects = append(again, effects...)
	if err == nil && e.Changed {
		effects = append(effects, Listen{})
		c.soon = c.now() // new relations are told where this device is
	}
	return effects, err
}

// addEffects keeps effects as jobs.
func (c *Core) addEffects(e seal.Effects) ([]*job, error) {
	var jobs []*job
	expires := c.now().Add(c.o.Lifetime).UnixMilli()
	waiting := c.deeds(e)
	hold := func(j *job) (Job, error) {
		if old := waiting[c.deed(j)]; old != nil {
			return old.Number, nil // it is said again, and not done yet
		}
		j.Expires = cmp.Or(j.Expires, expires)
		jobs = append(jobs, j)
		err := c.hold(j)
		return j.Number, err
	}
	var first []Job
	for _, q := range e.Create {
		n, err := hold(&job{Create: &q})
		if err != nil {
			return nil, err
		}
		first = append(first, n)
	}
	for _, l := range e.Lock {
		n, err := hold(&job{Lock: &l})
		if err != nil {
			return nil, err
		}
		first = append(first, n)
	}
	for _, p := range e.Raw {
		if _, err := hold(&job{Raw: &p, Behind: first, Expires: p.Until}); err != nil {
			return nil, err
		}
	}
	out, err := c.add(e.Out...)
	if err != nil {
		return nil, err
	}
	jobs = append(jobs, out...)
	for _, m := range e.Delete {
		if _, err := hold(&job{Delete: &m, Behind: numbers(out)}); err != nil {
			return nil, err
		}
	}
	return jobs, nil
}

// deed names what a job does that is done once, however often it is asked for.
type deed struct {
	kind byte
	box  boxID
	id   seal.MessageID
}

func (c *Core) deed(j *job) deed {
	switch {
	case j.Create != nil:
		return deed{kind: 1, box: c.boxOf(j.Create.Mailbox)}
	case j.Lock != nil:
		return deed{kind: 2, box: c.boxOf(j.Lock.Mailbox)}
	case j.Raw != nil:
		return deed{kind: 3, box: c.boxOf(j.Raw.Mailbox), id: j.Raw.ID}
	case j.Delete != nil:
		return deed{kind: 4, box: c.boxOf(*j.Delete)}
	}
	return deed{}
}

// deeds are what waits to be done already, when effects may want any of it: a
// person who starts again while a relay is away says all of it again.
func (c *Core) deeds(e seal.Effects) map[deed]*job {
	if len(e.Create)+len(e.Lock)+len(e.Raw)+len(e.Delete) == 0 {
		return nil
	}
	waiting := map[deed]*job{}
	for _, j := range c.jobs {
		if d := c.deed(j); d.kind != 0 {
			waiting[d] = j
		}
	}
	return waiting
}

func numbers(jobs []*job) []Job {
	var n []Job
	for _, j := range jobs {
		n = append(n, j.Number)
	}
	return n
}

// add keeps messages as jobs.
func (c *Core) add(out ...seal.Outgoing) ([]*job, error) {
	var jobs []*job
	for _, o := range out {
		j, err := c.addOne(o)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, j)
	}
	return jobs, nil
}

func (c *Core) addOne(o seal.Outgoing) (*job, error) {
	j := &job{To: o.To, Kind: o.Kind, ID: o.ID, Replaces: o.Replaces, Sent: c.now().UnixMilli()}
	lifetime := c.o.Lifetime.Milliseconds()
	if o.Lifetime > 0 {
		lifetime = o.Lifetime
	}
	j.Expires = j.Sent + lifetime
	if o.Body != nil {
		body, err := seal.Marshal(o.Body)
		if err != nil {
			return nil, fault.New(fault.Internal, "message of kind %d: %w", o.Kind, err)
		}
		j.Body = body
	}
	if len(j.Body) > seal.Room-roomForRest {
		return nil, fault.New(fault.TooLarge, "message of kind %d with a body of %d octets", o.Kind, len(j.Body))
	}
	var err error
	if j.ID == (seal.MessageID{}) {
		if j.ID, err = seal.NewID(c.o.Rand); err != nil {
			return nil, err
		}
	}
	if o.Replaces {
		c.replace(o.To, o.Kind)
	}
	return j, c.hold(j)
}

// roomForRest is what a message holds beside its body, at most.
const roomForRest = 2048

// hold keeps a job.
// index makes a job findable by its number, its relation and what it waits for.
// depend notes what a job waits for.
// of returns the jobs of a relation, in order.
// replace drops what a new message makes superfluous.
// forget drops a job, without beginning what waits for it.
// finish drops a job and begins what waited for it.
// follow begins jobs that waited for one that is done or was tried.
// sorted returns the jobs in order, so that a run can be repeated.
// blocked reports whether a job has to wait for another.
// begin does for each job what can be done now.
func (c *Core) begin(jobs ...*job) ([]Effect, error) {
	var effects []Effect
	for _, j := range jobs {
		if j == nil || c.jobs[j.Number] != j {
			continue // it was replaced meanwhile
		}
		more, err := c.beginOne(j)
		if err != nil {
			return nil, err
		}
		effects = append(effects, more...)
	}
	return effects, nil
}

func (c *Core) beginOne(j *job) ([]Effect, error) {
	now := c.now()
	switch {
	case j.Expires <= now.UnixMilli():
		return c.finish(j)
	case len(j.Kept) != 0 || c.blocked(j):
		return nil, nil
	case j.Create != nil:
		return c.attempt(j, j.Create.Mailbox, now, Create{j.Number, *j.Create}), nil
	case j.Lock != nil:
		return c.attempt(j, j.Lock.Mailbox, now, Lock{j.Number, *j.Lock}), nil
	case j.Delete != nil:
		return c.attempt(j, *j.Delete, now, Delete{j.Number, *j.Delete}), nil
	case j.Raw != nil:
		return c.attempt(j, j.Raw.Mailbox, now, Put{Job: j.Number, Mailbox: j.Raw.Mailbox, ID: j.Raw.ID, Body: j.Raw.Body}), nil
	}
	return c.beginMessage(j, now)
}

// attempt returns the effect unless it was returned already or is not due.
func (c *Core) attempt(j *job, m seal.Mailbox, now time.Time, e Effect) []Effect {
	t := j.try(c.boxOf(m))
	if t.busy || t.done || now.Before(t.next) {
		return nil
	}
	t.busy = true
	return []Effect{e}
}

func (j *job) try(b boxID) *try {
	if j.run.boxes == nil {
		j.run.boxes = map[boxID]*try{}
	}
	if j.run.boxes[b] == nil {
		j.run.boxes[b] = &try{}
	}
	return j.run.boxes[b]
}

// beginMessage sends a message to direct mailboxes or to all relays of the
// other side.
func (c *Core) beginMessage(j *job, now time.Time) ([]Effect, error) {
	r, ok := c.o.People.Relation(j.To)
	if !ok || len(r.Out) == 0 {
		c.o.Log.Debug("dropped a message to nobody", "relation", short(j.To[:]), "kind", int(j.Kind))
		return c.finish(j)
	}
	if j.run.direct == directNot {
		effects, err := c.beginDirect(j, r, now)
		if err != nil || len(effects) != 0 {
			return effects, err
		}
		j.run.direct = directOver
	}
	if j.run.direct == directBusy && now.Before(j.run.relays) {
		return nil, nil
	}
	j.run.direct = directOver
	c.leave(j, r.Out)
	var effects []Effect
	for _, m := range r.Out {
		t := j.try(c.boxOf(m))
		if t.busy || t.done || now.Before(t.next) {
			continue
		}
		p, err := c.seal(r, m, j)
		if err != nil {
			return nil, err
		}
		t.busy, t.context = true, p.context
		effects = append(effects, p.Put)
	}
	return effects, nil
}

// leave forgets queues that are the other side's no more.
func (c *Core) leave(j *job, out []seal.Mailbox) {
	for box, t := range j.run.boxes {
		if !t.busy && !slices.ContainsFunc(out, func(m seal.Mailbox) bool { return c.boxOf(m) == box }) {
			delete(j.run.boxes, box)
		}
	}
}

// Done takes what became of a Put, Create, Lock or Delete of this job: m is its
// queue, direct whether it was to a direct mailbox.
func (c *Core) Done(n Job, m seal.Mailbox, direct *seal.Place, o Outcome) ([]Effect, error) {
	j := c.jobs[n]
	if j == nil {
		return c.end(nil, nil)
	}
	if direct != nil {
		return c.endLater(c.doneDirect(j, m, *direct, o))
	}
	t := j.try(c.boxOf(m))
	if !t.busy {
		return c.end(nil, nil) // of an attempt that does not count any more
	}
	t.busy = false
	first := !j.run.tried
	j.run.tried = true
	if o.Accepted {
		t.done, t.refused = true, false
		return c.endLater(c.accepted(j, t.context))
	}
	t.attempts++
	wait := min(backOff<<min(t.attempts-1, 12), longest)
	if t.refused = o.Refused; o.Refused {
		wait = min(backOff<<min(t.attempts-1, 12), longestRefused)
	}
	t.next = c.now().Add(max(wait, o.Wait))
	if first {
		return c.endLater(c.follow(n))
	}
	return c.endLater(nil, nil)
}

// accepted ends a job that a mailbox keeps now, or holds it until its context is
// acknowledged.
func (c *Core) accepted(j *job, in seal.ContextID) ([]Effect, error) {
	var effects []Effect
	for _, ref := range j.run.acks {
		effects = append(effects, Ack{ref})
	}
	j.run.acks = nil
	var more []Effect
	var err error
	if j.Kind == 0 || j.Kind == seal.Unknown || c.acked(j.To, in) {
		more, err = c.finish(j)
	} else {
		first := len(j.Kept) == 0
		j.Kept = append(j.Kept, in)
		if err = c.lazily(func() error { return c.keep(j.key(), j) }); err == nil && first {
			more, err = c.follow(j.Number)
		}
	}
	return append(effects, more...), err
}

// acked reports whether all devices of the other side can open a context.
func (c *Core) acked(r seal.RelationID, id seal.ContextID) bool {
	for _, s := range c.sends[r] {
		if s.Context.ID == id {
			return s.Acked
		}
	}
	return false
}

// Hurry tries everything again at once: the network has changed.
func (c *Core) Hurry() ([]Effect, error) {
	clear(c.dead)
	for _, j := range c.jobs {
		for _, t := range j.run.boxes {
			t.next = time.Time{}
		}
	}
	return c.end(c.begin(c.sorted()...))
}

// Reachable says that a relay answers again: what waits for it goes at once.
func (c *Core) Reachable(relay string) ([]Effect, error) {
	for _, j := range c.jobs {
		for _, m := range c.mailboxes(j) {
			if m.Relay == relay {
				j.try(c.boxOf(m)).next = time.Time{}
			}
		}
	}
	return c.end(c.begin(c.sorted()...))
}

func (c *Core) mailboxes(j *job) []seal.Mailbox {
	switch {
	case j.Create != nil:
		return []seal.Mailbox{j.Create.Mailbox}
	case j.Lock != nil:
		return []seal.Mailbox{j.Lock.Mailbox}
	case j.Delete != nil:
		return []seal.Mailbox{*j.Delete}
	case j.Raw != nil:
		return []seal.Mailbox{j.Raw.Mailbox}
	}
	r, _ := c.o.People.Relation(j.To)
	return r.Out
}

// move hands what waits for a relation to the one that followed it.

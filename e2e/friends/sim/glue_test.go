package sim

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/kith-web/kith/internal/exchange"
	"github.com/kith-web/kith/internal/person"
	"github.com/kith-web/kith/internal/seal"
	"github.com/kith-web/kith/internal/sharing/joint"
)

// join puts the parts together as a node does, but for its goroutines: what those
// do follows when an event is over (refresh).
func (d *device) join() {
	d.joint = &joint.Joint{
		Person: d.person, Library: d.library, Copies: d.copies,
		Note: func(e person.Effects) {
			d.gone = append(d.gone, e.Gone...)
			d.stale = true
		},
		Look: func() { d.stale = true },
		News: func(friend seal.RelationID, passed bool) {
			if !passed && !slices.Contains(d.news, friend) {
				d.news = append(d.news, friend)
			}
		},
	}
}

// counted are the parts, with every message that they are given counted: none is to
// be given twice, unless the device died of it.
type counted struct {
	exchange.People
	d *device
}

func (c counted) Handle(from seal.RelationID, m seal.Message) (seal.Effects, error) {
	c.d.applies(from, m)
	return c.People.Handle(from, m)
}

type handler struct{ d *device }

func (h handler) Handle(from seal.RelationID, m seal.Message) ([]seal.Outgoing, error) {
	h.d.applies(from, m)
	return h.d.joint.Handle(from, m)
}

// applies counts a message.
func (d *device) applies(from seal.RelationID, m seal.Message) {
	d.w.count["messages"]++
	if d.handled[m.ID]++; d.handled[m.ID] > 1 {
		d.w.t.Errorf("%s was given message %x of kind %d of %x %d times", d.name, m.ID[:4], m.Kind, from[:4], d.handled[m.ID])
	}
	d.now = append(d.now, m.ID)
}

// do carries out what the person wants done.
func (d *device) do(e person.Effects, err error) {
	d.w.t.Helper()
	if err != nil {
		d.w.t.Fatalf("%s: %v", d.name, err)
	}
	d.joint.Note(e)
	d.effects(d.core.Apply(e.Effects))
}

func (d *device) stable(r seal.RelationID) seal.RelationID { return d.joint.Stable(r) }

func (d *device) current(id seal.RelationID) seal.RelationID { return d.joint.Current(id) }

func (d *device) send(out []seal.Outgoing) {
	if len(out) > 0 {
		d.effects(d.core.Send(d.joint.Addressed(out)...))
	}
}

// effects does what the exchange wants done, or some of it.
func (d *device) effects(effects []exchange.Effect, err error) {
	d.w.t.Helper()
	if err != nil {
		d.w.t.Fatalf("%s: %v", d.name, err)
	}
	for _, e := range effects {
		if d.w.chance(d.w.faults.crash) {
			panic(killed{})
		}
		d.effect(e)
	}
}

func (d *device) effect(e exchange.Effect) {
	switch e := e.(type) {
	case exchange.Put:
		d.atRelay(e.Job, e.Mailbox, e.Place, func(r *relay) bool { return r.put(e) })
	case exchange.Create:
		d.atRelay(e.Job, e.Queue.Mailbox, nil, func(r *relay) bool {
			defer d.relisten()
			return r.create(e.Queue)
		})
	case exchange.Lock:
		d.atRelay(e.Job, e.Queue.Mailbox, nil, func(r *relay) bool { return r.takenOver(e.Queue.Mailbox) })
	case exchange.Delete:
		d.atRelay(e.Job, e.Mailbox, nil, func(r *relay) bool {
			delete(r.queues, string(e.Mailbox.Sender))
			return true
		})
	case exchange.Ack:
		if h := d.refs[e.Ref]; h != nil {
			h.gone = true
		}
		delete(d.refs, e.Ref)
	case exchange.Back:
		if h := d.refs[e.Ref]; h != nil {
			r := d.w.relay(h.of.box.Relay)
			h.until, h.notFor[d] = d.w.now, d.w.now.Add(e.Wait)
			d.w.later(0, func() { r.offer(h.of) })
			d.w.later(e.Wait, func() { r.offer(h.of) })
		}
	case exchange.Serve:
		d.serve(e)
	case exchange.Arrived:
		d.arrived(e.ID)
	case exchange.Listen:
		d.w.later(0, d.relisten)
	}
}

// atRelay asks a relay for something and tells the exchange what came of it.
func (d *device) atRelay(job exchange.Job, m seal.Mailbox, at *seal.Place, f func(*relay) bool) {
	gen, r := d.gen, d.w.relay(m.Relay)
	lost, unsure := d.w.chance(d.w.faults.lose), d.w.chance(d.w.faults.unsure)
	d.w.later(d.w.someTime(), func() {
		ok := !lost && !r.down && d.gen == gen && f(r)
		if d.gen == gen {
			d.act(func() { d.effects(d.core.Done(job, m, at, exchange.Outcome{Accepted: ok && !unsure})) })
		}
	})
}

func (d *device) deliver(in seal.Inbox, h *held, body []byte) {
	gen := d.gen
	d.ref++
	ref := d.ref
	if h != nil {
		d.refs[ref] = h
	}
	d.w.later(d.w.someTime(), func() {
		if d.gen == gen && !d.off {
			d.act(func() {
				d.effects(d.core.Deliver(exchange.Delivery{Ref: ref, Inbox: in, Body: bytes.Clone(body)}), nil)
			})
		}
	})
}

// relisten subscribes to what the person listens to now.
func (d *device) relisten() {
	for key, in := range d.subs {
		d.w.relay(in.Mailbox.Relay).leave(d, in)
		delete(d.subs, key)
	}
	if d.off || d.library == nil {
		return
	}
	d.subs = map[string]seal.Inbox{}
	inboxes := d.person.Inboxes()
	for _, in := range inboxes {
		d.subs[in.Mailbox.Relay+string(in.Mailbox.Sender)] = in
	}
	for _, in := range inboxes {
		d.w.relay(in.Mailbox.Relay).listen(d, in)
	}
}

// serve answers, and sees who is told what.
func (d *device) serve(e exchange.Serve) {
	gen := d.gen
	d.w.later(d.w.someTime(), func() {
		if d.gen != gen || d.off {
			return
		}
		d.act(func() {
			reply, err := d.joint.Answer(d.w.t.Context(), e.From, e.Kind, e.Request)
			if err != nil {
				d.effects(d.core.Decline(e.Token))
				return
			}
			r := seal.Response{Status: reply.Status, Header: reply.Header}
			if reply.Body != nil {
				r.Body, err = io.ReadAll(reply.Body)
				d.w.must(errors.Join(err, reply.Body.Close()))
			}
			if e.Kind == seal.Friend {
				d.watch(d.stable(e.From), e.Request, r)
			}
			d.effects(d.core.Answered(e.Token, r))
		})
	})
}

// asker asks by the question that is open, or by a new one whose answer comes
// later.
type asker struct {
	d      *device
	friend bool
}

var errPending = errors.New("nobody has answered yet")

func (a asker) Ask(_ context.Context, to seal.RelationID, q seal.Request) (*seal.Reply, error) {
	d := a.d
	relation := d.current(to)
	if len(q.Header) == 0 {
		q.Header = nil
	}
	for _, open := range d.core.AllAsked() {
		if open.To != relation || open.Request.Path != q.Path {
			continue
		}
		if open.Response == nil {
			return nil, errPending
		}
		d.w.must(d.core.Cancel(open.ID))
		r := open.Response
		return &seal.Reply{Status: r.Status, Header: r.Header, Body: io.NopCloser(bytes.NewReader(r.Body)), Size: int64(len(r.Body))}, nil
	}
	id, effects, err := d.core.Ask(relation, q, 0)
	if err != nil {
		return nil, err
	}
	if a.friend {
		d.w.asked = append(d.w.asked, &question{d: d, id: id, path: q.Path, to: to, at: d.w.now})
	}
	d.effects(effects, nil)
	return nil, errPending
}

// arrived takes an answer: a friend's document among copies, a body of an own
// device into the library.
func (d *device) arrived(id seal.MessageID) {
	a, err := d.core.Asked(id)
	if err != nil || a.Response == nil {
		return
	}
	r, ok := d.person.Relation(a.To)
	if !ok || r.Kind != seal.Friend {
		d.stale = true
		return
	}
	said, err := seal.Marshal(a.Response)
	d.w.must(err)
	for _, q := range d.w.asked {
		// After a crash the one answer is taken again.
		if q.id == id && q.d == d && !bytes.Equal(q.said, said) {
			q.answers++
			q.said, q.status = said, a.Response.Status
		}
	}
	_, body, err := d.copies.Get(d.w.t.Context(), asker{d, true}, d.stable(a.To), strings.TrimPrefix(a.Request.Path, "/"), true)
	if err == nil {
		d.w.must(body.Close())
	}
}

func isContent(status int) bool {
	return status == http.StatusOK || status == http.StatusPartialContent
}

package sim

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/kith-web/kith/internal/exchange"
	"github.com/kith-web/kith/internal/library"
	"github.com/kith-web/kith/internal/library/copies"
	"github.com/kith-web/kith/internal/person"
	"github.com/kith-web/kith/internal/seal"
)

// What internal/sharing does between person, library and exchange, without its
// goroutines.

type records struct{ library.Records }

func (r records) Each(prefix string, f func(string, []byte) error) error {
	return r.Records.Each(prefix, func(key string, value []byte) error {
		if library.OwnRecord(key) {
			return nil
		}
		return f(key, value)
	})
}

type people struct{ d *device }

func (p people) Relation(id seal.RelationID) (seal.Relation, bool) { return p.d.person.Relation(id) }
func (p people) Relations() []seal.Relation                        { return p.d.person.Relations() }
func (p people) Inboxes() []seal.Inbox                             { return p.d.person.Inboxes() }

func (p people) Receive(in seal.Inbox, body []byte) (seal.Effects, error) {
	return p.d.noted(p.d.person.Receive(in, body))
}

func (p people) Handle(from seal.RelationID, m seal.Message) (seal.Effects, error) {
	return p.d.noted(p.d.person.Handle(from, m))
}

func (p people) NewEpoch(r seal.RelationID) (seal.Effects, error) {
	return p.d.noted(p.d.person.NewEpoch(r))
}

func (p people) LearnEpoch(r seal.RelationID, public []byte) (seal.Effects, error) {
	return p.d.noted(p.d.person.LearnEpoch(r, public))
}

func (p people) EraseEpoch(r seal.RelationID, e seal.EpochID) (seal.Effects, error) {
	return p.d.noted(p.d.person.EraseEpoch(r, e))
}

func (d *device) noted(e person.Effects, err error) (seal.Effects, error) {
	if err == nil {
		d.gone = append(d.gone, e.Gone...)
		d.stale = true
	}
	return e.Effects, err
}

// do carries out what the person wants done.
func (d *device) do(e person.Effects, err error) {
	d.w.t.Helper()
	if err != nil {
		d.w.t.Fatalf("%s: %v", d.name, err)
	}
	fx, _ := d.noted(e, nil)
	d.effects(d.core.Apply(fx))
}

func (d *device) stable(r seal.RelationID) seal.RelationID {
	if id, ok := d.person.Stable(r); ok {
		return seal.RelationID(id)
	}
	return r
}

func (d *device) current(id seal.RelationID) seal.RelationID {
	if r, ok := d.person.Current(person.FriendID(id)); ok {
		return r
	}
	return id
}

func (d *device) addressed(out []seal.Outgoing) []seal.Outgoing {
	for i := range out {
		out[i].To = d.current(out[i].To)
	}
	return out
}

func (d *device) send(out []seal.Outgoing) {
	if len(out) > 0 {
		d.effects(d.core.Send(d.addressed(out)...))
	}
}

type handler struct{ d *device }

func (h handler) Handle(from seal.RelationID, m seal.Message) (out []seal.Outgoing, err error) {
	d := h.d
	d.handled[m.ID]++
	d.w.count["messages"]++
	switch m.Kind {
	case seal.Changed, seal.Purge:
		out, err = d.copied(from, m)
	default:
		out, err = d.library.Handle(d.stable(from), m)
	}
	d.stale = true
	return d.addressed(out), err
}

func (d *device) copied(from seal.RelationID, m seal.Message) ([]seal.Outgoing, error) {
	if _, own := d.person.DeviceOf(from); own {
		return nil, d.copies.PassedOn(m)
	}
	friend := d.stable(from)
	out, err := d.copies.Handle(friend, m)
	if err != nil || m.Kind != seal.Purge {
		return out, err
	}
	var own []seal.RelationID
	for _, r := range d.person.Relations() {
		if r.Kind == seal.OwnDevice {
			own = append(own, r.ID)
		}
	}
	more, err := copies.PassOn(friend, m, own)
	return append(out, more...), err
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
			reply, err := d.library.Answer(d.w.t.Context(), d.stable(e.From), e.Kind, e.Request)
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

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
	e, err := c.People.Handle(from, m)
	c.d.applies(from, m, err)
	return e, err
}

type handler struct{ d *device }

func (h handler) Handle(from seal.RelationID, m seal.Message) ([]seal.Outgoing, error) {
	out, err := h.d.joint.Handle(from, m)
	h.d.applies(from, m, err)
	return out, err
}

// applies counts a message that was taken.
func (d *device) applies(from seal.RelationID, m seal.Message, err error) {
	if err != nil {
		return
	}
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
		d.atRelay(e.Job, e.Mailbox, e.Place, func(r *relay) bool {
			if e.Place != nil {
				return r.putDirect(e)
			}
			return r.put(e)
		})
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
			r := h.of.at
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
	gen, r := d.gen, d.w.at(m, at)
	lost, unsure := d.w.chance(d.w.faults.lose), d.w.chance(d.w.faults.unsure)
	d.w.later(d.w.someTime(), func() {
		heard := !lost && !r.down && d.gen == gen
		ok := heard && f(r)
		if d.gen == gen {
			o := exchange.Outcome{Accepted: ok && !unsure, Refused: heard && !ok}
			d.act(func() { d.effects(d.core.Done(job, m, at, o)) })
		}
	})
}

func (d *device) deliver(in seal.Inbox, h *held, body []byte) {
	gen := d.gen
	d.ref++
	ref, direct := d.ref, h != nil && h.of.at == d.box
	if h != nil {
		d.refs[ref] = h
	}
	d.w.later(d.w.someTime(), func() {
		if d.gen == gen && !d.off {
			d.act(func() {
				d.effects(d.core.Deliver(exchange.Delivery{Ref: ref, Inbox: in, Body: bytes.Clone(body), Direct: direct}), nil)
			})
		}
	})
}

// relisten subscribes to what the person listens to now.
func (d *device) relisten() {
	for key, in := range d.subs {
		d.w.relay(in.Mailbox.Relay).leave(d, in)
		d.box.leave(d, in)
		delete(d.subs, key)
	}
	if d.off || d.library == nil {
		return
	}
	d.subs = map[string]seal.Inbox{}
	inboxes := d.person.Inboxes()
	for _, in := range inboxes {
		d.subs[in.Mailbox.Relay+string(in.Mailbox.Sender)] = in
		d.subs[d.box.url+string(in.Mailbox.Sender)] = in
	}
	for _, in := range inboxes {
		d.w.relay(in.Mailbox.Relay).listen(d, in)
		d.box.listen(d, in)
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
			if len(r.Body) > seal.MaxInline {
				if r.Chunks = d.cut(e.From, r.Body); r.Chunks == nil {
					d.effects(d.core.Decline(e.Token))
					return
				}
				r.Body = nil
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
	for _, open := range d.core.AllAsked() {
		if open.To != relation || !joint.SameRequest(open.Request, q) {
			continue
		}
		if open.Response == nil {
			return nil, errPending
		}
		r := open.Response
		reply := &seal.Reply{Status: r.Status, Header: r.Header, Body: &taken{d: d, id: open.ID, part: bytes.NewReader(r.Body)}, Size: int64(len(r.Body))}
		if r.Chunks != nil {
			reply.Body, reply.Size = &taken{d: d, id: open.ID, chunks: r.Chunks, part: bytes.NewReader(nil)}, r.Chunks.Size
		}
		return reply, nil
	}
	id, effects, err := d.core.Ask(relation, q, 0)
	if err != nil {
		return nil, err
	}
	if a.friend {
		d.w.asked = append(d.w.asked, &question{d: d, id: id, path: q.Path, to: to, of: d.whose(to), at: d.w.now})
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

// cut puts a large body where the asker can fetch it; nil when no relay takes it.
func (d *device) cut(from seal.RelationID, body []byte) *seal.Chunks {
	w := d.w
	r, ok := d.person.Relation(from)
	if !ok {
		return nil
	}
	key, err := seal.NewSeed(w.octets)
	w.must(err)
	size := seal.ChunkSize(int64(len(body)))
	c := &seal.Chunks{Key: key, Size: int64(len(body)), Each: int64(size)}
	for part := range slices.Chunk(body, seal.ChunkRoom(size)) {
		sealed, err := seal.SealChunk(key, uint64(len(c.At)), part, size)
		w.must(err)
		kept := slices.ContainsFunc(r.Out, func(m seal.Mailbox) bool {
			ref, err := seal.NewChunkRef(w.octets, m.Relay)
			w.must(err)
			if !w.relay(m.Relay).keep(ref, sealed) {
				return false
			}
			c.At = append(c.At, ref)
			return true
		})
		if !kept {
			return nil
		}
	}
	w.count["chunked"]++
	return c
}

// taken is the body of an answer, which is forgotten when it is closed.
type taken struct {
	d      *device
	id     seal.MessageID
	chunks *seal.Chunks
	next   int
	part   *bytes.Reader
}

func (t *taken) Read(p []byte) (int, error) {
	for t.part.Len() == 0 {
		if t.chunks == nil || t.next == len(t.chunks.At) {
			return 0, io.EOF
		}
		ref := t.chunks.At[t.next]
		sealed, ok := t.d.w.relay(ref.Relay).fetch(ref)
		if !ok {
			return 0, errors.New("a chunk is not to be had")
		}
		plain, err := t.chunks.OpenChunk(uint64(t.next), sealed)
		if err != nil {
			return 0, err
		}
		t.next, t.part = t.next+1, bytes.NewReader(plain)
	}
	return t.part.Read(p)
}

func (t *taken) Close() error {
	if _, err := t.d.core.Asked(t.id); err != nil {
		return nil
	}
	return t.d.core.Cancel(t.id)
}

func isContent(status int) bool {
	return status == http.StatusOK || status == http.StatusPartialContent
}

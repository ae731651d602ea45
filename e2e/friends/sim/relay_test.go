package sim

import (
	"bytes"
	"slices"
	"time"

	"github.com/kith-web/kith/internal/exchange"
	"github.com/kith-web/kith/internal/seal"
)

// relay keeps queues as spec/mailbox.md says, unless it lies.
type relay struct {
	w         *world
	url       string
	lies      bool
	down      bool
	queues    map[string]*queue // by the recipient's and the first sender's seed
	listeners map[string][]*device
	history   [][]byte // what it was given, for one that lies
	of        *device  // whose own mailbox this is; nil for a relay
	chunks    map[string]chunk
}

// chunk is part of a large body.
type chunk struct {
	body []byte
	ends time.Time
}

// keepsChunks is how long a chunk is kept.
const keepsChunks = 48 * time.Hour

// keep takes a chunk, unless the relay is away.
func (r *relay) keep(ref seal.ChunkRef, body []byte) bool {
	if r.down || r.w.chance(r.w.faults.lose) {
		return false
	}
	if r.lies && r.w.chance(r.w.faults.drop) {
		return true
	}
	if r.chunks == nil {
		r.chunks = map[string]chunk{}
	}
	r.chunks[string(ref.ID)] = chunk{body, r.w.now.Add(keepsChunks)}
	return true
}

// fetch gives a chunk back.
func (r *relay) fetch(ref seal.ChunkRef) ([]byte, bool) {
	c, ok := r.chunks[string(ref.ID)]
	return c.body, ok && !r.down && !c.ends.Before(r.w.now)
}

const (
	lease       = 30 * time.Second
	mostHistory = 512
)

type queue struct {
	at   *relay
	box  seal.Mailbox
	lock []byte
	days time.Duration
	held []*held
}

type held struct {
	of     *queue
	id     seal.MessageID
	body   []byte
	by     *device
	gen    int
	until  time.Time // of the lease
	ends   time.Time
	notFor map[*device]time.Time
	gone   bool
}

const day = 24 * time.Hour

func (w *world) relay(url string) *relay {
	for _, r := range w.relays {
		if r.url == url {
			return r
		}
	}
	w.t.Fatalf("nobody runs %s", url)
	return nil
}

func (r *relay) create(q seal.NewQueue) bool {
	key := string(q.Mailbox.Sender)
	if old := r.queues[key]; old != nil {
		return bytes.Equal(old.box.Recipient, q.Mailbox.Recipient)
	}
	days := time.Duration(q.Days) * day
	if days == 0 {
		days = 7 * day
	}
	r.queues[key] = &queue{at: r, box: q.Mailbox, days: days}
	return true
}

// putDirect is a PUT to a device's own mailbox, which has the queues that the device
// listens to.
func (r *relay) putDirect(e exchange.Put) bool {
	d := r.of
	if d.off || !d.open || d.library == nil {
		return false
	}
	for _, in := range d.person.Inboxes() {
		if in.Relation != (seal.RelationID{}) && bytes.Equal(in.Mailbox.Sender, e.Mailbox.Sender) {
			r.create(seal.NewQueue{Mailbox: in.Mailbox})
			r.w.count["direct"]++
			return r.put(exchange.Put{Mailbox: seal.Mailbox{Sender: e.Mailbox.Sender}, ID: e.ID, Days: e.Days, Body: e.Body})
		}
	}
	return false
}

// takenOver locks a queue; the key in force has to be known.
func (r *relay) takenOver(m seal.Mailbox) bool {
	q := r.queues[string(m.Sender)]
	if q == nil || q.lock != nil && !bytes.Equal(q.lock, m.Lock) {
		return false
	}
	q.lock = m.Lock
	return true
}

func (r *relay) put(e exchange.Put) bool {
	q := r.queues[string(e.Mailbox.Sender)]
	if q == nil || !bytes.Equal(q.lock, e.Mailbox.Lock) {
		return false
	}
	if r.lies && r.w.chance(r.w.faults.drop) {
		return true
	}
	if slices.ContainsFunc(q.held, func(h *held) bool { return h.id == e.ID && !h.gone }) {
		return true
	}
	days := q.days
	if d := time.Duration(e.Days) * day; d > 0 && d < days {
		days = d
	}
	q.held = append(q.held, &held{of: q, id: e.ID, body: e.Body, ends: r.w.now.Add(days), notFor: map[*device]time.Time{}})
	if r.lies {
		if r.history = append(r.history, e.Body); len(r.history) > mostHistory {
			r.history = r.history[1:]
		}
		r.replay(q)
	}
	r.offer(q)
	return true
}

// offer leases what waits to those who listen.
func (r *relay) offer(q *queue) {
	q.held = slices.DeleteFunc(q.held, func(h *held) bool { return h.gone || h.ends.Before(r.w.now) })
	to := r.listeners[string(q.box.Sender)]
	if r.down || len(to) == 0 {
		return
	}
	for _, h := range q.held {
		if h.by != nil && r.w.now.Before(h.until) && h.by.gen == h.gen && !h.by.off {
			continue
		}
		from := r.w.rand.IntN(len(to))
		for i := range to {
			d := to[(from+i)%len(to)]
			if in, ok := d.subs[r.url+string(q.box.Sender)]; ok && !d.off && !r.w.now.Before(h.notFor[d]) {
				h.by, h.gen, h.until = d, d.gen, r.w.now.Add(lease)
				d.deliver(in, h, h.body)
				r.w.later(lease, func() {
					if !h.gone && !r.w.now.Before(h.until) {
						r.offer(q)
					}
				})
				break
			}
		}
	}
}

// replay delivers what there was before, or what is of another queue.
func (r *relay) replay(q *queue) {
	to := r.listeners[string(q.box.Sender)]
	if len(to) == 0 || !r.w.chance(r.w.faults.replay) {
		return
	}
	d := pick(r.w, to)
	if in, ok := d.subs[r.url+string(q.box.Sender)]; ok && !d.off {
		d.deliver(in, nil, pick(r.w, r.history))
	}
}

// listen has d hear of the queue of an inbox.
func (r *relay) listen(d *device, in seal.Inbox) {
	key := string(in.Mailbox.Sender)
	if !slices.Contains(r.listeners[key], d) {
		r.listeners[key] = append(r.listeners[key], d)
	}
	if q := r.queues[key]; q != nil {
		r.offer(q)
	}
}

func (r *relay) leave(d *device, in seal.Inbox) {
	key := string(in.Mailbox.Sender)
	r.listeners[key] = slices.DeleteFunc(r.listeners[key], func(x *device) bool { return x == d })
}

// back is up again, and offers everything.
func (r *relay) back() {
	r.down = false
	for _, d := range r.w.devices {
		d.relisten()
	}
}

package exchange_test

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/exchange"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// world is a simulation: devices, relays and a network between them, all driven by
// one seed and a clock of its own.
type world struct {
	t       testing.TB
	rand    *rand.Rand
	octets  *rand.ChaCha8
	now     time.Time
	events  []event
	order   uint64
	devices []*device
	relays  map[string]*simRelay
	net     network
	steps   int
}

type event struct {
	at    time.Time
	order uint64
	do    func()
}

// network is how bad things are: probabilities of what may happen to each PUT and
// each delivery.
type network struct {
	lose      float64 // a PUT does not arrive
	unsure    float64 // a PUT arrives and nobody is told
	duplicate float64 // a relay delivers what it delivered before
	delay     time.Duration
}

func newWorld(t testing.TB, seed uint64, n network) *world {
	var key [32]byte
	key[0] = byte(seed)
	key[1] = byte(seed >> 8)
	return &world{
		t: t, rand: rand.New(rand.NewPCG(seed, 1)), octets: rand.NewChaCha8(key),
		now: time.UnixMilli(1_790_000_000_000), relays: map[string]*simRelay{}, net: n,
	}
}

func (w *world) chance(p float64) bool { return w.rand.Float64() < p }

func (w *world) later(d time.Duration, do func()) {
	w.order++
	w.events = append(w.events, event{w.now.Add(d), w.order, do})
}

func (w *world) someTime() time.Duration {
	return time.Millisecond + time.Duration(w.rand.Int64N(int64(w.net.delay)+1))
}

// run lets d pass.
func (w *world) run(d time.Duration) {
	until := w.now.Add(d)
	for {
		for _, dev := range w.devices {
			dev.schedule()
		}
		slices.SortFunc(w.events, func(a, b event) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.order, b.order)) })
		if len(w.events) == 0 || w.events[0].at.After(until) {
			w.now = until
			return
		}
		e := w.events[0]
		w.events = w.events[1:]
		if e.at.After(w.now) {
			w.now = e.at
		}
		if w.steps++; w.steps > 2_000_000 {
			w.t.Fatal("the simulation does not come to rest")
		}
		e.do()
	}
}

// simRelay keeps queues. Leases are given back when a device restarts.
type simRelay struct {
	w      *world
	url    string
	queues map[string]*queue // by the sender's seed
	down   bool
	empty  bool // has no queue any more, and makes none
	tries  int  // of PUTs while it was
}

type queue struct {
	held    []*held
	history [][]byte
	puts    int
}

type held struct {
	id     seal.MessageID
	body   []byte
	by     *device // who leases it
	gen    int
	until  time.Time
	notFor map[*device]time.Time
	gone   bool
}

func (w *world) relay(url string) *simRelay {
	if w.relays[url] == nil {
		w.relays[url] = &simRelay{w: w, url: url, queues: map[string]*queue{}}
	}
	return w.relays[url]
}

func (r *simRelay) put(m seal.Mailbox, id seal.MessageID, body []byte) {
	q := r.queues[string(m.Sender)]
	if q == nil {
		q = &queue{}
		r.queues[string(m.Sender)] = q
	}
	q.puts++
	for _, h := range q.held {
		if h.id == id && !h.gone {
			return
		}
	}
	q.held = append(q.held, &held{id: id, body: body, notFor: map[*device]time.Time{}})
	q.history = append(q.history, body)
	r.w.offerAll()
}

// offerAll offers what waits to devices that listen.
func (w *world) offerAll() { w.later(0, func() { w.offer() }) }

func (w *world) offer() {
	for _, url := range slices.Sorted(maps.Keys(w.relays)) {
		r := w.relays[url]
		if r.down {
			continue
		}
		for _, d := range w.devices {
			if d.off {
				continue
			}
			for _, in := range d.people.Inboxes() {
				if in.Mailbox.Relay == url && r.queues[string(in.Mailbox.Sender)] != nil {
					r.offerTo(d, in, r.queues[string(in.Mailbox.Sender)])
				}
			}
		}
	}
}

func (r *simRelay) offerTo(d *device, in seal.Inbox, q *queue) {
	q.held = slices.DeleteFunc(q.held, func(h *held) bool { return h.gone })
	for _, h := range q.held {
		if h.by != nil && r.w.now.Before(h.until) && h.by.gen == h.gen && !h.by.off || r.w.now.Before(h.notFor[d]) {
			continue
		}
		h.by, h.gen, h.until = d, d.gen, r.w.now.Add(30*time.Second)
		d.deliver(in, h, h.body)
	}
	if len(q.history) > 0 && r.w.chance(r.w.net.duplicate) {
		d.deliver(in, nil, q.history[r.w.rand.IntN(len(q.history))])
	}
}

// device is a Core, what it keeps, and its network.
type device struct {
	w       *world
	name    string
	person  *person
	people  *people
	core    *exchange.Core
	local   *local
	handled map[seal.MessageID]int
	skew    time.Duration
	off     bool
	gen     int // grows with each start
	refs    map[exchange.Ref]*held
	ref     exchange.Ref
	tick    time.Time
	answer  func(exchange.Serve) *seal.Response
	asked   map[seal.MessageID]bool
	serves  int
	tune    func(*exchange.Options)
}

func (w *world) device(p *person, name string) *device {
	d := &device{
		w: w, name: name, person: p, local: newLocal(), handled: map[seal.MessageID]int{},
		asked: map[seal.MessageID]bool{},
	}
	d.people = &people{person: p, d: d, arrived: map[string]int{}}
	d.answer = func(s exchange.Serve) *seal.Response {
		return &seal.Response{Status: 200, Body: []byte(s.Request.Path + " by " + d.name)}
	}
	w.devices = append(w.devices, d)
	p.devices = append(p.devices, d)
	d.start()
	return d
}

func (d *device) start() {
	o := exchange.Options{
		People: d.people, Handler: d, Local: d.local, Rand: d.w.octets,
		Now: func() time.Time { return d.w.now.Add(d.skew) },
	}
	if d.tune != nil {
		d.tune(&o)
	}
	core, err := exchange.New(o)
	if err != nil {
		d.w.t.Fatal(err)
	}
	d.core, d.refs, d.tick = core, map[exchange.Ref]*held{}, time.Time{}
	d.gen++
}

// killed is the panic of a store that dies at a step.
type killed struct{}

// restart is kill -9 and a new start.
func (d *device) restart() {
	d.start()
	d.do(func() ([]exchange.Effect, error) { return d.core.Tick() })
	d.w.offerAll()
}

// do runs f and its effects; when the store dies on the way, the device restarts.
func (d *device) do(f func() ([]exchange.Effect, error)) (alive bool) {
	gen := d.gen
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(killed); !ok {
				panic(r)
			}
			if gen == d.gen {
				d.restart()
			}
		}
	}()
	effects, err := f()
	if err != nil {
		d.w.t.Fatalf("%s: %v", d.name, err)
	}
	for _, e := range effects {
		d.effect(e)
	}
	return true
}

func (d *device) schedule() {
	next := d.core.Next().Add(-d.skew)
	if d.off || d.tick.Equal(next) {
		return
	}
	d.tick = next
	gen := d.gen
	d.w.later(max(next.Sub(d.w.now), time.Millisecond), func() {
		if d.gen == gen && !d.off && d.tick.Equal(next) {
			d.tick = time.Time{}
			d.do(func() ([]exchange.Effect, error) { return d.core.Tick() })
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
		if d.gen != gen || d.off {
			return
		}
		d.do(func() ([]exchange.Effect, error) {
			return d.core.Deliver(exchange.Delivery{Ref: ref, Inbox: in, Body: bytes.Clone(body)}), nil
		})
	})
}

func (d *device) effect(e exchange.Effect) {
	switch e := e.(type) {
	case exchange.Put:
		d.put(e)
	case exchange.Ack:
		if h := d.refs[e.Ref]; h != nil {
			h.gone = true
		}
	case exchange.Back:
		if h := d.refs[e.Ref]; h != nil {
			h.by, h.notFor[d] = nil, d.w.now.Add(e.Wait)
			d.w.offerAll()
			d.w.later(e.Wait, d.w.offer)
		}
	case exchange.Serve:
		d.serve(e)
	case exchange.Arrived:
		d.asked[e.ID] = true
	case exchange.Create:
		d.do(func() ([]exchange.Effect, error) {
			return d.core.Done(e.Job, e.Queue.Mailbox, nil, exchange.Outcome{Accepted: true})
		})
	case exchange.Listen:
		d.w.offerAll()
	}
}

func (d *device) serve(e exchange.Serve) {
	d.serves++
	gen := d.gen
	d.w.later(d.w.someTime(), func() {
		if d.gen != gen {
			return
		}
		d.do(func() ([]exchange.Effect, error) {
			if a := d.answer(e); a != nil {
				return d.core.Answered(e.Token, *a)
			}
			return d.core.Decline(e.Token)
		})
	})
}

func (d *device) put(e exchange.Put) {
	gen, r := d.gen, d.w.relay(e.Mailbox.Relay)
	lost, unsure := d.w.chance(d.w.net.lose), d.w.chance(d.w.net.unsure)
	d.w.later(d.w.someTime(), func() {
		ok := !lost && !d.off && !r.down && !r.empty && d.gen == gen
		if r.empty {
			r.tries++
		}
		if ok {
			r.put(e.Mailbox, e.ID, e.Body)
		}
		if d.gen != gen {
			return
		}
		d.do(func() ([]exchange.Effect, error) {
			return d.core.Done(e.Job, e.Mailbox, e.Place, exchange.Outcome{Accepted: ok && !unsure, Refused: r.empty && !lost})
		})
	})
}

// Handle is the library's part: it notes what came.
func (d *device) Handle(from seal.RelationID, m seal.Message) ([]seal.Outgoing, error) {
	d.handled[m.ID]++
	if m.Kind == seal.Purge {
		var p seal.PurgeBody
		if err := m.Decode(&p); err != nil {
			return nil, err
		}
		return []seal.Outgoing{{To: from, Kind: seal.Purged, Body: seal.PurgedBody{ID: p.ID}}}, nil
	}
	return nil, nil
}

func (d *device) send(out ...seal.Outgoing) {
	if !d.do(func() ([]exchange.Effect, error) { return d.core.Send(out...) }) {
		d.send(out...) // the caller did not hear that it was kept: it says it again
	}
}

func (d *device) ask(to seal.RelationID, path string) seal.MessageID {
	var id seal.MessageID
	for !d.do(func() ([]exchange.Effect, error) {
		var effects []exchange.Effect
		var err error
		id, effects, err = d.core.Ask(to, seal.Request{Method: "GET", Path: path}, 0)
		return effects, err
	}) {
	}
	return id
}

// local is a store whose power may be cut at a step.
type local struct {
	records map[string][]byte
	cut     int // dies at this write; zero never
	after   bool
	writes  int
}

func newLocal() *local { return &local{records: map[string][]byte{}} }

func (l *local) Get(key string) ([]byte, error) {
	if v, ok := l.records[key]; ok {
		return v, nil
	}
	return nil, fault.New(fault.NotFound, "no %s", key)
}

func (l *local) Apply(puts map[string][]byte, deletes []string) error {
	l.writes++
	die := l.cut != 0 && l.writes == l.cut
	if die && !l.after {
		panic(killed{})
	}
	for k, v := range puts {
		l.records[k] = bytes.Clone(v)
	}
	for _, k := range deletes {
		delete(l.records, k)
	}
	if die {
		panic(killed{})
	}
	return nil
}

func (l *local) Each(prefix string, f func(string, []byte) error) error {
	for _, k := range slices.Sorted(maps.Keys(l.records)) {
		if strings.HasPrefix(k, prefix) {
			if err := f(k, l.records[k]); err != nil {
				return err
			}
		}
	}
	return nil
}

// person is what all devices of a person know, told to all at once.
type person struct {
	name      string
	relations map[seal.RelationID]*seal.Relation
	devices   []*device
	rand      io.Reader
	out       func() []seal.Outgoing // what NewEpoch wants to tell own devices
	contacts  []seal.Inbox           // queues of invitations
	raw       chan []byte            // what came into them
}

func (w *world) person(name string) *person {
	return &person{name: name, relations: map[seal.RelationID]*seal.Relation{}, rand: w.octets}
}

func (w *world) queues(n int) []seal.Mailbox {
	var q []seal.Mailbox
	for i := range n {
		sender, err := seal.NewSeed(w.octets)
		if err != nil {
			w.t.Fatal(err)
		}
		recipient, err := seal.NewSeed(w.octets)
		if err != nil {
			w.t.Fatal(err)
		}
		q = append(q, seal.Mailbox{Relay: fmt.Sprintf("ws://relay%d", i), Sender: sender, Recipient: recipient})
	}
	return q
}

// befriend makes two persons friends, with queues on so many relays.
func (w *world) befriend(a, b *person, relays int) seal.RelationID {
	must := func(err error) {
		if err != nil {
			w.t.Fatal(err)
		}
	}
	i, private, err := seal.NewInvitation(w.octets, seal.Friend, w.now.Add(time.Hour*24), []string{"ws://relay0"})
	must(err)
	ownA, err := seal.NewOwn(w.octets, w.now, a.name, w.queues(relays))
	must(err)
	ownB, err := seal.NewOwn(w.octets, w.now, b.name, w.queues(relays))
	must(err)
	join, err := seal.MakeJoin(w.octets, w.now, i, ownB)
	must(err)
	joining, err := seal.OpenJoin(i, private, join.Octets)
	must(err)
	welcome, first, err := joining.MakeWelcome(w.octets, w.now, ownA)
	must(err)
	second, err := seal.OpenWelcome(w.now, i, join, ownB, welcome)
	must(err)
	a.relations[first.Relation.ID], b.relations[first.Relation.ID] = &first.Relation, &second.Relation
	return first.Relation.ID
}

// people is a device's view of its person. Relations with own devices are the
// device's alone.
type people struct {
	person  *person
	d       *device
	own     map[seal.RelationID]*seal.Relation
	arrived map[string]int    // by queue: how often the Core said that it is used
	forgot  []seal.RelationID // whose bye has left
}

func (p *people) find(id seal.RelationID) *seal.Relation {
	if r := p.own[id]; r != nil {
		return r
	}
	return p.person.relations[id]
}

func (p *people) Relation(id seal.RelationID) (seal.Relation, bool) {
	if r := p.find(id); r != nil {
		copied := *r
		copied.Epochs = slices.Clone(r.Epochs)
		return copied, true
	}
	return seal.Relation{}, false
}

func (p *people) Relations() []seal.Relation {
	all := maps.Clone(p.person.relations)
	maps.Copy(all, p.own)
	var out []seal.Relation
	for _, id := range slices.SortedFunc(maps.Keys(all), func(a, b seal.RelationID) int { return bytes.Compare(a[:], b[:]) }) {
		r, _ := p.Relation(id)
		out = append(out, r)
	}
	return out
}

func (p *people) Inboxes() []seal.Inbox {
	in := slices.Clone(p.person.contacts)
	for _, r := range p.Relations() {
		for _, m := range r.In {
			in = append(in, seal.Inbox{Mailbox: m, Relation: r.ID})
		}
	}
	return in
}

func (p *people) Receive(in seal.Inbox, body []byte) (seal.Effects, error) {
	if in.Invitation != [16]byte{} {
		p.person.raw <- bytes.Clone(body)
		p.person.contacts = nil
		return seal.Effects{Delete: []seal.Mailbox{in.Mailbox}, Changed: true}, nil
	}
	return seal.Effects{}, fault.New(fault.NotFound, "no invitation")
}

func (p *people) Handle(_ seal.RelationID, m seal.Message) (seal.Effects, error) {
	p.d.handled[m.ID]++
	return seal.Effects{}, nil
}

func (p *people) NewEpoch(id seal.RelationID) (seal.Effects, error) {
	r, now := p.find(id), p.d.w.now.Add(p.d.skew)
	e, _, err := seal.NewEpoch(p.person.rand, now)
	if err != nil {
		return seal.Effects{}, err
	}
	r.Epochs[0].Superseded = now.UnixMilli()
	r.Epochs = append([]seal.Epoch{e}, r.Epochs...)
	var fx seal.Effects
	if p.person.out != nil {
		fx.Out = p.person.out()
	}
	return fx, nil
}

func (p *people) LearnEpoch(id seal.RelationID, public []byte) (seal.Effects, error) {
	p.find(id).PeerEpoch = seal.PeerEpoch{ID: seal.EpochOf(public), Public: public, Seen: p.d.w.now.Add(p.d.skew).UnixMilli()}
	return seal.Effects{}, nil
}

func (p *people) EraseEpoch(id seal.RelationID, epoch seal.EpochID) (seal.Effects, error) {
	r := p.find(id)
	r.Epochs = slices.DeleteFunc(r.Epochs, func(e seal.Epoch) bool { return e.ID == epoch })
	return seal.Effects{}, nil
}

func (p *people) Arrived(in seal.Inbox) (seal.Effects, error) {
	p.arrived[string(in.Mailbox.Sender)]++
	return seal.Effects{}, nil
}

func (p *people) Forget(id seal.RelationID) (seal.Effects, error) {
	p.forgot = append(p.forgot, id)
	return seal.Effects{}, nil
}

package person_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/person"
	"github.com/kith-web/kith/internal/seal"
)

// world is people's devices and a relay, in memory. Messages are really sealed;
// queues are really locked. What a device hears of its siblings is a merge of
// their records, the later one winning, over relations that both hold.
type world struct {
	t       testing.TB
	now     time.Time
	devices []*device
	queues  map[string]*queue
	clock   uint64 // revisions
	rand    io.Reader
	// lose drops what a device wants done: a crash between keeping and doing.
	lose func(d *device) bool
	// wire sees every body on its way into a queue, and says how often it arrives.
	wire func(q seal.Mailbox, body []byte) int
	// armed starts what a test wants to go wrong; made is told of each device.
	armed func()
	made  func(d *device)
	sees  func(e person.Effects)
}

type queue struct {
	box  seal.Mailbox
	lock []byte
	msgs []message
	had  map[seal.MessageID]bool
}

type message struct {
	id   seal.MessageID
	body []byte
}

type device struct {
	w       *world
	name    string
	person  *person.Person
	local   *store
	records *store
	offset  time.Duration
	options person.Options
	gone    []person.FriendID
	seen    map[seal.MessageID]bool
	got     []seal.Message // what is not the person's business
}

// reader is deterministic randomness.
type reader struct {
	seed string
	n    uint64
	rest []byte
}

func (r *reader) Read(p []byte) (int, error) {
	for i := 0; i < len(p); {
		if len(r.rest) == 0 {
			sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(r.seed), r.n))
			r.n, r.rest = r.n+1, sum[:]
		}
		k := copy(p[i:], r.rest)
		r.rest, i = r.rest[k:], i+k
	}
	return len(p), nil
}

// store is Local, and Records with revisions.
type store struct {
	w    *world
	vals map[string]value
	// fail makes the write that brings it to zero fail: a crash.
	fail int
}

type value struct {
	b   []byte
	rev uint64 // deleted when b is nil
}

var errCrash = errors.New("crash")

func (s *store) write() error {
	if s.fail > 0 {
		if s.fail--; s.fail == 0 {
			return errCrash
		}
	}
	return nil
}

func (s *store) Get(key string) ([]byte, error) {
	if v := s.vals[key]; v.b != nil {
		return bytes.Clone(v.b), nil
	}
	return nil, fault.New(fault.NotFound, "no %q", key)
}

func (s *store) set(key string, b []byte) {
	s.w.clock++
	s.vals[key] = value{b, s.w.clock}
}

func (s *store) Put(key string, b []byte) error {
	if err := s.write(); err != nil {
		return err
	}
	s.set(key, append([]byte{}, b...))
	return nil
}

func (s *store) Delete(key string) error {
	if err := s.write(); err != nil {
		return err
	}
	delete(s.vals, key)
	return nil
}

func (s *store) Each(prefix string, f func(string, []byte) error) error {
	var keys []string
	for k, v := range s.vals {
		if strings.HasPrefix(k, prefix) && v.b != nil {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		if err := f(k, s.vals[k].b); err != nil {
			return err
		}
	}
	return nil
}

type records struct{ *store }

func (r records) Put(puts map[string][]byte, deletes []string) ([]seal.Outgoing, error) {
	if err := r.write(); err != nil {
		return nil, err
	}
	for k, b := range puts {
		r.set(k, bytes.Clone(b))
	}
	if len(puts) > 0 && len(deletes) > 0 { // what is put and what is deleted may be apart
		if err := r.write(); err != nil {
			return nil, err
		}
	}
	for _, k := range deletes {
		r.set(k, nil)
	}
	return nil, nil
}

func newWorld(t testing.TB) *world {
	return &world{
		t: t, now: time.UnixMilli(1_790_000_000_000), queues: map[string]*queue{}, rand: &reader{seed: t.Name()},
	}
}

// device adds one, without a person.
func (w *world) device(name string) *device {
	d := &device{w: w, name: name, seen: map[seal.MessageID]bool{}}
	d.local, d.records = &store{w: w, vals: map[string]value{}}, &store{w: w, vals: map[string]value{}}
	d.options = person.Options{Name: name, Device: name, Relays: []string{"ws://one." + name, "ws://two." + name}}
	d.open()
	w.devices = append(w.devices, d)
	if w.made != nil {
		w.made(d)
	}
	return d
}

// someone adds a device with a person.
func (w *world) someone(name string) *device {
	d := w.device(name)
	d.do(d.person.Create())
	if s, err := d.person.Status(); err != nil || !s.Exists { // it crashed
		d.do(d.person.Create())
	}
	return d
}

func (d *device) open() {
	d.w.t.Helper()
	o := d.options
	o.Records, o.Local, o.Rand = records{d.records}, d.local, d.w.rand
	o.Now = func() time.Time { return d.w.now.Add(d.offset) }
	p, err := person.New(o)
	if err != nil {
		d.w.t.Fatalf("%s: open: %v", d.name, err)
	}
	d.person = p
}

// restart is a crash and a start.
func (d *device) restart() {
	d.w.t.Helper()
	d.local.fail, d.records.fail = 0, 0
	d.open()
	d.do(d.person.Resume())
}

// do carries effects out.
func (d *device) do(e person.Effects, err error) {
	d.w.t.Helper()
	if errors.Is(err, errCrash) {
		d.restart()
		return
	}
	if err != nil {
		d.w.t.Fatalf("%s: %v", d.name, err)
	}
	d.apply(e)
}

func (d *device) apply(e person.Effects) {
	d.gone = append(d.gone, e.Gone...)
	if d.w.sees != nil {
		d.w.sees(e)
	}
	crash := func() bool { return d.w.lose != nil && d.w.lose(d) }
	for _, q := range e.Create {
		if crash() {
			d.restart()
			return
		}
		d.w.create(q.Mailbox)
	}
	for _, l := range e.Lock {
		if crash() {
			d.restart()
			return
		}
		d.w.lock(l.Mailbox)
	}
	for _, r := range e.Raw {
		if crash() {
			d.restart()
			return
		}
		d.w.put(r.Mailbox, r.ID, r.Body)
	}
	for _, m := range e.Out {
		if crash() {
			d.restart()
			return
		}
		d.send(m)
	}
	for _, q := range e.Delete {
		if crash() {
			d.restart()
			return
		}
		delete(d.w.queues, q.Relay+string(q.Sender))
	}
}

func (w *world) create(m seal.Mailbox) {
	if k := m.Relay + string(m.Sender); w.queues[k] == nil {
		w.queues[k] = &queue{box: m, had: map[seal.MessageID]bool{}}
	}
}

func (w *world) lock(m seal.Mailbox) {
	if q := w.queues[m.Relay+string(m.Sender)]; q != nil && q.lock == nil {
		q.lock = m.Lock
	}
}

// put is NO, silently, for who has not the key in force.
func (w *world) put(m seal.Mailbox, id seal.MessageID, body []byte) {
	q := w.queues[m.Relay+string(m.Sender)]
	if q == nil || !bytes.Equal(q.lock, m.Lock) {
		return
	}
	for _, old := range q.msgs {
		if old.id == id {
			return
		}
	}
	times := 1
	if w.wire != nil {
		times = w.wire(m, body)
	}
	for range times {
		q.msgs = append(q.msgs, message{id, body})
	}
}

func (d *device) send(m seal.Outgoing) {
	d.w.t.Helper()
	r, ok := d.person.Relation(m.To)
	if !ok {
		return
	}
	var body cbor.RawMessage
	if m.Body != nil {
		b, err := seal.Marshal(m.Body)
		if err != nil {
			d.w.t.Fatal(err)
		}
		body = b
	}
	id, err := seal.NewID(d.w.rand)
	if err != nil {
		d.w.t.Fatal(err)
	}
	sent := d.w.now.Add(d.offset).UnixMilli()
	c, err := seal.NewSendContext(r)
	if err != nil {
		d.w.t.Fatal(err)
	}
	envelope, err := c.Seal(d.w.rand, seal.Message{Kind: m.Kind, ID: id, Number: 1, Sent: sent, Expires: sent + 1, Body: body}, true)
	if err != nil {
		d.w.t.Fatal(err)
	}
	for _, q := range r.Out {
		d.w.put(q, id, envelope)
	}
}

// step has a device take what waits in its inboxes; it reports whether there was
// anything. order shuffles, when it is not nil.
func (d *device) step(order func(n int) int) bool {
	d.w.t.Helper()
	busy := false
	for _, in := range d.person.Inboxes() {
		q := d.w.queues[in.Mailbox.Relay+string(in.Mailbox.Sender)]
		if q == nil || !bytes.Equal(q.box.Recipient, in.Mailbox.Recipient) {
			continue
		}
		for len(q.msgs) > 0 {
			i := 0
			if order != nil {
				i = order(len(q.msgs))
			}
			m := q.msgs[i]
			busy = true
			again := d.deliver(in, m)
			q.msgs = slices.DeleteFunc(q.msgs, func(x message) bool { return !again && x.id == m.id })
			if again {
				break
			}
		}
	}
	return busy
}

// deliver hands one body over; true when the device crashed before it was kept.
func (d *device) deliver(in seal.Inbox, m message) bool {
	d.w.t.Helper()
	var e person.Effects
	var err error
	if _, ok := d.person.Relation(in.Relation); ok {
		relation, msg, opened := d.unseal(in.Mailbox, m.body)
		if !opened || d.seen[msg.ID] {
			return false
		}
		if msg.Kind == seal.Changed {
			d.seen[msg.ID] = true
			d.got = append(d.got, msg)
			return false
		}
		if e, err = d.person.Handle(relation, msg); err == nil {
			d.seen[msg.ID] = true
		}
	} else {
		e, err = d.person.Receive(in, m.body)
	}
	if errors.Is(err, errCrash) {
		d.restart()
		return true
	}
	if err == nil {
		d.apply(e)
	}
	return false
}

// unseal opens a body of any relation that has the queue, as the exchange does.
func (d *device) unseal(q seal.Mailbox, body []byte) (seal.RelationID, seal.Message, bool) {
	for _, r := range d.person.Relations() {
		if !slices.ContainsFunc(r.In, func(m seal.Mailbox) bool { return bytes.Equal(m.Recipient, q.Recipient) }) {
			continue
		}
		if _, m, err := seal.OpenNew(r, body); err == nil {
			return r.ID, m, true
		}
	}
	return seal.RelationID{}, seal.Message{}, false
}

// settle delivers and merges until nothing moves.
func (w *world) settle(who ...*device) {
	w.t.Helper()
	if len(who) == 0 {
		who = w.devices
	}
	for round := 0; ; round++ {
		busy := false
		for _, d := range who {
			busy = d.step(nil) || busy
		}
		for i, a := range who {
			for _, b := range who[i+1:] {
				busy = w.merge(a, b) || busy
			}
		}
		if !busy {
			return
		}
		if round > 200 {
			w.t.Fatal("messages go round and round")
		}
	}
}

// merge is two own devices that reconcile.
func (w *world) merge(a, b *device) bool {
	shared := false
	for _, r := range a.person.Relations() {
		if o, ok := b.person.Relation(r.ID); r.Kind == seal.OwnDevice && ok && o.Side != r.Side {
			shared = true
		}
	}
	if !shared {
		return false
	}
	x, y := a.take(b), b.take(a)
	return x || y
}

func (d *device) take(from *device) bool {
	changed := false
	for k, v := range from.records.vals {
		if v.rev > d.records.vals[k].rev {
			d.records.vals[k] = v
			changed = true
		}
	}
	if changed {
		d.person.Refresh()
	}
	return changed
}

// later lets time pass, with ticks.
func (w *world) later(t time.Duration) {
	w.t.Helper()
	w.now = w.now.Add(t)
	for _, d := range w.devices {
		d.do(d.person.Tick())
	}
	w.settle()
}

func (d *device) friends() []person.Friend {
	d.w.t.Helper()
	all, err := d.person.Friends()
	if err != nil {
		d.w.t.Fatal(err)
	}
	return all
}

func (d *device) friend(name string) person.Friend {
	d.w.t.Helper()
	f, err := d.person.Find(name)
	if err != nil {
		d.w.t.Fatalf("%s: %v", d.name, err)
	}
	return f
}

func (d *device) invite() string {
	d.w.t.Helper()
	i, e, err := d.person.Invite("", 0)
	d.do(e, err)
	if err != nil { // it crashed
		return d.invite()
	}
	return i.Link
}

func (d *device) accept(link, name string) {
	d.w.t.Helper()
	_, e, err := d.person.Accept(link, name)
	d.do(e, err)
	if err != nil { // it crashed
		d.accept(link, name)
	}
}

// befriend makes two devices' people friends.
func (w *world) befriend(a, b *device) {
	w.t.Helper()
	b.accept(a.invite(), "")
	w.settle()
	w.talk(a, b)
}

// talk checks that each hears the other.
func (w *world) talk(a, b *device) {
	w.t.Helper()
	if !w.hears(a, b) || !w.hears(b, a) {
		w.t.Fatalf("%s and %s do not hear one another: %+v, %+v", a.name, b.name, a.friends(), b.friends())
	}
}

// hears reports whether something that a says to all its friends reaches b.
func (w *world) hears(a, b *device) bool {
	w.t.Helper()
	before := b.heard()
	for _, f := range a.friends() {
		if id, ok := a.person.Current(f.Handle); ok {
			a.send(seal.Outgoing{To: id, Kind: seal.Changed})
		}
	}
	w.settle()
	return b.heard() > before
}

// heard is how much came for the person of a device: any of them may take it.
func (d *device) heard() int {
	n := len(d.got)
	for _, r := range d.person.Relations() {
		for _, o := range d.w.devices {
			if _, ok := o.person.Relation(r.ID); ok && o != d && r.Kind == seal.OwnDevice {
				n += len(o.got)
			}
		}
	}
	return n
}

// link makes b a device of a's person, by a comparison that comes out as same.
func (w *world) link(a, b *device) {
	w.t.Helper()
	l, e, err := b.person.StartLink()
	b.do(e, err)
	_, e, err = a.person.AcceptLink(l.Link)
	a.do(e, err)
	w.settle()
	la, lb := one(w.t, a), one(w.t, b)
	if la.Code == "" || la.Code != lb.Code {
		w.t.Fatalf("codes %q and %q", la.Code, lb.Code)
	}
	a.do(a.person.ConfirmLink(la.ID))
	w.settle()
	b.do(b.person.ConfirmLink(lb.ID))
	w.settle()
}

func one(t testing.TB, d *device) person.Link {
	t.Helper()
	all, err := d.person.Links()
	if err != nil || len(all) != 1 {
		t.Fatalf("%s: links %+v, %v", d.name, all, err)
	}
	return all[0]
}

func (d *device) devices() []string {
	d.w.t.Helper()
	all, err := d.person.Devices()
	if err != nil {
		d.w.t.Fatal(err)
	}
	var names []string
	for _, v := range all {
		names = append(names, v.Name)
	}
	slices.Sort(names)
	return names
}

func (d *device) id() seal.DeviceID {
	d.w.t.Helper()
	id, err := person.DeviceID(d.local, d.w.rand, "")
	if err != nil {
		d.w.t.Fatal(err)
	}
	return id
}

func (d *device) wants(names ...string) {
	d.w.t.Helper()
	slices.Sort(names)
	if got := d.devices(); !slices.Equal(got, names) {
		d.w.t.Errorf("%s knows the devices %v, want %v", d.name, got, names)
	}
}

func refused(t testing.TB, what string, err error, kind fault.Kind) {
	t.Helper()
	if fault.KindOf(err) != kind {
		t.Errorf("%s: %v (%s), want %s", what, err, fault.KindOf(err), kind)
	}
}

func yes() *bool { b := true; return &b }

func no() *bool { return new(bool) }

func name(s string) *string { return &s }

func changeVerified() person.Change { return person.Change{Verified: yes()} }

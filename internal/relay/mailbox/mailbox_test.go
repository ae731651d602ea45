package mailbox_test

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"sync"
	"testing"
	"time"

	wire "github.com/kith-web/kith/internal/mailbox"
	"github.com/kith-web/kith/internal/mailbox/client"
	"github.com/kith-web/kith/internal/relay/guard"
	"github.com/kith-web/kith/internal/relay/mailbox"
	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

// TestTwoSendersOneReceiver is the life of messages: put, delivered once,
// acknowledged, gone.
func TestTwoSendersOneReceiver(t *testing.T) {
	r := start(t, nil)
	receiver := r.dial(t)
	a, b := newQueue(t, receiver), newQueue(t, receiver)
	var mu sync.Mutex
	got := map[wire.MessageID]int{}
	bodies := map[wire.MessageID][]byte{}
	done := make(chan struct{})
	const each = 100
	take := func(d client.Delivery) {
		mu.Lock()
		got[d.ID]++
		if !bytes.Equal(bodies[d.ID], d.Body) {
			t.Errorf("message %x came with another body", d.ID)
		}
		all := len(got) == 2*each
		mu.Unlock()
		if err := d.Ack(within(t)); err != nil {
			t.Errorf("ack: %v", err)
		}
		if all {
			close(done)
		}
	}
	for _, q := range []pair{a, b} {
		must(t, receiver.Subscribe(within(t), q.recipient, 16, take))
	}
	var wg sync.WaitGroup
	for _, q := range []pair{a, b} {
		s := r.dial(t)
		for i := range each {
			size := wire.BodySizes()[i%3]
			wg.Go(func() {
				id, content := messageID(), body(size)
				mu.Lock()
				bodies[id] = content
				mu.Unlock()
				if err := s.Put(within(t), q.sender, id, 0, content); err != nil {
					t.Errorf("put: %v", err)
				}
			})
		}
	}
	wg.Wait()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("%d of %d came", len(got), 2*each)
	}
	until(t, "all to be erased", func() bool {
		m := r.Count()
		return m.Leased == 0 && m.Acknowledged >= 2*each
	})
	for id, n := range got {
		if n != 1 {
			t.Errorf("message %x came %d times", id, n)
		}
	}
	late := r.dial(t)
	for _, q := range []pair{a, b} {
		must(t, receiver.Unsubscribe(within(t), q.rid))
		ch := collect(t, late, q, 16)
		none(t, late, ch)
	}
}

// TestRepeatedPut is a sender that did not hear the answer.
func TestRepeatedPut(t *testing.T) {
	r := start(t, nil)
	s := r.dial(t)
	q := newQueue(t, s)
	id, content := messageID(), body(4096)
	for range 3 {
		must(t, s.Put(within(t), q.sender, id, 0, content))
	}
	ch := collect(t, s, q, 10)
	d := next(t, ch)
	must(t, s.Put(within(t), q.sender, id, 0, content))
	none(t, s, ch)
	must(t, d.Ack(within(t)))
	none(t, s, ch)
	if m := r.Count(); m.Messages != 0 {
		t.Errorf("%d messages are kept after the acknowledgement", m.Messages)
	}
}

// TestOrder is that of one queue's messages, whether they wait or come while
// somebody listens.
func TestOrder(t *testing.T) {
	r := start(t, nil)
	s := r.dial(t)
	q := newQueue(t, s)
	var ids []wire.MessageID
	put := func(n int) {
		for range n {
			ids = append(ids, messageID())
			must(t, s.Put(within(t), q.sender, ids[len(ids)-1], 0, body(1536)))
		}
	}
	put(40)
	ch := collect(t, s, q, 5)
	put(20)
	for i, want := range ids {
		if d := next(t, ch); d.ID != want {
			t.Fatalf("message %d came out of order", i)
		}
	}
}

// TestLeases is two subscribers of one queue: each message goes to one of them,
// to the other when it is given back, kept too long or left behind.
func TestLeases(t *testing.T) {
	r := start(t, func(o *mailbox.Options) { o.Lease = time.Second })
	one, two := r.dial(t), r.dial(t)
	q := newQueue(t, one)
	first := collect(t, one, q, 1)
	put := func() wire.MessageID {
		id := messageID()
		must(t, one.Put(within(t), q.sender, id, 0, body(1536)))
		return id
	}
	id := put()
	d := next(t, first)
	second := collect(t, two, q, 10)
	none(t, two, second)

	must(t, d.Back(within(t), time.Hour)) // not to one again
	d = next(t, second)
	if d.ID != id {
		t.Fatalf("%x came, want %x", d.ID, id)
	}
	is(t, one.Ack(within(t), newPair(t).rid, d.Number), client.ErrNo)
	must(t, d.Back(within(t), 0)) // to anybody, which is two
	d = next(t, second)
	d = next(t, second) // the lease ended
	if d.ID != id {
		t.Fatalf("%x came, want %x", d.ID, id)
	}
	must(t, d.Ack(within(t)))
	is(t, d.Back(within(t), 0), client.ErrNo)

	id = put() // and whoever has it leaves
	select {
	case d = <-first:
		must(t, one.Close())
		d = next(t, second)
	case d = <-second:
		must(t, two.Close())
		d = next(t, first)
	case <-time.After(patience):
		t.Fatal("nothing comes")
	}
	if d.ID != id {
		t.Errorf("%x came, want %x", d.ID, id)
	}
}

// TestGivenBackByAll is a message that every subscriber gave back: it waits, and
// a new subscriber is offered it at once.
func TestGivenBackByAll(t *testing.T) {
	r := start(t, nil)
	one := r.dial(t)
	q := newQueue(t, one)
	ch := collect(t, one, q, 10)
	id := messageID()
	must(t, one.Put(within(t), q.sender, id, 0, body(1536)))
	must(t, next(t, ch).Back(within(t), 2*time.Second))
	none(t, one, ch)
	again := next(t, ch) // the time is over
	must(t, again.Back(within(t), time.Hour))
	none(t, one, ch)
	if d := next(t, collect(t, r.dial(t), q, 1)); d.ID != id {
		t.Errorf("%x came, want %x", d.ID, id)
	}
}

// TestLock is an invitation that is accepted and then read by somebody else.
func TestLock(t *testing.T) {
	r := start(t, nil)
	receiver, guest, thief := r.dial(t), r.dial(t), r.dial(t)
	q := newQueue(t, receiver)
	must(t, thief.ProveSender(within(t), q.sender)) // while the key was in force
	_, key, err := ed25519.GenerateKey(nil)
	must(t, err)
	locked, err := guest.Lock(within(t), q.sender, key)
	must(t, err)
	must(t, guest.Put(within(t), locked, messageID(), 0, body(1536)))
	must(t, r.dial(t).Put(within(t), locked, messageID(), 0, body(1536)))
	is(t, thief.Put(within(t), q.sender, messageID(), 0, body(1536)), client.ErrNo)
	_, err = thief.Lock(within(t), q.sender, key)
	is(t, err, client.ErrNo)
	is(t, r.dial(t).Put(within(t), q.sender, messageID(), 0, body(1536)), client.ErrNo)
	// Renewing the queue does not bring the first key back.
	must(t, receiver.NewQueue(within(t), q.recipient, wire.PublicKey(q.sender.Key), 7))
	is(t, r.dial(t).ProveSender(within(t), q.sender), client.ErrNo)
	if m := r.Count(); m.Put != 2 {
		t.Errorf("%d messages were put, want 2", m.Put)
	}
}

// TestDelete is a queue's end: nothing of it answers, and it may be made anew.
func TestDelete(t *testing.T) {
	r := start(t, nil)
	s, other := r.dial(t), r.dial(t)
	q := newQueue(t, s)
	must(t, other.Put(within(t), q.sender, messageID(), 0, body(1536)))
	must(t, s.Delete(within(t), q.recipient))
	is(t, other.Put(within(t), q.sender, messageID(), 0, body(1536)), client.ErrNo)
	is(t, r.dial(t).ProveRecipient(within(t), q.recipient), client.ErrNo)
	fresh := r.dial(t)
	must(t, fresh.NewQueue(within(t), q.recipient, wire.PublicKey(q.sender.Key), 1))
	ch := collect(t, fresh, q, 10)
	none(t, fresh, ch)
	if m := r.Count(); m.Queues != 1 || m.Messages != 0 {
		t.Errorf("%d queues and %d messages are kept, want 1 and 0", m.Queues, m.Messages)
	}
}

// TestBounds are limits on queues and on those who use them.
func TestBounds(t *testing.T) {
	r := start(t, func(o *mailbox.Options) {
		o.Limits = queue.Limits{Messages: 3, Octets: 100_000}
		o.Token = "open sesame"
		o.Creates = guard.Limit{PerSecond: 0.001, Burst: 2}
		o.Puts = guard.Limit{PerSecond: 0.001, Burst: 5}
		o.MaxProofs = 4
	})
	is(t, dialWith(t, r, "open sesam"), client.ErrNo)
	stranger := r.dial(t)
	if stranger.Limits().Flags&wire.FlagToken == 0 {
		t.Error("the relay does not say that it wants a token")
	}
	p := newPair(t)
	is(t, stranger.NewQueue(within(t), p.recipient, wire.PublicKey(p.sender.Key), 7), client.ErrNo)
	s, err := client.Dial(within(t), r.url, client.Options{Token: "open sesame"})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })

	q, large := newQueue(t, s), newQueue(t, s)
	is(t, s.NewQueue(within(t), p.recipient, wire.PublicKey(p.sender.Key), 2), client.ErrNo)
	must(t, s.NewQueue(within(t), q.recipient, wire.PublicKey(q.sender.Key), 7)) // renewed, for nothing
	is(t, s.NewQueue(within(t), q.recipient, wire.PublicKey(p.sender.Key), 7), client.ErrNo)
	last := newPair(t)
	waits(t, s.NewQueue(within(t), last.recipient, wire.PublicKey(last.sender.Key), 7))

	for range 3 {
		must(t, stranger.Put(within(t), q.sender, messageID(), 0, body(1536)))
	}
	waits(t, stranger.Put(within(t), q.sender, messageID(), 0, body(1536))) // full
	waits(t, stranger.Put(within(t), q.sender, messageID(), 0, body(1536)))
	waits(t, stranger.Put(within(t), q.sender, messageID(), 0, body(1536))) // too often
	must(t, stranger.Put(within(t), large.sender, messageID(), 0, body(65536)))
	waits(t, stranger.Put(within(t), large.sender, messageID(), 0, body(65536)))
	for _, size := range []int{0, 1, 1535, 1537, 65535, 65537, 100_000} {
		is(t, stranger.Put(within(t), large.sender, messageID(), 0, body(size)), client.ErrNo)
	}
	is(t, stranger.Put(within(t), large.sender, messageID(), 22, body(1536)), client.ErrNo)

	must(t, stranger.ProveRecipient(within(t), q.recipient))
	must(t, stranger.ProveRecipient(within(t), large.recipient))
	is(t, s.ProveSender(within(t), p.sender), client.ErrNo)
	must(t, s.ProveSender(within(t), q.sender))
	must(t, s.ProveSender(within(t), large.sender))
	if m := r.Count(); m.Limited == 0 || m.Full == 0 {
		t.Errorf("%+v counts nothing limited or full", m)
	}
}

func dialWith(t *testing.T, r *running, token string) error {
	t.Helper()
	s, err := client.Dial(within(t), r.url, client.Options{Token: token})
	if err == nil {
		return s.Close()
	}
	return err
}

// TestTooManySessions is a flood of them from one address.
func TestTooManySessions(t *testing.T) {
	r := start(t, func(o *mailbox.Options) { o.MaxSessionsPerAddress = 5 })
	for range 5 {
		r.dial(t)
	}
	for range 3 {
		if s, err := client.Dial(within(t), r.url, client.Options{}); err == nil {
			t.Error("a sixth session is open")
			must(t, s.Close())
		}
	}
}

// TestRestart keeps queues and messages, and says MOVED before.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	o := open(dir)
	r := run(t, dir, "127.0.0.1:0", o)
	s := r.dial(t)
	q := newQueue(t, s)
	id := messageID()
	must(t, s.Put(within(t), q.sender, id, 0, body(4096)))
	before := s.Relay()
	ch := collect(t, s, q, 1)
	next(t, ch)
	r.stop()
	select {
	case <-s.Moved():
	case <-time.After(patience):
		t.Error("the relay does not say that it moves")
	}
	<-s.Done()
	is(t, s.Ping(within(t)), client.ErrGone)

	r = run(t, dir, "127.0.0.1:0", o)
	s = r.dial(t)
	if s.Relay() != before {
		t.Error("the relay has another id")
	}
	if d := next(t, collect(t, s, q, 1)); d.ID != id {
		t.Errorf("%x came, want %x", d.ID, id)
	}
}

// TestAReaderThatIsSlow is offered no more than it has credit for, and keeps
// nobody from anything.
func TestAReaderThatIsSlow(t *testing.T) {
	r := start(t, nil)
	slow, other := r.dial(t), r.dial(t)
	q := newQueue(t, slow)
	var ids []wire.MessageID
	for range 30 {
		ids = append(ids, messageID())
		must(t, other.Put(within(t), q.sender, ids[len(ids)-1], 0, body(65536)))
	}
	hold := make(chan struct{})
	got := make(chan client.Delivery, 100)
	must(t, slow.Subscribe(within(t), q.recipient, 25, func(d client.Delivery) {
		<-hold
		got <- d
	}))
	until(t, "what there is credit for", func() bool { return r.Count().Delivered == 25 })
	none(t, slow, got)
	close(hold)
	for i, want := range ids {
		if d := next(t, got); d.ID != want {
			t.Fatalf("message %d came out of order", i)
		}
	}
}

func TestManyQueuesOfOneSession(t *testing.T) {
	r := start(t, nil)
	receiver, sender := r.dial(t), r.dial(t)
	const queues = 200
	var wg sync.WaitGroup
	ch := make(chan client.Delivery, queues)
	for range queues {
		wg.Go(func() {
			p := newPair(t)
			if err := receiver.NewQueue(within(t), p.recipient, wire.PublicKey(p.sender.Key), 1); err != nil {
				t.Errorf("new: %v", err)
				return
			}
			if err := receiver.Subscribe(within(t), p.recipient, 4, func(d client.Delivery) { ch <- d }); err != nil {
				t.Errorf("subscribe: %v", err)
				return
			}
			if err := sender.Put(within(t), p.sender, messageID(), 0, body(1536)); err != nil {
				t.Errorf("put: %v", err)
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for range queues {
		d := next(t, ch)
		must(t, d.Ack(within(t)))
		seen[fmt.Sprint(d.Recipient)] = true
	}
	if len(seen) != queues {
		t.Errorf("messages of %d queues came, want %d", len(seen), queues)
	}
}

package queuetest

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

// Options are what an engine is opened with in a test.
type Options struct {
	Limits queue.Limits
}

// Open makes an empty store that ends with the test.
type Open func(t *testing.T, o Options) queue.Store

// Run holds an engine to the contract of queue.Store.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		test func(w world)
		o    Options
	}{
		{name: "a queue is found by both of its ids, as it was made", test: asMade},
		{name: "creating again renews, other keys are taken", test: again},
		{name: "lock replaces the key in force, once", test: lock},
		{name: "a subscription is kept and forgotten", test: push},
		{name: "messages come in order, from after on", test: order},
		{name: "one message id is one message", test: idempotent},
		{name: "each put is answered for itself", test: answers},
		{name: "a queue holds so many messages", test: messages, o: Options{Limits: queue.Limits{Messages: 3}}},
		{name: "a queue holds so many octets", test: octets, o: Options{Limits: queue.Limits{Octets: 10000}}},
		{name: "acknowledged is gone, and numbers are not used again", test: ack},
		{name: "a queue goes with all that is in it", test: remove},
		{name: "what expired is not shown, not counted and erased", test: expire},
		{name: "a queue whose recipient stays away is forgotten", test: idle},
		{name: "queues are listed and copied", test: list},
		{name: "many at once: nothing lost, nothing doubled, in order", test: crowd},
		{name: "numbers never appear behind a fetch", test: behind},
		{name: "a caller that gave up gets an error", test: gaveUp},
		{name: "a queue that goes while it is written to leaves nothing", test: vanish},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(newWorld(t, open(t, c.o))) })
	}
}

func asMade(w world) {
	want := Queue(1)
	want.Push, want.Days = []byte(`{"endpoint":"https://push.example"}`), 7
	w.must(w.s.Create(w.ctx, want))
	w.create(2, 4)
	for name, look := range w.lookups(want) {
		got, err := look()
		w.must(err)
		w.same(name, got, want)
	}
	for name, look := range w.lookups(Queue(9)) {
		if _, err := look(); !errors.Is(err, queue.ErrAbsent) {
			w.Errorf("%s of a queue that is not there: %v", name, err)
		}
	}
	if _, err := w.s.ByRecipient(w.ctx, want.Sender); !errors.Is(err, queue.ErrAbsent) {
		w.Errorf("a sender's id names a queue for the recipient: %v", err)
	}
}

func (w world) lookups(q queue.Queue) map[string]func() (queue.Queue, error) {
	return map[string]func() (queue.Queue, error){
		"ByRecipient": func() (queue.Queue, error) { return w.s.ByRecipient(w.ctx, q.Recipient) },
		"BySender":    func() (queue.Queue, error) { return w.s.BySender(w.ctx, q.Sender) },
	}
}

func (w world) same(name string, got, want queue.Queue) {
	w.Helper()
	if !bytes.Equal(got.Push, want.Push) || !got.Seen.Equal(want.Seen) {
		w.Errorf("%s: subscription %q seen %v, want %q %v", name, got.Push, got.Seen, want.Push, want.Seen)
	}
	got.Push, want.Push, got.Seen, want.Seen = nil, nil, time.Time{}, time.Time{}
	if !equal(got, want) {
		w.Errorf("%s: %+v, want %+v", name, got, want)
	}
}

func equal(a, b queue.Queue) bool {
	return a.Recipient == b.Recipient && a.Sender == b.Sender && a.RecipientKey == b.RecipientKey &&
		a.SenderKey == b.SenderKey && a.Days == b.Days
}

func again(w world) {
	q := w.create(1, 2)[0]
	w.must(w.s.Lock(w.ctx, q.Sender, q.SenderKey, queue.Key{7}))
	w.must(w.s.SetPush(w.ctx, q.Recipient, []byte("push")))
	renewed := q
	renewed.Days, renewed.Seen = 1, q.Seen.Add(5*time.Hour)
	w.must(w.s.Create(w.ctx, renewed))
	got, err := w.s.ByRecipient(w.ctx, q.Recipient)
	w.must(err)
	renewed.SenderKey, renewed.Push = queue.Key{7}, []byte("push")
	w.same("renewed", got, renewed)

	for name, change := range map[string]func(q, other *queue.Queue){
		"another recipient key":    func(q, _ *queue.Queue) { q.RecipientKey[0] ^= 1 },
		"another sender id":        func(q, o *queue.Queue) { q.Sender = o.Sender },
		"another queue's sender":   func(q, o *queue.Queue) { o.Sender = q.Sender; *q = *o },
		"another queue's receiver": func(q, o *queue.Queue) { o.Recipient = q.Recipient; *q = *o },
	} {
		c, other := q, Queue(2)
		change(&c, &other)
		if err := w.s.Create(w.ctx, c); !errors.Is(err, queue.ErrTaken) {
			w.Errorf("%s: %v", name, err)
		}
	}
	w.same("after what was refused", must(w.s.ByRecipient(w.ctx, q.Recipient)), renewed)
}

// must is for lookups that cannot fail any more.
func must(q queue.Queue, err error) queue.Queue {
	if err != nil {
		panic(err)
	}
	return q
}

func lock(w world) {
	q := w.create(1, 2)[0]
	w.must(w.s.Lock(w.ctx, q.Sender, q.SenderKey, queue.Key{1}))
	for name, err := range map[string]error{
		"a key no longer in force": w.s.Lock(w.ctx, q.Sender, q.SenderKey, queue.Key{2}),
		"a queue that is not":      w.s.Lock(w.ctx, Queue(2).Sender, queue.Key{1}, queue.Key{2}),
		"the recipient's id":       w.s.Lock(w.ctx, q.Recipient, queue.Key{1}, queue.Key{2}),
	} {
		if !errors.Is(err, queue.ErrAbsent) {
			w.Errorf("%s: %v", name, err)
		}
	}
	if got := must(w.s.BySender(w.ctx, q.Sender)).SenderKey; got != (queue.Key{1}) {
		w.Errorf("the key in force is %x", got)
	}
}

func push(w world) {
	q := w.create(1, 2)[0]
	for _, want := range []string{"one", "another", ""} {
		w.must(w.s.SetPush(w.ctx, q.Recipient, []byte(want)))
		if got := must(w.s.BySender(w.ctx, q.Sender)).Push; string(got) != want {
			w.Errorf("subscription %q, want %q", got, want)
		}
	}
	if err := w.s.SetPush(w.ctx, q.Sender, []byte("x")); !errors.Is(err, queue.ErrAbsent) {
		w.Errorf("a queue that is not there: %v", err)
	}
}

func gaveUp(w world) {
	q := w.create(1, 2)[0]
	ctx, cancel := context.WithCancel(w.ctx)
	cancel()
	if _, err := w.s.Put(ctx, []queue.Put{Message(q, 1, 100)}); !errors.Is(err, context.Canceled) {
		w.Errorf("Put: %v", err)
	}
	if err := w.s.Ack(ctx, []queue.Ack{{Recipient: q.Recipient, Numbers: []uint64{1}}}); !errors.Is(err, context.Canceled) {
		w.Errorf("Ack: %v", err)
	}
	if list := w.fetch(q, 0, 10); len(list) != 0 {
		w.Errorf("%d messages of a caller that gave up before", len(list))
	}
}

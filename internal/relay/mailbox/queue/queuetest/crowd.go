package queuetest

import (
	"bytes"
	"errors"
	"fmt"
	"sync"

	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

// list also copies the store into itself, which must change nothing but
// numbers of messages that are there: Copy into another engine is tested beside
// the engines.
func list(w world) {
	want := map[queue.ID]queue.Queue{}
	for _, q := range w.create(1, 30) {
		want[q.Recipient] = q
	}
	var after queue.ID
	for {
		page, err := w.s.Queues(w.ctx, after, 7)
		w.must(err)
		if len(page) == 0 {
			break
		}
		if len(page) > 7 {
			w.Fatalf("%d queues, at most 7 were asked for", len(page))
		}
		for _, q := range page {
			if bytes.Compare(q.Recipient[:], after[:]) <= 0 {
				w.Fatalf("%x after %x", q.Recipient, after)
			}
			after = q.Recipient
			w.same("listed", q, want[q.Recipient])
			delete(want, q.Recipient)
		}
	}
	if len(want) != 0 {
		w.Errorf("%d queues were not listed", len(want))
	}
	for n := uint64(1); n < 30; n++ {
		w.put(Message(Queue(n), n, 100))
	}
	done, err := queue.Copy(w.ctx, w.s, w.s)
	w.must(err)
	w.stats(queue.Stats{Queues: 29, Messages: 29, Octets: 2900})
	if done != (queue.Stats{Queues: 29, Messages: 29, Octets: 2900}) {
		w.Errorf("copied %+v", done)
	}
}

const (
	crowdQueues    = 8
	crowdSenders   = 2  // of each queue
	crowdMessages  = 60 // of each sender
	crowdRecipient = 2  // of each queue: they may get the same message, but nobody misses one
)

// crowd has many senders put, again when they get an error, and many recipients
// fetch and acknowledge what the other has not. Everything must be seen, in
// order, and nothing after it was acknowledged.
func crowd(w world) {
	qs := w.create(1, 1+crowdQueues)
	errs := make(chan error, crowdQueues*(crowdSenders+crowdRecipient))
	var all sync.WaitGroup
	for i, q := range qs {
		want := newTally()
		for k := range crowdSenders {
			all.Go(func() { errs <- w.send(q, uint64(i*1000+k*crowdMessages)) })
		}
		for range crowdRecipient {
			all.Go(func() { errs <- w.receive(q, want) })
		}
	}
	all.Wait()
	close(errs)
	for err := range errs {
		w.must(err)
	}
	w.stats(queue.Stats{Queues: crowdQueues})
}

func (w world) send(q queue.Queue, from uint64) error {
	for n := from; n < from+crowdMessages; {
		taken, err := w.s.Put(w.ctx, []queue.Put{Message(q, n, 1536), Message(q, n, 1536)})
		switch {
		case err != nil:
			return err
		case errors.Is(taken[0].Err, queue.ErrFull):
			continue
		case taken[0].Err != nil:
			return taken[0].Err
		case taken[0].Number != taken[1].Number:
			return fmt.Errorf("one message has the numbers %d and %d", taken[0].Number, taken[1].Number)
		}
		n++
	}
	return nil
}

// tally is what became of the messages of a queue.
type tally struct {
	mu    sync.Mutex
	acked map[queue.MessageID]uint64
}

func newTally() *tally { return &tally{acked: map[queue.MessageID]uint64{}} }

func (t *tally) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.acked)
}

func (w world) receive(q queue.Queue, t *tally) error {
	for t.count() < crowdSenders*crowdMessages {
		before := t.copy()
		list, err := w.s.Fetch(w.ctx, q.Recipient, 0, 10)
		if err != nil {
			return err
		}
		a := queue.Ack{Recipient: q.Recipient}
		last := uint64(0)
		for _, m := range list {
			if m.Number <= last {
				return fmt.Errorf("number %d after %d", m.Number, last)
			}
			if _, gone := before[m.ID]; gone {
				return fmt.Errorf("message %x is back after it was acknowledged", m.ID)
			}
			last = m.Number
			a.Numbers = append(a.Numbers, m.Number)
		}
		if err := w.s.Ack(w.ctx, []queue.Ack{a}); err != nil {
			return err
		}
		if err := t.add(list); err != nil {
			return err
		}
	}
	return nil
}

func (t *tally) copy() map[queue.MessageID]uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := make(map[queue.MessageID]uint64, len(t.acked))
	for id, n := range t.acked {
		c[id] = n
	}
	return c
}

func (t *tally) add(list []queue.Message) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, m := range list {
		if n, ok := t.acked[m.ID]; ok && n != m.Number {
			return fmt.Errorf("message %x was there twice, as %d and %d", m.ID, n, m.Number)
		}
		t.acked[m.ID] = m.Number
	}
	return nil
}

// behind follows a queue by number while others put: whoever fetches beyond the
// last number they saw must miss nothing.
func behind(w world) {
	const senders, each = 6, 20
	q := w.create(1, 2)[0]
	errs := make(chan error, senders)
	for k := range senders {
		go func() {
			for n := range uint64(each) {
				if _, err := w.s.Put(w.ctx, []queue.Put{Message(q, uint64(k)*each+n, 1536)}); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	seen, after := 0, uint64(0)
	for ended := 0; ended < senders; {
		select {
		case err := <-errs:
			w.must(err)
			ended++
		default:
		}
		for _, m := range w.fetch(q, after, 100) {
			after = m.Number
			seen++
		}
	}
	seen += len(w.fetch(q, after, 1000))
	if all := len(w.fetch(q, 0, 1000)); seen != all || all != senders*each {
		w.Errorf("saw %d of %d messages by following their numbers; %d were put", seen, all, senders*each)
	}
}

// vanish removes and makes a queue while it is written to.
func vanish(w world) {
	q := w.create(1, 2)[0]
	stop, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		for n := uint64(0); ; n++ {
			select {
			case <-stop:
				ended <- nil
				return
			default:
			}
			if _, err := w.s.Put(w.ctx, []queue.Put{Message(q, n, 1536)}); err != nil {
				ended <- err
				return
			}
		}
	}()
	for range 20 {
		w.must(w.s.Delete(w.ctx, q.Recipient))
		w.must(w.s.Create(w.ctx, q))
	}
	close(stop)
	w.must(<-ended)
	w.must(w.s.Delete(w.ctx, q.Recipient))
	w.stats(queue.Stats{})
}

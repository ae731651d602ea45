package queuetest

import (
	"bytes"
	"errors"
	"time"

	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

func order(w world) {
	qs := w.create(1, 3)
	sizes := []int{1536, 4096, 16384, 65536, 0, 1}
	var puts []queue.Put
	for n, size := range sizes {
		puts = append(puts, Message(qs[0], uint64(n), size), Message(qs[1], uint64(100+n), 10))
	}
	w.put(puts[:4]...)
	w.put(puts[4:]...)
	got := w.fetch(qs[0], 0, 100)
	if len(got) != len(sizes) {
		w.Fatalf("%d messages, want %d", len(got), len(sizes))
	}
	for i, m := range got {
		want := puts[2*i]
		if m.ID != want.ID || !bytes.Equal(m.Body, want.Body) || !m.Expires.Equal(want.Expires) {
			w.Errorf("message %d: id %x, %d octets, expires %v", i, m.ID, len(m.Body), m.Expires)
		}
		if i > 0 && m.Number <= got[i-1].Number {
			w.Errorf("number %d after %d", m.Number, got[i-1].Number)
		}
	}
	some := w.fetch(qs[0], got[1].Number, 2)
	if len(some) != 2 || some[0].ID != got[2].ID || some[1].ID != got[3].ID {
		w.Errorf("two beyond the second: %d messages", len(some))
	}
	if rest := w.fetch(qs[0], got[len(got)-1].Number, 10); len(rest) != 0 {
		w.Errorf("%d messages beyond the last", len(rest))
	}
	if _, err := w.s.Fetch(w.ctx, Queue(9).Recipient, 0, 1); !errors.Is(err, queue.ErrAbsent) {
		w.Errorf("fetch of a queue that is not there: %v", err)
	}
}

func idempotent(w world) {
	qs := w.create(1, 3)
	m := Message(qs[0], 1, 4096)
	first := w.put(m)[0]
	changed := m
	changed.Body = []byte("something else")
	elsewhere := m
	elsewhere.Sender = qs[1].Sender
	numbers := w.put(changed, m, elsewhere, Message(qs[0], 2, 10), Message(qs[0], 2, 10))
	if numbers[0] != first || numbers[1] != first || numbers[3] != numbers[4] || numbers[3] <= first {
		w.Errorf("numbers %d, the first was %d", numbers, first)
	}
	got := w.fetch(qs[0], 0, 10)
	if len(got) != 2 || !bytes.Equal(got[0].Body, m.Body) {
		w.Errorf("%d messages, want the first as it was and the second", len(got))
	}
	if len(w.fetch(qs[1], 0, 10)) != 1 {
		w.Error("an id is a queue's own: the same id in another queue is another message")
	}
	w.must(w.s.Ack(w.ctx, []queue.Ack{{Recipient: qs[0].Recipient, Numbers: []uint64{first}}}))
	if n := w.put(m)[0]; n <= numbers[3] {
		w.Errorf("put again after it was acknowledged: number %d, not beyond %d", n, numbers[3])
	}
}

func answers(w world) {
	qs := w.create(1, 3)
	w.must(w.s.Delete(w.ctx, qs[1].Recipient))
	taken, err := w.s.Put(w.ctx, []queue.Put{
		Message(qs[1], 1, 10), Message(qs[0], 2, 10), Message(queue.Queue{Sender: qs[0].Recipient}, 3, 10), Message(qs[0], 4, 10),
	})
	w.must(err)
	for i, t := range taken {
		absent := i%2 == 0
		if errors.Is(t.Err, queue.ErrAbsent) != absent || (t.Recipient == qs[0].Recipient) == absent {
			w.Errorf("answer %d: %+v", i, t)
		}
	}
	if len(w.fetch(qs[0], 0, 10)) != 2 {
		w.Error("those that were taken are not there")
	}
	if taken, err := w.s.Put(w.ctx, nil); err != nil || len(taken) != 0 {
		w.Errorf("nothing to put: %v, %v", taken, err)
	}
}

// refused checks that a message does not fit and another queue's does.
func (w world) refused(qs []queue.Queue, m queue.Put) {
	w.Helper()
	taken, err := w.s.Put(w.ctx, []queue.Put{m, Message(qs[1], uint64(m.ID[0]), 100)})
	w.must(err)
	if !errors.Is(taken[0].Err, queue.ErrFull) || taken[0].Recipient != qs[0].Recipient || taken[1].Err != nil {
		w.Errorf("a full queue and another: %+v", taken)
	}
}

func messages(w world) {
	qs := w.create(1, 3)
	first := Message(qs[0], 1, 100)
	numbers := w.put(first, Message(qs[0], 2, 100))
	taken, err := w.s.Put(w.ctx, []queue.Put{Message(qs[0], 3, 100), Message(qs[0], 4, 100)})
	w.must(err)
	if taken[0].Err != nil || !errors.Is(taken[1].Err, queue.ErrFull) {
		w.Errorf("the third and fourth of three, in one call: %+v", taken)
	}
	w.refused(qs, Message(qs[0], 5, 100))
	if again := w.put(first)[0]; again != numbers[0] {
		w.Errorf("one that is there, put into a full queue: number %d, want %d", again, numbers[0])
	}
	w.must(w.s.Ack(w.ctx, []queue.Ack{{Recipient: qs[0].Recipient, Numbers: numbers[:1]}}))
	w.put(Message(qs[0], 6, 100))
}

func octets(w world) {
	qs := w.create(1, 3)
	numbers := w.put(Message(qs[0], 1, 4096), Message(qs[0], 2, 4096))
	w.refused(qs, Message(qs[0], 3, 4096))
	w.put(Message(qs[0], 4, 1536))
	w.must(w.s.Ack(w.ctx, []queue.Ack{{Recipient: qs[0].Recipient, Numbers: numbers}}))
	w.put(Message(qs[0], 5, 8000))
}

func ack(w world) {
	qs := w.create(1, 3)
	one := w.put(Message(qs[0], 1, 4096), Message(qs[0], 2, 65536), Message(qs[0], 3, 10))
	other := w.put(Message(qs[1], 4, 4096))
	w.must(w.s.Ack(w.ctx, []queue.Ack{
		{Recipient: qs[0].Recipient, Numbers: []uint64{one[0], one[2], 1 << 62, other[0]}},
		{Recipient: Queue(9).Recipient, Numbers: []uint64{1}},
	}))
	w.must(w.s.Ack(w.ctx, []queue.Ack{{Recipient: qs[0].Recipient, Numbers: one[:1]}}))
	if left := w.fetch(qs[0], 0, 10); len(left) != 1 || left[0].Number != one[1] {
		w.Errorf("%d messages left, want the second", len(left))
	}
	if left := w.fetch(qs[1], 0, 10); len(left) != 1 {
		w.Error("an acknowledgement reached into another queue")
	}
	w.must(w.s.Ack(w.ctx, []queue.Ack{{Recipient: qs[0].Recipient, Numbers: one}, {Recipient: qs[1].Recipient, Numbers: other}}))
	w.stats(queue.Stats{Queues: 2})
	if next := w.put(Message(qs[0], 5, 10))[0]; next <= one[2] {
		w.Errorf("number %d after %d was given", next, one[2])
	}
	w.stats(queue.Stats{Queues: 2, Messages: 1, Octets: 10})
}

func (w world) stats(want queue.Stats) {
	w.Helper()
	got, err := w.s.Stats(w.ctx)
	w.must(err)
	if got != want {
		w.Errorf("stats %+v, want %+v", got, want)
	}
}

func remove(w world) {
	qs := w.create(1, 3)
	w.put(Message(qs[0], 1, 65536), Message(qs[0], 2, 10), Message(qs[1], 3, 10))
	w.must(w.s.Delete(w.ctx, qs[0].Recipient))
	if err := w.s.Delete(w.ctx, qs[0].Recipient); !errors.Is(err, queue.ErrAbsent) {
		w.Errorf("deleted twice: %v", err)
	}
	if _, err := w.s.BySender(w.ctx, qs[0].Sender); !errors.Is(err, queue.ErrAbsent) {
		w.Errorf("still there for the sender: %v", err)
	}
	w.stats(queue.Stats{Queues: 1, Messages: 1, Octets: 10})
	w.must(w.s.Create(w.ctx, qs[0]))
	if list := w.fetch(qs[0], 0, 10); len(list) != 0 {
		w.Errorf("%d messages of the queue before", len(list))
	}
}

// expireAll calls Expire until nothing is left to erase.
func (w world) expireAll(now time.Time, n int) int {
	w.Helper()
	all := 0
	for {
		erased, err := w.s.Expire(w.ctx, now, n)
		w.must(err)
		if erased == 0 {
			return all
		}
		if erased > n {
			w.Fatalf("%d erased, at most %d were asked for", erased, n)
		}
		all += erased
	}
}

func expire(w world) {
	qs := w.create(1, 40)
	now := time.Now()
	for i, q := range qs {
		gone, stays := Message(q, uint64(i), 100), Message(q, uint64(1000+i), 100)
		gone.Expires = now.Add(-time.Hour)
		w.put(gone, stays)
		if i == 0 { // the same id may come again when it has expired
			back := gone
			back.Expires, back.Body = stays.Expires, []byte("again")
			w.put(back)
		}
		if i > 0 && len(w.fetch(q, 0, 10)) != 1 {
			w.Errorf("queue %d shows what expired", i)
		}
	}
	if list := w.fetch(qs[0], 0, 10); len(list) != 2 || string(list[1].Body) != "again" {
		w.Errorf("put again when it had expired: %d messages", len(list))
	}
	erased := w.expireAll(now, 7)
	if erased != len(qs) && erased != len(qs)-1 { // an engine may replace what comes again
		w.Errorf("%d erased, want %d", erased, len(qs))
	}
	w.stats(queue.Stats{Queues: 39, Messages: 40, Octets: 3905})
	if n := w.expireAll(now.Add(time.Hour), 100); n != 0 {
		w.Errorf("%d erased before their time", n)
	}
	early := Message(qs[3], 5000, 10)
	early.Expires = now.Add(2 * time.Hour)
	w.put(early)
	if n := w.expireAll(now.Add(2*time.Hour+time.Second), 100); n != 1 {
		w.Errorf("%d erased, want the one that came later and expired sooner", n)
	}
	if n := w.expireAll(now.Add(25*time.Hour), 16); n != 40 {
		w.Errorf("%d erased a day later, want 40", n)
	}
}

func idle(w world) {
	qs := w.create(1, 4)
	w.put(Message(qs[0], 1, 100), Message(qs[1], 2, 100))
	later := qs[0].Seen.Add(60 * 24 * time.Hour)
	w.must(w.s.Present(w.ctx, []queue.ID{qs[1].Recipient, Queue(9).Recipient}, later))
	got := must(w.s.ByRecipient(w.ctx, qs[1].Recipient)).Seen
	if d := later.Sub(got); d < 0 || d > time.Hour {
		w.Errorf("seen %v, want %v to the hour", got, later)
	}
	w.must(w.s.Present(w.ctx, []queue.ID{qs[1].Recipient}, qs[0].Seen)) // an older word changes nothing
	w.expireAll(later, 100)                                             // the messages
	w.stats(queue.Stats{Queues: 3})
	if n := w.expireAll(qs[0].Seen.Add(91*24*time.Hour), 100); n != 2 {
		w.Errorf("%d erased, want the two queues that nobody came for", n)
	}
	if _, err := w.s.ByRecipient(w.ctx, qs[1].Recipient); err != nil {
		w.Errorf("the one whose recipient was there: %v", err)
	}
	if n := w.expireAll(later.Add(91*24*time.Hour), 100); n != 1 {
		w.Errorf("%d erased, want the last queue", n)
	}
	w.stats(queue.Stats{})
}

package queuetest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"
	"testing"

	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

const (
	loadQueues = 16
	loadSteady = 24 // messages of a queue that are there while more come
)

// Load puts messages into sixteen queues without end and acknowledges old ones,
// and writes down every step that later has to be true: "put q n" when message n
// of queue q was taken, "ack q n" before it is given up. It ends with ctx or with
// the store's first error, which is what a store does that is taken away.
func Load(ctx context.Context, s queue.Store, report io.Writer) error {
	if err := Fill(ctx, s, 0, loadQueues); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out := &lines{w: report}
	var all sync.WaitGroup
	for q := range uint64(loadQueues) {
		all.Go(func() { cancel(drive(ctx, s, q, out)) })
	}
	all.Wait()
	return context.Cause(ctx)
}

// lines writes whole lines, one at a time.
type lines struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lines) add(what string, q, n uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := fmt.Fprintf(l.w, "%s %d %d\n", what, q, n)
	return err
}

// size is the length of message n of a load: all classes come.
func size(n uint64) int { return []int{1536, 4096, 16384, 65536}[n%4] }

func drive(ctx context.Context, s queue.Store, number uint64, out *lines) error {
	q := Queue(number)
	var numbers []uint64
	for n := uint64(0); ; n++ {
		taken, err := s.Put(ctx, []queue.Put{Message(q, n, size(n))})
		if err = errors.Join(err, first(taken)); err != nil {
			return err
		}
		if err := out.add("put", number, n); err != nil {
			return err
		}
		if numbers = append(numbers, taken[0].Number); len(numbers) <= loadSteady {
			continue
		}
		if err := out.add("ack", number, n-loadSteady); err != nil {
			return err
		}
		err = s.Ack(ctx, []queue.Ack{{Recipient: q.Recipient, Numbers: numbers[:1]}})
		if err != nil {
			return err
		}
		numbers = numbers[1:]
	}
}

// Check holds a store that was taken away under Load to what Load reported:
// everything in promised that all does not give up is there, once, whole and in
// order. all is the whole report; promised is what was told for certain before
// the store was taken away. It returns how many messages that were.
func Check(t *testing.T, s queue.Store, promised, all []byte) int {
	t.Helper()
	w := newWorld(t, s)
	want := map[uint64]map[uint64]bool{}
	for q := range uint64(loadQueues) {
		want[q] = map[uint64]bool{}
	}
	for l := range steps(t, promised) {
		if l.what == "put" {
			want[l.q][l.n] = true
		}
	}
	for l := range steps(t, all) {
		if l.what == "ack" {
			delete(want[l.q], l.n)
		}
	}
	found := 0
	for q, messages := range want {
		found += w.whole(Queue(q), messages)
	}
	return found
}

// step is a line of a report.
type step struct {
	what string
	q, n uint64
}

func steps(t *testing.T, report []byte) iter.Seq[step] {
	return func(yield func(step) bool) {
		for in := bufio.NewScanner(bytes.NewReader(report)); in.Scan(); {
			var s step
			if _, err := fmt.Sscanf(in.Text(), "%s %d %d", &s.what, &s.q, &s.n); err != nil {
				t.Fatalf("line %q: %v", in.Text(), err)
			}
			if !yield(s) {
				return
			}
		}
	}
}

// whole checks what is in one queue.
func (w world) whole(q queue.Queue, want map[uint64]bool) (found int) {
	w.Helper()
	known := map[queue.MessageID]uint64{}
	for n := range want {
		known[Message(q, n, 0).ID] = n
	}
	last := uint64(0)
	for _, m := range w.fetch(q, 0, 10000) {
		n, ok := known[m.ID]
		if m.Number <= last {
			w.Errorf("number %d after %d", m.Number, last)
		}
		last = m.Number
		if !ok {
			continue // taken or given up when it happened, and nobody was told yet
		}
		if !bytes.Equal(m.Body, Message(q, n, size(n)).Body) {
			w.Errorf("message %d is not what was put: %d octets", n, len(m.Body))
		}
		delete(known, m.ID)
		found++
	}
	if len(known) > 0 {
		w.Errorf("%d of %d messages are lost that were taken", len(known), len(want))
	}
	return found
}

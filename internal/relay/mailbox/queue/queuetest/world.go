package queuetest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

// patience is how long a test waits for something that has to happen.
const patience = 2 * time.Minute

// world is a store under test.
type world struct {
	*testing.T
	ctx context.Context
	s   queue.Store
}

func newWorld(t *testing.T, s queue.Store) world {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return world{T: t, ctx: ctx, s: s}
}

// Queue is the n-th queue of a test, always the same.
func Queue(n uint64) queue.Queue {
	rid, sid := seed("recipient", n), seed("sender", n)
	return queue.Queue{
		Recipient: queue.ID(rid[:24]), Sender: queue.ID(sid[:24]),
		RecipientKey: seed("recipient key", n), SenderKey: seed("sender key", n),
		Days: 21, Seen: time.Now().Truncate(time.Second).UTC(),
	}
}

// Message is the n-th message of a test to a queue, with a body of so many
// octets that depends on n.
func Message(q queue.Queue, n uint64, octets int) queue.Put {
	s := seed("message", n)
	p := queue.Put{
		Sender: q.Sender, ID: queue.MessageID(s[:16]), Body: make([]byte, octets),
		Expires: time.Now().Add(24 * time.Hour).Truncate(time.Second).UTC(),
	}
	for i := range p.Body {
		p.Body[i] = s[i%32] + byte(i/32)
	}
	if octets >= 8 {
		binary.BigEndian.PutUint64(p.Body, n)
	}
	return p
}

func seed(what string, n uint64) [32]byte {
	return sha256.Sum256(binary.BigEndian.AppendUint64([]byte(what), n))
}

// create makes the queues from..to-1.
func (w world) create(from, to uint64) []queue.Queue {
	w.Helper()
	var list []queue.Queue
	for n := from; n < to; n++ {
		q := Queue(n)
		w.must(w.s.Create(w.ctx, q))
		list = append(list, q)
	}
	return list
}

func (w world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// put puts messages that have to be taken, and returns their numbers.
func (w world) put(puts ...queue.Put) []uint64 {
	w.Helper()
	taken, err := w.s.Put(w.ctx, puts)
	w.must(err)
	if len(taken) != len(puts) {
		w.Fatalf("%d answers for %d messages", len(taken), len(puts))
	}
	var numbers []uint64
	for i, t := range taken {
		if t.Err != nil {
			w.Fatalf("message %d of %d: %v", i, len(puts), t.Err)
		}
		numbers = append(numbers, t.Number)
	}
	return numbers
}

func (w world) fetch(q queue.Queue, after uint64, n int) []queue.Message {
	w.Helper()
	list, err := w.s.Fetch(w.ctx, q.Recipient, after, n)
	w.must(err)
	return list
}

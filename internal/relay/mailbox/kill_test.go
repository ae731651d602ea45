package mailbox_test

import (
	"context"
	"net/url"
	"sync"
	"testing"

	wire "github.com/kith-web/kith/internal/mailbox"
	"github.com/kith-web/kith/internal/mailbox/client"
)

// ledger is what senders and receivers know of messages.
type ledger struct {
	mu       sync.Mutex
	accepted map[wire.MessageID]bool // put, without asking twice
	doubtful map[wire.MessageID]bool // put, after a session ended under it
	seen     map[wire.MessageID]bool // delivered
	erased   map[wire.MessageID]bool // acknowledged, and told so
	again    int                     // came after they were erased, without doubt
}

func (l *ledger) count() (put, erased int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.accepted) + len(l.doubtful), len(l.erased)
}

// missing is how many messages were accepted and never came.
func (l *ledger) missing() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, m := range []map[wire.MessageID]bool{l.accepted, l.doubtful} {
		for id := range m {
			if !l.seen[id] {
				n++
			}
		}
	}
	return n
}

func (l *ledger) came(d client.Delivery) {
	l.mu.Lock()
	if l.seen[d.ID] = true; l.erased[d.ID] && l.accepted[d.ID] {
		l.again++
	}
	l.mu.Unlock()
	if d.Ack(context.Background()) != nil {
		return // it comes again, unless only the answer was lost
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.erased[d.ID] = true
}

// TestKilledUnderLoad ends a relay again and again while messages come and go:
// what it accepted comes, and what it erased does not come back.
func TestKilledUnderLoad(t *testing.T) {
	dir := t.TempDir()
	relay := spawn(t, dir, "127.0.0.1:0")
	at, err := url.Parse(relay.url)
	must(t, err)
	pool := client.NewPool(client.PoolOptions{})
	l := &ledger{
		accepted: map[wire.MessageID]bool{}, doubtful: map[wire.MessageID]bool{},
		seen: map[wire.MessageID]bool{}, erased: map[wire.MessageID]bool{},
	}
	ctx, stop := context.WithCancel(within(t))
	var senders sync.WaitGroup
	for range 8 {
		q := newPair(t)
		must(t, pool.Receive(within(t), relay.url, func(ctx context.Context, s *client.Session) error {
			return s.NewQueue(ctx, q.recipient, wire.PublicKey(q.sender.Key), 1)
		}))
		_, err := pool.Subscribe(relay.url, q.recipient, 16, func(d client.Delivery) { l.came(d) }, nil)
		must(t, err)
		senders.Go(func() { l.send(ctx, pool, relay.url, q.sender) })
	}
	for range 3 {
		_, before := l.count()
		until(t, "messages to pass", func() bool {
			_, n := l.count()
			return n > before+100
		})
		relay.kill()
		relay = spawn(t, dir, at.Host)
	}
	_, before := l.count()
	until(t, "messages to pass", func() bool {
		_, n := l.count()
		return n > before+100
	})
	stop()
	senders.Wait()
	until(t, "all that was accepted to come", func() bool { return l.missing() == 0 })
	must(t, pool.Close())
	put, _ := l.count()
	if l.again > 0 {
		t.Errorf("%d messages came back after they were erased", l.again)
	}
	t.Logf("%d messages, %d of them put twice", put, len(l.doubtful))
}

// send puts messages until ctx ends.
func (l *ledger) send(ctx context.Context, pool *client.Pool, relay string, to client.Sender) {
	content := body(4096)
	for ctx.Err() == nil {
		id, attempts := messageID(), 0
		err := pool.Send(ctx, relay, func(ctx context.Context, s *client.Session) error {
			attempts++
			return s.Put(ctx, to, id, 0, content)
		})
		if err != nil {
			continue // full, or the end
		}
		l.mu.Lock()
		if attempts == 1 {
			l.accepted[id] = true
		} else {
			l.doubtful[id] = true
		}
		l.mu.Unlock()
	}
}

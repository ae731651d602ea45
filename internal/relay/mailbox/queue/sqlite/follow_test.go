package sqlite_test

import (
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/relay/mailbox/queue"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/queuetest"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/segment"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/sqlite"
)

// TestFollow has two stores use one file for a while, as a relay does that follows
// another without a gap. Either has what the other was given, and when the first
// has gone the second gives back its disk, too.
func TestFollow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mailbox.db")
	o := sqlite.Options{
		DiskUsed: some, Tend: 10 * time.Millisecond,
		Bodies: segment.Options{Octets: 64 << 10, Rest: 10 * time.Millisecond},
	}
	one, err := sqlite.Open(path, o)
	must(t, err)
	q := queuetest.Queue(1)
	must(t, one.Create(t.Context(), q))
	var numbers []uint64
	var want []uint64
	give := func(s queue.Store) {
		for range 20 {
			n := uint64(len(numbers))
			numbers, want = append(numbers, put(t, s, q, n)), append(want, n)
		}
	}
	take := func(s queue.Store, some int) {
		must(t, s.Ack(t.Context(), []queue.Ack{{Recipient: q.Recipient, Numbers: numbers[want[0] : want[0]+uint64(some)]}}))
		want = want[some:]
	}
	give(one)
	var alone atomic.Bool
	o.Alone = alone.Load
	two := open(t, path, o)
	for _, s := range []*sqlite.Store{two, one, two} {
		give(s)
		take(s, 7)
		whole(t, one, q, want...)
		whole(t, two, q, want...)
	}
	must(t, one.Close())
	whole(t, two, q, want...)
	alone.Store(true)
	give(two)
	take(two, 30)
	whole(t, two, q, want...)
	take(two, len(want))
	until(t, "all disk to be given back", func() bool { return size(t, path) <= 128<<10 && len(bodies(t, path)) == 0 })
	give(two)
	must(t, two.Close())
	o.Alone = nil
	whole(t, open(t, path, o), q, want...)
}

// until waits for something.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(errors.New("waited in vain for " + what))
		}
	}
}

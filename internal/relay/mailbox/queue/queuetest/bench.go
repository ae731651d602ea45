package queuetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

const (
	benchQueues  = 10_000
	benchCallers = 256
)

// Fill makes the queues from..to-1, many at once.
func Fill(ctx context.Context, s queue.Store, from, to uint64) error {
	next := atomic.Uint64{}
	next.Store(from)
	errs := make(chan error, benchCallers)
	for range benchCallers {
		go func() {
			for {
				n := next.Add(1) - 1
				if n >= to {
					errs <- nil
					return
				}
				if err := s.Create(ctx, Queue(n)); err != nil {
					errs <- err
					return
				}
			}
		}()
	}
	var first error
	for range benchCallers {
		if err := <-errs; first == nil {
			first = err
		}
	}
	return first
}

// Bench puts b.N messages into ten thousand queues, each fetched and
// acknowledged by who put it, by 256 callers at once. It tells how many made the
// whole way in a second, how long a put took, and how much of the processors this
// process used for a message, which is steadier than rates on a busy machine.
func Bench(b *testing.B, s queue.Store, octets int) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := Fill(ctx, s, 0, benchQueues); err != nil {
		b.Fatal(err)
	}
	var next atomic.Uint64
	var mu sync.Mutex
	var took []time.Duration
	var callers sync.WaitGroup
	all := uint64(b.N)
	queues := make([]queue.Queue, benchQueues)
	for i := range queues {
		queues[i] = Queue(uint64(i))
	}
	body := Message(queues[0], 0, octets)
	b.SetBytes(int64(octets))
	b.ResetTimer()
	used := processor()
	for range benchCallers {
		callers.Go(func() {
			var mine []time.Duration
			for n := next.Add(1); n <= all; n = next.Add(1) {
				d, err := pass(ctx, s, queues[n*7919%benchQueues], body, n)
				if err != nil {
					b.Error(err)
					return
				}
				mine = append(mine, d)
			}
			mu.Lock()
			took = append(took, mine...)
			mu.Unlock()
		})
	}
	callers.Wait()
	b.StopTimer()
	report(b, took)
	b.ReportMetric(float64((processor()-used).Microseconds())/float64(b.N), "own-cpu-us/msg")
}

func report(b *testing.B, took []time.Duration) {
	if len(took) == 0 {
		return
	}
	slices.Sort(took)
	b.ReportMetric(float64(len(took))/b.Elapsed().Seconds(), "msg/s")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "put-p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "put-p99-ms")
}

// pass brings one message through a queue, and says how long the put took.
func pass(ctx context.Context, s queue.Store, q queue.Queue, body queue.Put, n uint64) (time.Duration, error) {
	p := body
	p.Sender = q.Sender
	for i := range 8 {
		p.ID[i] = byte(n >> (8 * i))
	}
	start := time.Now()
	taken, err := s.Put(ctx, []queue.Put{p})
	d := time.Since(start)
	if err = errors.Join(err, first(taken)); err != nil {
		return 0, err
	}
	got, err := s.Fetch(ctx, q.Recipient, taken[0].Number-1, 1)
	if err != nil {
		return 0, err
	}
	if len(got) != 1 || got[0].ID != p.ID || len(got[0].Body) != len(p.Body) {
		return 0, fmt.Errorf("message %d is not there", n)
	}
	return d, s.Ack(ctx, []queue.Ack{{Recipient: q.Recipient, Numbers: []uint64{got[0].Number}}})
}

func first(taken []queue.Taken) error {
	if len(taken) == 1 {
		return taken[0].Err
	}
	return nil
}

package postgres

import (
	"bytes"
	"context"
	"slices"

	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

// ack is a call of Ack that waits.
type ack struct {
	acks []queue.Ack
	err  error
	done chan struct{}
}

func (a *ack) size() int { return len(a.acks) }

func (a *ack) finish(err error) {
	a.err = err
	close(a.done)
}

// Ack erases messages, in one statement with what others acknowledge at the
// same time.
func (s *Store) Ack(ctx context.Context, acks []queue.Ack) error {
	a := &ack{acks: acks, done: make(chan struct{})}
	if err := s.acks.add(ctx, a); err != nil {
		return err
	}
	<-a.done
	return a.err
}

func (s *Store) flushAcks(calls []*ack) {
	ctx, cancel := context.WithTimeout(context.Background(), s.o.Timeout)
	defer cancel()
	type one struct {
		recipient []byte
		number    int64
	}
	var all []one
	for _, c := range calls {
		for i := range c.acks {
			for _, n := range c.acks[i].Numbers {
				all = append(all, one{c.acks[i].Recipient[:], int64(n)})
			}
		}
	}
	slices.SortFunc(all, func(a, b one) int { return bytes.Compare(a.recipient, b.recipient) })
	recipients, numbers := make([][]byte, len(all)), make([]int64, len(all))
	for i, o := range all {
		recipients[i], numbers[i] = o.recipient, o.number
	}
	err := s.again(ctx, func() error {
		_, err := s.pool.Exec(ctx, `DELETE FROM mailbox_message m USING unnest($1::bytea[], $2::bigint[]) AS a (recipient, number)
			WHERE m.recipient = a.recipient AND m.number = a.number`, recipients, numbers)
		return err
	})
	err = explain("acknowledge in", err)
	for _, c := range calls {
		c.finish(err)
	}
}

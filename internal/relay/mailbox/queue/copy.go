package queue

import (
	"context"
	"fmt"
)

// copied is how many queues, and how many messages of one, are copied at once.
const copied = 64

// Copy copies all queues and what waits in them from one store into another
// that no relay uses yet, and counts them. It may be called again after it
// failed: what is there already stays. Messages get new numbers, so that
// sessions have to begin anew.
func Copy(ctx context.Context, from, to Store) (done Stats, err error) {
	var after ID
	for {
		list, err := from.Queues(ctx, after, copied)
		if err != nil {
			return done, fmt.Errorf("list the queues: %w", err)
		}
		if len(list) == 0 {
			return done, nil
		}
		for _, q := range list {
			if err := to.Create(ctx, q); err != nil {
				return done, fmt.Errorf("copy the queue %x: %w", q.Recipient, err)
			}
			if err := copyMessages(ctx, from, to, q, &done); err != nil {
				return done, fmt.Errorf("copy the messages of %x: %w", q.Recipient, err)
			}
			done.Queues++
			after = q.Recipient
		}
	}
}

func copyMessages(ctx context.Context, from, to Store, q Queue, done *Stats) error {
	var after uint64
	for {
		list, err := from.Fetch(ctx, q.Recipient, after, copied)
		if err != nil || len(list) == 0 {
			return err
		}
		puts := make([]Put, len(list))
		for i, m := range list {
			puts[i] = Put{Sender: q.Sender, ID: m.ID, Body: m.Body, Expires: m.Expires}
			after = m.Number
		}
		taken, err := to.Put(ctx, puts)
		if err != nil {
			return err
		}
		for i, t := range taken {
			if t.Err != nil {
				return t.Err
			}
			done.Messages++
			done.Octets += int64(len(puts[i].Body))
		}
	}
}

package postgres

import (
	"context"
	"errors"
	"sync"
)

// item is something that waits to be flushed together with others.
type item interface {
	size() int
	finish(err error)
}

// batcher gathers what callers bring and flushes it with a few workers.
type batcher[T item] struct {
	calls   chan T
	batch   int
	octets  int
	closing chan struct{}
	workers sync.WaitGroup
}

var errClosed = errors.New("the mailboxes are closed")

func newBatcher[T item](workers, batch, octets int, flush func([]T)) *batcher[T] {
	b := &batcher[T]{calls: make(chan T), batch: batch, octets: octets, closing: make(chan struct{})}
	for range workers {
		b.workers.Go(func() {
			for {
				select {
				case c := <-b.calls:
					flush(b.gather(c))
				case <-b.closing:
					return
				}
			}
		})
	}
	return b
}

// add brings c; it is not heard of again when there is an error.
func (b *batcher[T]) add(ctx context.Context, c T) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case b.calls <- c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-b.closing:
		return errClosed
	}
}

// gather adds to c what else waits, as far as one transaction goes.
func (b *batcher[T]) gather(c T) []T {
	list, octets := []T{c}, c.size()
	for len(list) < b.batch && octets < b.octets {
		select {
		case c = <-b.calls:
			list = append(list, c)
			octets += c.size()
		default:
			return list
		}
	}
	return list
}

// close ends the workers when they have flushed what they took.
func (b *batcher[T]) close() {
	close(b.closing)
	b.workers.Wait()
}

package openscreen

import (
	"context"
	"sync"
)

// queue hands values from those that find them to those that wait for them.
type queue[T any] struct {
	mu     sync.Mutex
	items  []T
	most   int
	wake   chan struct{}
	closed chan struct{}
	err    error
}

// newQueue makes a queue of at most most values.
func newQueue[T any](most int) *queue[T] {
	return &queue[T]{most: most, wake: make(chan struct{}, 1), closed: make(chan struct{})}
}

// push adds v, and reports whether there was room.
func (q *queue[T]) push(v T) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil || len(q.items) >= q.most {
		return false
	}
	q.items = append(q.items, v)
	q.signal()
	return true
}

// replace adds v, dropping the oldest when there is no room.
func (q *queue[T]) replace(v T) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil {
		return
	}
	if len(q.items) >= q.most {
		q.items = q.items[1:]
	}
	q.items = append(q.items, v)
	q.signal()
}

func (q *queue[T]) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// pop returns the oldest value, or the error of close once there is none.
func (q *queue[T]) pop(ctx context.Context) (T, error) {
	var none T
	for {
		q.mu.Lock()
		if len(q.items) > 0 {
			v := q.items[0]
			q.items[0] = none
			q.items = q.items[1:]
			if len(q.items) > 0 {
				q.signal()
			}
			q.mu.Unlock()
			return v, nil
		}
		err := q.err
		q.mu.Unlock()
		if err != nil {
			return none, err
		}
		select {
		case <-ctx.Done():
			return none, ctx.Err()
		case <-q.wake:
		case <-q.closed:
		}
	}
}

// close has pop fail with err, and returns what nobody took.
func (q *queue[T]) close(err error) []T {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil {
		return nil
	}
	q.err = err
	left := q.items
	q.items = nil
	close(q.closed)
	return left
}

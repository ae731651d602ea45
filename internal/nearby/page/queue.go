package page

import (
	"context"
	"sync"
)

// queue holds what a page sent until the network takes it. How much may wait is
// for its owner to say.
type queue struct {
	mu     sync.Mutex
	frames []frame
	closed bool
	wake   chan struct{} // with room for one
	free   func(frame)
}

func newQueue(free func(frame)) *queue { return &queue{wake: make(chan struct{}, 1), free: free} }

// put adds a frame; it is freed at once when nobody takes any more.
func (q *queue) put(f frame) {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		q.free(f)
		return
	}
	q.frames = append(q.frames, f)
	q.mu.Unlock()
	q.signal()
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// get takes the oldest frame, and waits for one until ctx ends.
func (q *queue) get(ctx context.Context) (frame, error) {
	for {
		q.mu.Lock()
		if len(q.frames) > 0 {
			f := q.frames[0]
			q.frames[0] = frame{}
			q.frames = q.frames[1:]
			q.mu.Unlock()
			return f, nil
		}
		q.mu.Unlock()
		select {
		case <-ctx.Done():
			return frame{}, context.Cause(ctx)
		case <-q.wake:
		}
	}
}

// close drops what waits, and what is put from now on.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for _, f := range q.frames {
		q.free(f)
	}
	q.frames = nil
}

package tracker

import (
	"context"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/relay/guard"
)

// goingAway is the status code of a server that goes down (RFC 6455 §7.4.1).
const goingAway = 1001

// sockets is all open WebSockets.
type sockets struct {
	ping, patience uint32 // seconds
	count          *guard.Count

	mu     sync.Mutex
	open   map[*socket]struct{}
	closed bool
	wg     sync.WaitGroup
}

func newSockets(o Options) *sockets {
	return &sockets{
		ping:     uint32(max(o.PingEvery/time.Second, 1)),
		patience: uint32(max(o.Patience/time.Second, 1)),
		count:    guard.NewCount(o.MaxSocketsPerAddress, o.MaxSockets),
		open:     map[*socket]struct{}{},
	}
}

// add enters c; not while the tracker is going down.
func (s *sockets) add(c *socket) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.open[c] = struct{}{}
	s.wg.Add(1)
	return true
}

// remove is called once for each that was added.
func (s *sockets) remove(c *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
	s.wg.Done()
}

func (s *sockets) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

func (s *sockets) all() []*socket {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*socket, 0, len(s.open))
	for c := range s.open {
		list = append(list, c)
	}
	return list
}

// check asks the silent for a sign of life and closes the dead and the
// sluggish.
func (s *sockets) check(now uint32) {
	for _, c := range s.all() {
		silent := now - c.heard.Load()
		switch {
		case silent > s.ping*5/2, tooLong(c.reading.Load(), now, s.patience), tooLong(c.writing.Load(), now, s.patience):
			c.close()
		case silent >= s.ping && now-c.asked.Load() >= s.ping:
			c.asked.Store(now)
			c.send(opPing)
		}
	}
}

func tooLong(since, now, most uint32) bool { return since != 0 && now > since && now-since > most }

// Drain closes all WebSockets, spread over a time so that their owners do not
// all knock at the next door at once, and takes no new ones. It returns when
// all are closed; when ctx ends it closes the rest at once.
func (t *Tracker) Drain(ctx context.Context, over time.Duration) {
	s := t.sockets
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	list := s.all()
	const steps = 20
	tick := time.NewTicker(max(over/steps, time.Millisecond))
	defer tick.Stop()
	for i := range steps {
		for _, c := range list[i*len(list)/steps : (i+1)*len(list)/steps] {
			c.farewell(goingAway)
		}
		if len(list) == 0 || ctx.Err() != nil {
			continue
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	stop := context.AfterFunc(ctx, func() {
		for _, c := range s.all() {
			c.close()
		}
	})
	defer stop()
	s.wg.Wait()
}

package mailbox

import (
	"context"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/mailbox"
	"github.com/kith-web/kith/internal/relay/guard"
)

// sessions is all that are open.
type sessions struct {
	ping  time.Duration
	count *guard.Count

	mu     sync.Mutex
	open   map[*session]struct{}
	closed bool
	wg     sync.WaitGroup
}

func newSessions(o Options) *sessions {
	return &sessions{
		ping: o.PingEvery, count: guard.NewCount(o.MaxSessionsPerAddress, o.MaxSessions), open: map[*session]struct{}{},
	}
}

// add enters s; not while the relay is going down.
func (l *sessions) add(s *session) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.open[s] = struct{}{}
	l.wg.Add(1)
	return true
}

// remove is called once for each that was added.
func (l *sessions) remove(s *session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, s)
	l.wg.Done()
}

func (l *sessions) all() []*session {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]*session, 0, len(l.open))
	for s := range l.open {
		list = append(list, s)
	}
	return list
}

// check asks the silent for a sign of life. Reading has deadlines of its own.
func (l *sessions) check(now time.Time) {
	for _, s := range l.all() {
		if now.Sub(time.Unix(s.heard.Load(), 0)) >= l.ping && now.Sub(time.Unix(s.asked.Load(), 0)) >= l.ping {
			s.asked.Store(now.Unix())
			s.askAlive()
		}
	}
}

// end closes all at once and waits for what they were doing.
func (l *sessions) end() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	for _, s := range l.all() {
		s.close()
	}
	l.wg.Wait()
}

// Drain takes no new sessions, tells those there are that the relay moves, and
// ends them over a time, each when it has got its answers. When ctx ends the
// rest is left to Run.
func (p *Part) Drain(ctx context.Context, over time.Duration) {
	l := p.sessions
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	list := l.all()
	for _, s := range list {
		s.send(mailbox.Moved, 0)
	}
	const steps = 20
	tick := time.NewTicker(max(over/steps, time.Millisecond))
	defer tick.Stop()
	for i := range steps {
		for _, s := range list[i*len(list)/steps : (i+1)*len(list)/steps] {
			s.farewell(goingAway)
		}
		if len(list) == 0 || ctx.Err() != nil {
			continue
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	gone := make(chan struct{})
	go func() {
		l.wg.Wait()
		close(gone)
	}()
	select {
	case <-gone:
	case <-ctx.Done():
	}
}

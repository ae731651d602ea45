package client

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/mailbox"
)

// Pool keeps sessions to relays, one for sending and one for receiving with
// each, and makes them anew when they end, with what was subscribed. Close it.
type Pool struct {
	options func(relay string) Options
	wait    backoff
	moved   backoff // after MOVED

	mu     sync.Mutex
	closed bool
	relays map[string]*member
	stop   chan struct{}
	wg     sync.WaitGroup
}

// PoolOptions are the choices of a Pool.
type PoolOptions struct {
	// Relay returns how to talk to the relay at a URL: with all defaults.
	Relay func(relay string) Options
	// MovedWithin is the time over which those who listen come back to a relay that
	// moves: 30 seconds.
	MovedWithin time.Duration
}

// NewPool returns a Pool without sessions. They are opened when they are needed.
func NewPool(o PoolOptions) *Pool {
	if o.Relay == nil {
		o.Relay = func(string) Options { return Options{} }
	}
	if o.MovedWithin <= 0 {
		o.MovedWithin = 30 * time.Second
	}
	return &Pool{options: o.Relay, wait: defaultBackoff(), moved: backoff{0, o.MovedWithin}, relays: map[string]*member{}, stop: make(chan struct{})}
}

// member is one relay of a pool.
type member struct {
	sending, receiving line
}

// line is the place of one session.
type line struct {
	mu      sync.Mutex
	session *Session
	opening chan struct{} // closed when somebody is done with opening
	failed  error         // what the last attempt said
}

func (p *Pool) relay(url string) (*member, error) {
	if err := CheckURL(url); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, ErrGone
	}
	m := p.relays[url]
	if m == nil {
		m = &member{}
		p.relays[url] = m
	}
	return m, nil
}

// Close ends all sessions and subscriptions, and waits for handlers.
func (p *Pool) Close() error {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		close(p.stop)
	}
	p.mu.Unlock()
	p.wg.Wait()
	var errs []error
	for _, m := range p.relays {
		for _, l := range []*line{&m.sending, &m.receiving} {
			errs = append(errs, l.close())
		}
	}
	return errors.Join(errs...)
}

func (l *line) close() error {
	l.mu.Lock()
	s := l.session
	l.session = nil
	l.mu.Unlock()
	if s == nil {
		return nil
	}
	return s.Close()
}

// Sending returns the session for sending with a relay, opening it if need be.
func (p *Pool) Sending(ctx context.Context, relay string) (*Session, error) {
	m, err := p.relay(relay)
	if err != nil {
		return nil, err
	}
	return p.open(ctx, relay, &m.sending)
}

// Receiving returns the session for receiving, and for making queues.
func (p *Pool) Receiving(ctx context.Context, relay string) (*Session, error) {
	m, err := p.relay(relay)
	if err != nil {
		return nil, err
	}
	return p.open(ctx, relay, &m.receiving)
}

// open returns a line's session. One caller opens it, the others wait.
func (p *Pool) open(ctx context.Context, relay string, l *line) (*Session, error) {
	for {
		l.mu.Lock()
		if s := l.session; s != nil {
			select {
			case <-s.Done():
				l.session = nil
			case <-s.Moved():
				l.session = nil
				p.retire(s)
			default:
				l.mu.Unlock()
				return s, nil
			}
		}
		opening := l.opening
		if opening == nil {
			l.opening = make(chan struct{})
		}
		l.mu.Unlock()
		if opening == nil {
			return p.dial(ctx, relay, l)
		}
		select {
		case <-opening:
			l.mu.Lock()
			s, err := l.session, l.failed
			l.mu.Unlock()
			// Without either, the session was opened and has ended since.
			if s == nil && err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
				return nil, err
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// retire closes a session once what is at work on it had its time.
func (p *Pool) retire(s *Session) {
	p.spawn(func(ctx context.Context) {
		select {
		case <-s.Done():
		case <-ctx.Done():
		}
		if err := s.Close(); err != nil {
			s.o.Log.Debug("cannot close a session", "error", err)
		}
	})
}

func (p *Pool) dial(ctx context.Context, relay string, l *line) (*Session, error) {
	ctx, end := context.WithCancel(ctx)
	defer end()
	defer context.AfterFunc(p.context(ctx), end)()
	s, err := Dial(ctx, relay, p.options(relay))
	p.mu.Lock()
	closed := p.closed
	p.mu.Unlock()
	if err == nil && closed {
		err = errors.Join(ErrGone, s.Close())
		s = nil
	}
	l.mu.Lock()
	l.session, l.failed = s, err
	close(l.opening)
	l.opening = nil
	l.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return s, nil
}

// context ends when the pool does, or ctx.
func (p *Pool) context(ctx context.Context) context.Context {
	ctx, stop := context.WithCancel(ctx)
	go func() {
		select {
		case <-p.stop:
		case <-ctx.Done():
		}
		stop()
	}()
	return ctx
}

// spawn runs f with a context that ends with the pool; not after that.
func (p *Pool) spawn(f func(context.Context)) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.wg.Go(func() {
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		f(p.context(ctx))
	})
	return true
}

// Put sends a message as Session.Put does, over as many sessions as it takes
// until ctx ends. A refusal or a request to wait is returned at once.
func (p *Pool) Put(ctx context.Context, relay string, to Sender, id mailbox.MessageID, days uint8, body []byte) error {
	return p.Send(ctx, relay, func(ctx context.Context, s *Session) error { return s.Put(ctx, to, id, days, body) })
}

// Send does f on the session for sending, again when the session ends under it.
// f has to be something that may be done twice.
func (p *Pool) Send(ctx context.Context, relay string, f func(context.Context, *Session) error) error {
	m, err := p.relay(relay)
	if err != nil {
		return err
	}
	return p.try(ctx, relay, &m.sending, f)
}

// Receive is Send on the session for receiving: for NewQueue, Delete, Push.
func (p *Pool) Receive(ctx context.Context, relay string, f func(context.Context, *Session) error) error {
	m, err := p.relay(relay)
	if err != nil {
		return err
	}
	return p.try(ctx, relay, &m.receiving, f)
}

func (p *Pool) try(ctx context.Context, relay string, l *line, f func(context.Context, *Session) error) error {
	for attempt := 0; ; attempt++ {
		s, err := p.open(ctx, relay, l)
		if err == nil {
			if err = f(ctx, s); err == nil || !errors.Is(err, ErrGone) {
				return err
			}
		}
		if errors.Is(err, ErrNo) || errors.Is(err, ErrOther) {
			return err
		}
		if stopped := p.wait.sleep(ctx, p.stop, attempt); stopped != nil {
			return fmt.Errorf("%w: %w", stopped, err)
		}
	}
}

// Subscribe has handle called with what comes into a queue, one after another,
// until stop is called or the pool is closed, over as many sessions as it takes.
// What was not acknowledged when a session ended comes again. trouble, unless
// nil, is told why there is no subscription just now, and nil when there is one
// again.
func (p *Pool) Subscribe(relay string, recipient ed25519.PrivateKey, credit int, handle func(Delivery), trouble func(error)) (stop func(), err error) {
	m, err := p.relay(relay)
	if err != nil {
		return nil, err
	}
	if trouble == nil {
		trouble = func(error) {}
	}
	ended := make(chan struct{})
	if !p.spawn(func(ctx context.Context) {
		ctx, end := context.WithCancel(ctx)
		defer end()
		go func() {
			select {
			case <-ended:
				end()
			case <-ctx.Done():
			}
		}()
		p.listen(ctx, relay, m, recipient, credit, handle, trouble)
	}) {
		return nil, ErrGone
	}
	return sync.OnceFunc(func() { close(ended) }), nil
}

// listen keeps one subscription until ctx ends.
func (p *Pool) listen(ctx context.Context, relay string, m *member, recipient ed25519.PrivateKey, credit int, handle func(Delivery), trouble func(error)) {
	id := mailbox.RecipientID(mailbox.PublicKey(recipient))
	for attempt := 0; ctx.Err() == nil; attempt++ {
		wait := p.wait
		s, err := p.open(ctx, relay, &m.receiving)
		if err == nil {
			err = s.Subscribe(ctx, recipient, credit, handle)
		}
		if err == nil {
			attempt = 0
			trouble(nil)
			select {
			case <-s.Done():
				err = s.Err()
			case <-s.Moved():
				err, wait = ErrGone, p.moved
			case <-ctx.Done():
				p.unsubscribe(s, id)
				return
			}
		}
		if ctx.Err() != nil {
			return
		}
		trouble(err)
		if wait.sleep(ctx, p.stop, attempt) != nil {
			return
		}
	}
}

// unsubscribe tells the relay, unless the session is at its end anyway.
func (p *Pool) unsubscribe(s *Session, id mailbox.ID) {
	ctx, stop := context.WithTimeout(context.Background(), s.o.Timeout)
	defer stop()
	select {
	case <-p.stop:
		return
	default:
	}
	if err := s.Unsubscribe(ctx, id); err != nil {
		s.o.Log.Debug("cannot unsubscribe", "error", err)
	}
}

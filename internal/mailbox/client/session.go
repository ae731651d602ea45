package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/kith-web/kith/internal/mailbox"
)

// Session is one WebSocket with a relay. All methods may be called from many
// goroutines at once; none is of use after Done.
type Session struct {
	o       Options
	url     string
	conn    *websocket.Conn
	welcome mailbox.WelcomePayload
	place   mailbox.Place

	slots chan struct{} // one for each command that waits
	out   outbox
	moved chan struct{}
	done  chan struct{}

	mu       sync.Mutex
	err      error // why it ended
	tag      uint32
	pending  map[uint32]chan mailbox.Record
	proofs   map[proofKey]*proof
	handlers map[mailbox.ID]*subscription
	goodbye  bool // MOVED was heard
	wg       sync.WaitGroup
}

// Dial opens a session with the relay at a URL such as wss://relay.example. ctx
// bounds the opening alone; Close ends the session.
func Dial(ctx context.Context, relay string, o Options) (*Session, error) {
	o = o.withDefaults()
	at, err := target(relay, "ws", mailbox.Path)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithTimeout(ctx, o.Timeout)
	defer stop()
	web := o.web()
	conn, resp, err := websocket.Dial(ctx, at, &websocket.DialOptions{
		HTTPClient: web, Subprotocols: []string{mailbox.Protocol}, CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		if resp != nil {
			return nil, fmt.Errorf("open a session with %s: it answers %s: %w", relay, resp.Status, err)
		}
		return nil, fmt.Errorf("open a session with %s: %w", relay, err)
	}
	s := &Session{
		o: o, url: relay, conn: conn, slots: make(chan struct{}, o.Inflight),
		moved: make(chan struct{}), done: make(chan struct{}),
		pending: map[uint32]chan mailbox.Record{}, proofs: map[proofKey]*proof{}, handlers: map[mailbox.ID]*subscription{},
	}
	s.out.ready = make(chan struct{}, 1)
	if err := s.hello(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open a session with %s: %w", relay, err), ignoreClosed(conn.CloseNow()))
	}
	s.begin()
	return s, nil
}

// hello is the first exchange, before anything else may be asked.
func (s *Session) hello(ctx context.Context) error {
	if s.conn.Subprotocol() != mailbox.Protocol {
		return fmt.Errorf("it does not speak %s", mailbox.Protocol)
	}
	s.conn.SetReadLimit(mailbox.MaxMessage)
	p := mailbox.HelloPayload{Version: mailbox.Version, Token: []byte(s.o.Token)}
	if err := s.conn.Write(ctx, websocket.MessageBinary, mailbox.Append(nil, mailbox.Hello, 1, p.Append(nil))); err != nil {
		return err
	}
	_, message, err := s.conn.Read(ctx)
	if err != nil {
		return err
	}
	r, rest, err := mailbox.Next(message)
	switch {
	case err != nil:
		return err
	case r.Type == mailbox.No:
		return fmt.Errorf("%w the token, or the version", ErrNo)
	case r.Type == mailbox.Moved:
		return ErrGone
	case r.Type != mailbox.Welcome || len(rest) > 0:
		return mailbox.ErrMalformed
	}
	if s.welcome, err = mailbox.ParseWelcome(r.Payload); err != nil {
		return err
	}
	if s.o.Relay != nil && *s.o.Relay != s.welcome.Relay {
		return ErrOther
	}
	s.place = mailbox.Place{Relay: s.welcome.Relay, Nonce: s.welcome.Nonce}
	s.tag = 1
	return nil
}

// begin starts what works for as long as the session lasts.
func (s *Session) begin() {
	ctx, stop := context.WithCancel(context.Background())
	s.wg.Go(func() {
		<-s.done
		stop()
	})
	s.wg.Go(func() { s.fail(s.read(ctx)) })
	s.wg.Go(func() { s.fail(s.write(ctx)) })
	s.wg.Go(func() { s.fail(s.stayAlive(ctx)) })
}

// Relay is the id of the relay, which it does not prove: TLS does.
func (s *Session) Relay() mailbox.Key { return s.welcome.Relay }

// Limits are what the relay said of itself.
func (s *Session) Limits() mailbox.Limits { return s.welcome.Limits }

// Done is closed when the session has ended.
func (s *Session) Done() <-chan struct{} { return s.done }

// Moved is closed when the relay has said that it is about to end.
func (s *Session) Moved() <-chan struct{} { return s.moved }

// Err is why the session ended; nil before.
func (s *Session) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Close ends the session and waits until its handlers have returned, so none of
// them may call it. What was not answered fails with ErrGone.
func (s *Session) Close() error {
	s.fail(nil)
	s.wg.Wait()
	return nil
}

// fail ends the session once.
func (s *Session) fail(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return
	}
	s.err = ErrGone
	if cause != nil {
		s.err = fmt.Errorf("%w: %w", ErrGone, cause)
	}
	close(s.done)
	if err := ignoreClosed(s.conn.CloseNow()); err != nil {
		s.o.Log.Debug("cannot close a session", "error", err)
	}
}

// ignoreClosed drops what closing twice says.
func ignoreClosed(err error) error {
	if err != nil && errors.Is(err, errClosed) {
		return nil
	}
	return err
}

// stayAlive asks for signs of life.
func (s *Session) stayAlive(ctx context.Context) error {
	tick := time.NewTicker(s.o.PingEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := s.Ping(ctx); err != nil {
				return err
			}
		}
	}
}

// Ping asks for a sign of life.
func (s *Session) Ping(ctx context.Context) error {
	_, err := s.ask(ctx, mailbox.Ping)
	return err
}

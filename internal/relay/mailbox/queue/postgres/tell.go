package postgres

import (
	"context"
	"encoding/base64"
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

const (
	// channel is what relays tell one another by (NOTIFY).
	channel = "kith_mailbox"
	// toldAtOnce is how many queues go into one notification, which PostgreSQL
	// limits to 8,000 octets, and untold how many wait to; more are not told.
	toldAtOnce = 200
	untold     = 10_000
	// tellTimeout bounds a notification.
	tellTimeout = 10 * time.Second
	// listenAgain is how long it takes at most until a relay listens again.
	listenAgain = 30 * time.Second
)

// news is what other relays have to be told: queues to which something was put.
// It is sent when the messages are durable, and nobody waits for it.
type news struct {
	self string // who tells, for those who hear themselves
	wake chan struct{}

	mu      sync.Mutex
	queues  map[queue.ID]struct{}
	useless bool // the database takes no notifications
}

func newNews() *news {
	return &news{self: strconv.FormatUint(rand.Uint64(), 36), wake: make(chan struct{}, 1), queues: map[queue.ID]struct{}{}}
}

// add notes what was put.
func (n *news) add(calls []*put) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range calls {
		for _, t := range c.taken {
			if t.Err == nil && !n.useless && len(n.queues) < untold {
				n.queues[t.Recipient] = struct{}{}
			}
		}
	}
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// next is a notification to send, or nothing.
func (n *news) next() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.queues) == 0 {
		return ""
	}
	words := []string{n.self}
	for id := range n.queues {
		words = append(words, base64.RawURLEncoding.EncodeToString(id[:]))
		delete(n.queues, id)
		if len(words) > toldAtOnce {
			break
		}
	}
	return strings.Join(words, " ")
}

// giveUp ends telling.
func (n *news) giveUp() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.useless = true
	clear(n.queues)
}

// heard is what a notification says, if it is one of another relay.
func (n *news) heard(payload string) (list []queue.ID) {
	self, rest, _ := strings.Cut(payload, " ")
	if self == n.self {
		return nil
	}
	for word := range strings.FieldsSeq(rest) {
		var id queue.ID
		if b, err := base64.RawURLEncoding.DecodeString(word); err == nil && len(b) == len(id) {
			list = append(list, queue.ID(b))
		}
	}
	return list
}

// tell sends notifications until ctx ends.
func (s *Store) tell(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.news.wake:
		}
		for payload := s.news.next(); payload != ""; payload = s.news.next() {
			if err := s.tellOnce(ctx, payload); isCode(err, notSupported, undefinedFunction) {
				s.o.Log.Info("the mailboxes' database takes no notifications; relays look for themselves")
				s.news.giveUp()
				return
			} else if err != nil && ctx.Err() == nil {
				s.o.Log.Warn("cannot tell other relays of messages; they look for themselves", "error", err)
			}
		}
	}
}

func (s *Store) tellOnce(ctx context.Context, payload string) error {
	ctx, stop := context.WithTimeout(ctx, tellTimeout)
	defer stop()
	_, err := s.pool.Exec(ctx, "SELECT pg_notify($1, $2)", channel, payload)
	return err
}

// Hear implements queue.Teller.
func (s *Store) Hear(ctx context.Context, arrived func(recipient queue.ID)) {
	for wait := time.Second; ; wait = min(2*wait, listenAgain) {
		began := time.Now()
		err := s.listen(ctx, arrived)
		if ctx.Err() != nil {
			return
		}
		if isCode(err, notSupported) {
			s.o.Log.Info("the mailboxes' database has no LISTEN; relays look for themselves")
			return
		}
		s.o.Log.Warn("cannot hear what other relays tell; this one looks for itself", "error", err)
		if time.Since(began) > listenAgain {
			wait = time.Second
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
	}
}

// listen hears until the connection ends.
func (s *Store) listen(ctx context.Context, arrived func(recipient queue.ID)) (err error) {
	c, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer func() {
		closing, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer stop()
		err = errors.Join(err, c.Close(closing))
	}()
	if _, err := c.Exec(ctx, "LISTEN "+channel); err != nil {
		return err
	}
	for {
		n, err := c.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		for _, id := range s.news.heard(n.Payload) {
			arrived(id)
		}
	}
}

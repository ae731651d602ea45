package mailbox_test

import (
	"context"
	"errors"
	"net/url"
	"testing"
	"time"

	wire "github.com/kith-web/kith/internal/mailbox"
	"github.com/kith-web/kith/internal/mailbox/client"
)

// TestPool sends and listens over the ends of a relay, with sessions apart for
// the two.
func TestPool(t *testing.T) {
	dir := t.TempDir()
	o := open(dir)
	r := run(t, dir, "127.0.0.1:0", o)
	p := client.NewPool(client.PoolOptions{MovedWithin: time.Millisecond})
	q := newPair(t)
	must(t, p.Receive(within(t), r.url, func(ctx context.Context, s *client.Session) error {
		return s.NewQueue(ctx, q.recipient, wire.PublicKey(q.sender.Key), 7)
	}))
	got := make(chan client.Delivery, 100)
	up := make(chan error, 100)
	stop, err := p.Subscribe(r.url, q.recipient, 8, func(d client.Delivery) {
		if d.Ack(within(t)) == nil {
			got <- d
		}
	}, func(err error) { up <- err })
	must(t, err)
	if err := <-up; err != nil {
		t.Errorf("the first subscription: %v", err)
	}
	send := func() wire.MessageID {
		id := messageID()
		must(t, p.Put(within(t), r.url, q.sender, id, 0, body(1536)))
		return id
	}
	for range 3 {
		if want := send(); next(t, got).ID != want {
			t.Errorf("another message than %x came", want)
		}
		if n := r.Count().Sessions; n != 2 {
			t.Errorf("%d sessions are open, want one to send and one to receive", n)
		}
		at, err := url.Parse(r.url)
		must(t, err)
		r.stop()
		if err := <-up; err == nil {
			t.Error("no trouble is told while the relay is down")
		}
		r = run(t, dir, at.Host, o)
		until(t, "another subscription", func() bool {
			select {
			case err := <-up:
				return err == nil
			default:
				return false
			}
		})
	}
	id := send()
	if d := next(t, got); d.ID != id {
		t.Errorf("%x came, want %x", d.ID, id)
	}
	stop()
	until(t, "nobody to listen", func() bool { return r.Count().Listened == 0 })
	send()
	if n := len(got); n != 0 {
		t.Errorf("%d messages came after the end of the subscription", n)
	}
	must(t, p.Close())
	until(t, "no sessions", func() bool { return r.Count().Sessions == 0 })
	is(t, p.Put(within(t), r.url, q.sender, id, 0, body(1536)), client.ErrGone)
	if _, err := p.Subscribe(r.url, q.recipient, 8, nil, nil); !errors.Is(err, client.ErrGone) {
		t.Errorf("subscribing after the end: %v", err)
	}
}

// TestPoolGivesUp with what its callers say, when no relay answers.
func TestPoolGivesUp(t *testing.T) {
	p := client.NewPool(client.PoolOptions{})
	ctx, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer stop()
	q := newPair(t)
	is(t, p.Put(ctx, "ws://127.0.0.1:1", q.sender, messageID(), 0, body(1536)), context.DeadlineExceeded)
	if err := p.Put(ctx, "ftp://127.0.0.1", q.sender, messageID(), 0, body(1536)); err == nil {
		t.Error("a URL that is none is taken")
	}
	must(t, p.Close())
}

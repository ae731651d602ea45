package e2e

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
	"github.com/kith-web/kith/e2e/loud"
	"github.com/kith-web/kith/internal/mailbox"
	mail "github.com/kith-web/kith/internal/mailbox/client"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/queuetest"
)

// TestRelaysBeforePostgres is the relay as an operator runs it who outgrew a
// machine: real PostgreSQL, two relays before it, and clients that know nothing
// of that. One relay is killed; nothing that it accepted is lost.
func TestRelaysBeforePostgres(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	server, err := queuetest.StartServer(ctx, "")
	if errors.Is(err, queuetest.ErrMissing) {
		loud.Skip(t, "%v: relays before PostgreSQL are not tried", err)
	}
	fine(t, err)
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("end the server: %v", err)
		}
	})
	one := &mailRelay{home: t.TempDir(), engine: server.Address()}
	one.start(ctx, t)
	two := &mailRelay{home: t.TempDir(), engine: server.Address()}
	secret, err := os.ReadFile(filepath.Join(one.home, "relay.secret"))
	fine(t, err)
	fine(t, os.WriteFile(filepath.Join(two.home, "relay.secret"), secret, 0o600))
	two.start(ctx, t)
	if one.id != two.id {
		t.Errorf("relays with one secret have the ids %s and %s", one.id, two.id)
	}

	_, recipient, err := ed25519.GenerateKey(nil)
	fine(t, err)
	_, sender, err := ed25519.GenerateKey(nil)
	fine(t, err)
	q := mailPair{recipient, mail.FirstSender(sender)}
	out := one.dial(ctx, t)
	fine(t, out.NewQueue(ctx, recipient, mailbox.PublicKey(sender), 7))

	// Of two relays, each has what came by the other.
	in := q.listen(ctx, t, two.dial(ctx, t))
	for range 3 {
		sent, body := q.put(ctx, t, out, 16384)
		d := q.next(ctx, t, in)
		if d.ID != sent || !bytes.Equal(body, d.Body) {
			t.Fatalf("%x came, not %x", d.ID, sent)
		}
		fine(t, d.Ack(ctx))
	}

	// What one accepted outlives it, and is there for the other and for itself.
	want := map[mailbox.MessageID][]byte{}
	fine(t, two.process.Stop(time.Minute))
	for _, octets := range []int{1536, 4096, 16384, 65536} {
		for range 5 {
			id, body := q.put(ctx, t, out, octets)
			want[id] = body
		}
	}
	one.process.Kill()
	<-out.Done()
	two.start(ctx, t)
	for first := true; len(want) > 0; first = false {
		relay := two
		if !first {
			relay = one
			one.start(ctx, t)
		}
		in := q.listen(ctx, t, relay.dial(ctx, t))
		for stop := len(want) / 2; len(want) > stop; {
			d := q.next(ctx, t, in)
			if body, ok := want[d.ID]; !ok || !bytes.Equal(body, d.Body) {
				t.Fatalf("%x came with %d octets, which is not what was put, or was acknowledged", d.ID, len(d.Body))
			}
			fine(t, d.Ack(ctx))
			delete(want, d.ID)
			if !first {
				stop = 0
			}
		}
		fine(t, relay.process.Stop(time.Minute))
	}
}

func fine(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// mailRelay is a relay before a database.
type mailRelay struct {
	home, engine string
	url, id      string
	process      *harness.Process
}

// start starts it, again after it ended.
func (r *mailRelay) start(ctx context.Context, t *testing.T) {
	t.Helper()
	addr := harness.Loopback(harness.FreePort(t))
	config := fmt.Sprintf("[relay]\nudp = \"off\"\n[relay.mailbox]\nengine = %q\ndisk = 100\n", r.engine)
	fine(t, os.WriteFile(filepath.Join(r.home, "config.toml"), []byte(config), 0o600))
	r.process = harness.Start(t, harness.Program{Path: binary, Args: []string{"relay", "--home", r.home, "--listen", addr}})
	found, err := r.process.Await(ctx, regexp.MustCompile(`mailboxes are kept.* id=(\S+)`))
	fine(t, err)
	r.url, r.id = "ws://"+addr, found[1]
}

func (r *mailRelay) dial(ctx context.Context, t *testing.T) *mail.Session {
	t.Helper()
	var s *mail.Session
	eventually(t, func() (err error) {
		s, err = mail.Dial(ctx, r.url, mail.Options{})
		return err
	})
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// mailPair is the two sides of a queue.
type mailPair struct {
	recipient ed25519.PrivateKey
	sender    mail.Sender
}

func (q mailPair) put(ctx context.Context, t *testing.T, s *mail.Session, octets int) (mailbox.MessageID, []byte) {
	t.Helper()
	var id mailbox.MessageID
	rand.Read(id[:])
	body := make([]byte, octets)
	rand.Read(body)
	fine(t, s.Put(ctx, q.sender, id, 0, body))
	return id, body
}

func (q mailPair) listen(ctx context.Context, t *testing.T, s *mail.Session) <-chan mail.Delivery {
	t.Helper()
	ch := make(chan mail.Delivery, 100)
	fine(t, s.Subscribe(ctx, q.recipient, 64, func(d mail.Delivery) { ch <- d }))
	return ch
}

func (q mailPair) next(ctx context.Context, t *testing.T, from <-chan mail.Delivery) mail.Delivery {
	t.Helper()
	select {
	case d := <-from:
		return d
	case <-ctx.Done():
		t.Fatal("nothing came")
		return mail.Delivery{}
	}
}

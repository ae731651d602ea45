package mailbox_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/kith-web/kith/internal/mailbox/client"
	"github.com/kith-web/kith/internal/relay"
	"github.com/kith-web/kith/internal/relay/mailbox"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/sqlite"
)

// TestTwoRelaysBeforeOneStore serve the same queues: what comes by one is heard
// at the other, a key that one replaced is good for nothing at the other, and
// what was acknowledged here does not come there.
func TestTwoRelaysBeforeOneStore(t *testing.T) {
	dir := t.TempDir()
	o := open(dir)
	store, err := sqlite.Open(filepath.Join(dir, "queues.db"), sqlite.Options{DiskShare: 1})
	must(t, err)
	o.Store, o.Shared, o.Chunks = store, true, ""
	one, two := run(t, dir, "127.0.0.1:0", o), run(t, dir, "127.0.0.1:0", o)
	if one.ID() != two.ID() {
		t.Error("two relays with one secret have two ids")
	}
	a, b := one.dial(t), two.dial(t)
	q := newQueue(t, a)
	here := collect(t, b, q, 4)
	for range 3 {
		id := messageID()
		must(t, a.Put(within(t), q.sender, id, 0, body(1536)))
		d := next(t, here)
		if d.ID != id {
			t.Errorf("%x came, want %x", d.ID, id)
		}
		must(t, d.Ack(within(t)))
	}
	none(t, a, collect(t, a, q, 4))
	if _, err := a.Tickets(within(t), q.sender, 1, 1); !errors.Is(err, client.ErrNo) {
		t.Errorf("tickets where no chunks are taken: %v", err)
	}
	locked, err := b.Lock(within(t), q.sender, newPair(t).recipient)
	must(t, err)
	must(t, one.dial(t).Put(within(t), locked, messageID(), 0, body(1536)))
	is(t, one.dial(t).Put(within(t), q.sender, messageID(), 0, body(1536)), client.ErrNo)
}

// TestTLS is a session by wss:, and chunks by https:.
func TestTLS(t *testing.T) {
	web := httptest.NewUnstartedServer(nil)
	web.StartTLS()
	defer web.Close()
	dir := t.TempDir()
	o := open(dir)
	store, err := sqlite.Open(filepath.Join(dir, "queues.db"), sqlite.Options{DiskShare: 1})
	must(t, err)
	o.Store = store
	part, err := mailbox.New(o)
	must(t, err)
	s, err := relay.New(relay.Options{
		Listen: "127.0.0.1:0", UDP: relay.Off, Parts: []relay.Part{part}, TLS: &tls.Config{Certificates: web.TLS.Certificates},
	})
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	url := s.URLs()["ws"]
	roots := x509.NewCertPool()
	roots.AddCert(web.Certificate())
	trusting := client.Options{TLS: &tls.Config{RootCAs: roots}}
	session, err := client.Dial(within(t), url, trusting)
	must(t, err)
	q := newQueue(t, session)
	tickets, err := session.Tickets(within(t), q.sender, 1, 1)
	must(t, err)
	c, err := client.NewChunks(url, trusting)
	must(t, err)
	must(t, c.Upload(within(t), tickets[0], chunkID(), [32]byte{}, body(65536)))
	c.Close()
	must(t, session.Close())
	if s, err := client.Dial(within(t), url, client.Options{TLS: &tls.Config{RootCAs: x509.NewCertPool()}}); err == nil {
		t.Error("a certificate of nobody is believed")
		must(t, s.Close())
	}
	id := part.ID()
	id[0] ^= 1
	trusting.Relay = &id
	_, err = client.Dial(within(t), url, trusting)
	is(t, err, client.ErrOther)
	cancel()
	must(t, <-ended)
}

package mailbox_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	wire "github.com/kith-web/kith/internal/mailbox"
	"github.com/kith-web/kith/internal/mailbox/client"
	"github.com/kith-web/kith/internal/relay"
	"github.com/kith-web/kith/internal/relay/guard"
	"github.com/kith-web/kith/internal/relay/mailbox"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/sqlite"
)

// patience is how long anything may take on a machine that is busy.
const patience = 60 * time.Second

// running is a relay with mailboxes, on a port of its own.
type running struct {
	*mailbox.Part
	url  string
	stop func()
}

// open is options without the limits that are for strangers.
func open(dir string) mailbox.Options {
	none := guard.Limit{PerSecond: -1}
	return mailbox.Options{
		Secret: make([]byte, 32), Chunks: filepath.Join(dir, "chunks"),
		MaxSessionsPerAddress: 10_000, MaxDisk: 1, Proofs: none, Creates: none, Puts: none, Tickets: none, Requests: none,
	}
}

// run serves mailboxes kept in dir until the test ends or stop is called.
func run(t testing.TB, dir, listen string, o mailbox.Options) *running {
	t.Helper()
	if o.Store == nil {
		store, err := sqlite.Open(filepath.Join(dir, "queues.db"), sqlite.Options{Limits: o.Limits, DiskShare: o.MaxDisk})
		must(t, err)
		o.Store = store
	}
	part, err := mailbox.New(o)
	must(t, err)
	s, err := relay.New(relay.Options{
		Listen: listen, UDP: relay.Off, Parts: []relay.Part{part}, Drain: 100 * time.Millisecond, MaxConnsPerAddress: 10_000,
	})
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stopped := false
	r := &running{Part: part, url: s.URLs()["ws"], stop: func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("the relay ends with %v", err)
		}
	}}
	t.Cleanup(r.stop)
	return r
}

// start is run on any port.
func start(t testing.TB, change func(*mailbox.Options)) *running {
	t.Helper()
	dir := t.TempDir()
	o := open(dir)
	if change != nil {
		change(&o)
	}
	return run(t, dir, "127.0.0.1:0", o)
}

// dial opens a session.
func (r *running) dial(t testing.TB) *client.Session {
	t.Helper()
	s, err := client.Dial(within(t), r.url, client.Options{Log: logger(t)})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

func (r *running) web() string { return "http" + strings.TrimPrefix(r.url, "ws") }

// pair is a queue with its two keys.
type pair struct {
	recipient ed25519.PrivateKey
	sender    client.Sender
	rid       wire.ID
}

func newPair(t testing.TB) pair {
	t.Helper()
	_, r, err := ed25519.GenerateKey(nil)
	must(t, err)
	_, s, err := ed25519.GenerateKey(nil)
	must(t, err)
	return pair{r, client.FirstSender(s), wire.RecipientID(wire.PublicKey(r))}
}

// queue makes one at the relay.
func newQueue(t testing.TB, s *client.Session) pair {
	t.Helper()
	p := newPair(t)
	must(t, s.NewQueue(within(t), p.recipient, wire.PublicKey(p.sender.Key), 7))
	return p
}

func messageID() (id wire.MessageID) {
	rand.Read(id[:])
	return id
}

func body(size int) []byte {
	b := make([]byte, size)
	rand.Read(b)
	return b
}

func within(t testing.TB) context.Context {
	ctx, stop := context.WithTimeout(context.Background(), patience)
	t.Cleanup(stop)
	return ctx
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// is demands an error.
func is(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

// waits demands WAIT.
func waits(t testing.TB, err error) {
	t.Helper()
	var w *client.WaitError
	if !errors.As(err, &w) || w.Seconds < 1 {
		t.Errorf("got %v, want to be asked to wait", err)
	}
}

// collect subscribes and hands on what comes.
func collect(t testing.TB, s *client.Session, p pair, credit int) <-chan client.Delivery {
	t.Helper()
	ch := make(chan client.Delivery, 4096)
	must(t, s.Subscribe(within(t), p.recipient, credit, func(d client.Delivery) { ch <- d }))
	return ch
}

// next waits for a delivery.
func next(t testing.TB, ch <-chan client.Delivery) client.Delivery {
	t.Helper()
	select {
	case d := <-ch:
		return d
	case <-time.After(patience):
		t.Fatal("nothing comes")
		return client.Delivery{}
	}
}

// none demands that nothing has come once the relay has answered what was asked
// before.
func none(t testing.TB, s *client.Session, ch <-chan client.Delivery) {
	t.Helper()
	must(t, s.Ping(within(t)))
	select {
	case d := <-ch:
		t.Errorf("message %d came, which should not", d.Number)
	default:
	}
}

// until waits for a condition.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func logger(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// status does a request and returns what was answered.
func status(t testing.TB, r *http.Request) int {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	must(t, err)
	must(t, resp.Body.Close())
	return resp.StatusCode
}

package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kith-web/kith/e2e/loud"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/relay/mailbox/queue"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/postgres"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/queuetest"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/sqlite"
)

// server starts a server for a test, or skips it.
func server(t testing.TB, settings ...string) *queuetest.Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	s, err := queuetest.StartServer(ctx, "", settings...)
	if errors.Is(err, queuetest.ErrMissing) {
		loud.Skip(t, "%v: mailboxes in PostgreSQL are not tried", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("end the server: %v", err)
		}
	})
	return s
}

// database makes an empty schema, which is a database for our purposes and made
// at once, and returns its URL.
func database(t testing.TB, s *queuetest.Server, name string) string {
	t.Helper()
	execute(t, s.URL, "CREATE SCHEMA "+name)
	return s.URL + " search_path=" + name
}

// execute runs SQL as an operator would.
func execute(t testing.TB, url, script string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(ctx) }()
	if _, err := c.Exec(ctx, script); err != nil {
		t.Fatalf("%s: %v", script, err)
	}
}

func open(t testing.TB, url string, o postgres.Options) *postgres.Store {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s, err := postgres.Open(ctx, url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestPostgres has one server for all that does not take it away.
func TestPostgres(t *testing.T) {
	srv := server(t)
	t.Run("contract", func(t *testing.T) {
		var n atomic.Int64
		queuetest.Run(t, func(t *testing.T, o queuetest.Options) queue.Store {
			url := database(t, srv, fmt.Sprintf("contract%d", n.Add(1)))
			return open(t, url, postgres.Options{Limits: o.Limits})
		})
	})
	t.Run("databases that will not do are refused", func(t *testing.T) { refused(t, srv) })
	t.Run("relays that start together make the tables once", func(t *testing.T) { together(t, srv) })
	t.Run("a deadlock with somebody else is tried again", func(t *testing.T) { deadlock(t, srv) })
	t.Run("relays hear what came by another", func(t *testing.T) { hear(t, srv) })
	t.Run("from the embedded engine and back", func(t *testing.T) { move(t, srv) })
}

// hear has one relay listen, and be cut off, while another puts.
func hear(t *testing.T, srv *queuetest.Server) {
	url := database(t, srv, "hear")
	one, two := open(t, url, postgres.Options{}), open(t, url, postgres.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	heard, ended := make(chan queue.ID, 1000), make(chan struct{})
	go func() {
		defer close(ended)
		two.Hear(ctx, func(id queue.ID) { heard <- id })
	}()
	listens := func(q queue.Queue) { // puts until it is heard: nobody says when a relay listens
		t.Helper()
		if err := one.Create(ctx, q); err != nil {
			t.Fatal(err)
		}
		again := time.NewTicker(50 * time.Millisecond)
		defer again.Stop()
		for {
			if _, err := one.Put(ctx, []queue.Put{queuetest.Message(q, 1, 100)}); err != nil {
				t.Fatal(err)
			}
			select {
			case id := <-heard:
				if id == q.Recipient {
					return
				}
			case <-again.C:
			}
		}
	}
	listens(queuetest.Queue(1))
	execute(t, srv.URL, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
	listens(queuetest.Queue(2))
	cancel()
	<-ended
}

func refused(t *testing.T, srv *queuetest.Server) {
	newer := database(t, srv, "newer")
	s := open(t, newer, postgres.Options{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	execute(t, newer, "UPDATE mailbox_schema SET version = 999")
	forgets := database(t, srv, "forgets") + " synchronous_commit=off"
	reads := database(t, srv, "reads") + " default_transaction_read_only=on"
	execute(t, srv.URL, "CREATE ROLE outsider NOLOGIN")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, c := range []struct {
		name, url string
		want      fault.Kind
	}{
		{"a newer version's", newer, fault.Unsupported},
		{"one that forgets", forgets, fault.Unsupported},
		{"one that is read-only", reads, fault.Unreachable},
		{"one that lets nobody in", strings.Replace(srv.URL, "user=relay", "user=outsider", 1), fault.Unauthorized},
		{"one that is not there", "host=" + t.TempDir() + " user=relay", fault.Unreachable},
		{"no address", "postgres://%zz", fault.Invalid},
	} {
		s, err := postgres.Open(ctx, c.url, postgres.Options{})
		if err == nil {
			_ = s.Close()
		}
		if fault.KindOf(err) != c.want || fault.Hint(err) == "" {
			t.Errorf("%s: %v (%s)", c.name, err, fault.KindOf(err))
		}
	}
}

func together(t *testing.T, srv *queuetest.Server) {
	url := database(t, srv, "together")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	const relays = 8
	errs := make(chan error, relays)
	for n := range uint64(relays) {
		go func() {
			s, err := postgres.Open(ctx, url, postgres.Options{})
			if err == nil {
				err = errors.Join(s.Create(ctx, queuetest.Queue(n)), s.Close())
			}
			errs <- err
		}()
	}
	for range relays {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if st, err := open(t, url, postgres.Options{}).Stats(ctx); err != nil || st.Queues != relays {
		t.Errorf("%+v, %v", st, err)
	}
}

// deadlock has somebody lock two queues in the other order, and waits longer
// than the database does before it gives up the store's transaction.
func deadlock(t *testing.T, srv *queuetest.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	url := database(t, srv, "deadlock")
	s := open(t, url, postgres.Options{})
	a, b := queuetest.Queue(1), queuetest.Queue(2)
	if bytes.Compare(a.Sender[:], b.Sender[:]) > 0 {
		a, b = b, a
	}
	must(t, errors.Join(s.Create(ctx, a), s.Create(ctx, b)))
	other, err := pgx.Connect(ctx, url)
	must(t, err)
	defer func() { _ = other.Close(ctx) }()
	lock := `SELECT 1 FROM mailbox_queue WHERE sender = $1 FOR UPDATE`
	_, err = other.Exec(ctx, `SET deadlock_timeout = '30s'; BEGIN`)
	must(t, err)
	_, err = other.Exec(ctx, lock, b.Sender[:])
	must(t, err)
	answer := make(chan error, 1)
	go func() {
		_, err := s.Put(ctx, []queue.Put{queuetest.Message(b, 1, 100), queuetest.Message(a, 1, 100)})
		answer <- err
	}()
	for waits := false; !waits; {
		must(t, other.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)`).Scan(&waits))
	}
	_, err = other.Exec(ctx, lock, a.Sender[:]) // the store has it, until its transaction is given up
	must(t, err)
	_, err = other.Exec(ctx, `COMMIT`)
	must(t, err)
	must(t, <-answer)
	if st, err := s.Stats(ctx); err != nil || st.Messages != 2 {
		t.Errorf("%+v, %v", st, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// moved is how many queues are moved: more than are copied at once.
const moved = 80

// move takes the written path from one engine to the other.
func move(t *testing.T, srv *queuetest.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	small := func() queue.Store {
		s, err := sqlite.Open(filepath.Join(t.TempDir(), "mailbox.db"), sqlite.Options{DiskShare: 1})
		must(t, err)
		t.Cleanup(func() { must(t, s.Close()) })
		return s
	}
	stores := []queue.Store{small(), open(t, database(t, srv, "move"), postgres.Options{}), small()}
	want := queue.Stats{}
	for n := range uint64(moved) {
		q := queuetest.Queue(n)
		must(t, stores[0].Create(ctx, q))
		must(t, stores[0].Lock(ctx, q.Sender, q.SenderKey, queue.Key{byte(n)}))
		must(t, stores[0].SetPush(ctx, q.Recipient, []byte(fmt.Sprint("push ", n))))
		want.Queues++
		var puts []queue.Put
		for i := range n % 3 * 40 { // more than are copied at once
			puts = append(puts, queuetest.Message(q, i, 1536))
			want.Messages, want.Octets = want.Messages+1, want.Octets+1536
		}
		_, err := stores[0].Put(ctx, puts)
		must(t, err)
	}
	for i, from := range stores[:2] {
		for range 2 { // the second time nothing is left to do
			if done, err := queue.Copy(ctx, from, stores[i+1]); err != nil || done != want {
				t.Fatalf("copied %+v, %v; want %+v", done, err, want)
			}
		}
	}
	if got, err := stores[2].Stats(ctx); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	for n := range uint64(moved) {
		q := queuetest.Queue(n)
		first, err1 := stores[0].BySender(ctx, q.Sender)
		last, err2 := stores[2].BySender(ctx, q.Sender)
		if err := errors.Join(err1, err2); err != nil || !reflect.DeepEqual(first, last) {
			t.Fatalf("queue %d: %+v, was %+v, %v", n, last, first, err)
		}
		was, err1 := stores[0].Fetch(ctx, q.Recipient, 0, 200)
		is, err2 := stores[2].Fetch(ctx, q.Recipient, 0, 200)
		for _, list := range [][]queue.Message{was, is} {
			for i := range list {
				list[i].Number = 0 // numbers are new
			}
		}
		if err := errors.Join(err1, err2); err != nil || !reflect.DeepEqual(was, is) {
			t.Fatalf("queue %d: %d messages, were %d, %v", n, len(is), len(was), err)
		}
	}
}

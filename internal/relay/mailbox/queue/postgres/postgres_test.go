package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kith-web/kith/e2e/loud"
	"github.com/kith-web/kith/internal/relay/mailbox/queue"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/postgres"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/queuetest"
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

// database makes an empty database and returns its URL.
func database(t testing.TB, s *queuetest.Server, name string) string {
	t.Helper()
	execute(t, s.URL, "CREATE DATABASE "+name)
	return strings.Replace(s.URL, "dbname=postgres", "dbname="+name, 1)
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

func TestContract(t *testing.T) {
	var n atomic.Int64
	srv := server(t)
	queuetest.Run(t, func(t *testing.T, o queuetest.Options) queue.Store {
		url := database(t, srv, fmt.Sprintf("contract%d", n.Add(1)))
		return open(t, url, postgres.Options{Limits: o.Limits})
	})
}

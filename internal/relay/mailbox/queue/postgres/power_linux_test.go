package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/loud"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/postgres"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/queuetest"
)

// load puts a database under load until it has done so many steps.
func load(t *testing.T, ctx context.Context, url string, steps int) (*queuetest.Report, <-chan error) {
	t.Helper()
	s := open(t, url, postgres.Options{Timeout: 10 * time.Second})
	r, ended := &queuetest.Report{}, make(chan error, 1)
	go func() { ended <- queuetest.Load(ctx, s, r) }()
	if err := r.Wait(ctx, steps, ended); err != nil {
		t.Fatal(err)
	}
	return r, ended
}

// start starts a server below dir, or skips the test.
func start(t *testing.T, ctx context.Context, dir string) *queuetest.Server {
	t.Helper()
	s, err := queuetest.StartServer(ctx, dir)
	if errors.Is(err, queuetest.ErrMissing) {
		loud.Skip(t, "%v: PostgreSQL is not taken away under load", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestKilledUnderLoad kills the server, not the relay: a relay has nothing to
// lose. It must not believe that something was kept when the connection broke.
func TestKilledUnderLoad(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	srv := start(t, ctx, "")
	report, ended := load(t, ctx, srv.URL, 420)
	if err := srv.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil || ctx.Err() != nil {
		t.Fatalf("the load ended with %v", err)
	}
	all := report.Lines()
	if err := srv.Start(ctx); err != nil {
		t.Fatal(err)
	}
	if n := queuetest.Check(t, open(t, srv.URL, postgres.Options{}), all, all); n < 100 {
		t.Errorf("only %d messages were there to be lost", n)
	}
}

func TestPowerCut(t *testing.T) {
	loud.NeedRoot(t)
	for _, program := range []string{"mkfs.ext4", "mount", "losetup"} {
		loud.Need(t, program)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	disk := queuetest.NewDisk(t, 512)
	srv := start(t, ctx, disk.Dir)
	report, ended := load(t, ctx, srv.URL, 420)
	promised := report.Lines()
	pids, err := srv.Processes()
	if err != nil {
		t.Fatal(err)
	}
	if err := queuetest.Freeze(pids...); err != nil {
		t.Fatal(err)
	}
	after := disk.Cut(t)
	if err := srv.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil || ctx.Err() != nil {
		t.Fatalf("the load ended with %v", err)
	}
	restored := srv.At(disk.Dir, after.Dir)
	if err := restored.Start(ctx); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := restored.Close(); err != nil {
			t.Error(err)
		}
	}()
	s, err := postgres.Open(ctx, restored.URL, postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if n := queuetest.Check(t, s, promised, report.Lines()); n < 100 {
		t.Errorf("only %d messages were there to be lost", n)
	}
}

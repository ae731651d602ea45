package sqlite_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/relay/mailbox/queue/queuetest"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/sqlite"
)

// envLoad makes this test binary a process under load, on the file it names.
const envLoad = "KITH_TEST_MAILBOX_LOAD"

func TestMain(m *testing.M) {
	path := os.Getenv(envLoad)
	if path == "" {
		os.Exit(m.Run())
	}
	s, err := sqlite.Open(path, sqlite.Options{DiskUsed: some, LogOctets: 2 << 20})
	if err == nil {
		err = queuetest.Load(context.Background(), s, os.Stdout)
	}
	if _, err := os.Stderr.WriteString(err.Error()); err != nil {
		os.Exit(2)
	}
	os.Exit(1)
}

// load starts a process under load and waits until it has done so many steps.
func load(t *testing.T, path string, steps int) (*exec.Cmd, *queuetest.Report, <-chan error) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), envLoad+"="+path)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill() })
	r := &queuetest.Report{}
	ended := r.Follow(out)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := r.Wait(ctx, steps, ended); err != nil {
		t.Fatal(err)
	}
	return c, r, ended
}

// kill ends a process with kill -9 and waits until all it said is there.
func kill(t *testing.T, c *exec.Cmd, ended <-chan error) {
	t.Helper()
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // "signal: killed"
}

func TestKilledUnderLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mailbox.db")
	for round := range 3 {
		p := path + string(rune('0'+round))
		c, report, ended := load(t, p, 600+500*round)
		kill(t, c, ended)
		s := open(t, p, sqlite.Options{DiskUsed: some})
		if n := queuetest.Check(t, s, report.Lines(), report.Lines()); n < 100 {
			t.Errorf("only %d messages were there to be lost", n)
		}
	}
}

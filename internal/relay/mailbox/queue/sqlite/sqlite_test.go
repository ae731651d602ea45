package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/kith-web/kith/internal/relay/mailbox/queue"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/queuetest"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/sqlite"
)

// open opens a store that ends with the test.
func open(t testing.TB, path string, o sqlite.Options) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// some leaves room on a disk that is nearly full by other people's files.
func some(string) (float64, error) { return 0.5, nil }

func TestContract(t *testing.T) {
	queuetest.Run(t, func(t *testing.T, o queuetest.Options) queue.Store {
		return open(t, filepath.Join(t.TempDir(), "mailbox.db"), sqlite.Options{Limits: o.Limits, DiskUsed: some})
	})
}

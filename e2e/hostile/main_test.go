package hostile

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
)

// kith is the kith program, built once.
var kith string

func TestMain(m *testing.M) { os.Exit(harness.Main(m, &kith)) }

// patience is for everything that has to come.
const patience = 60 * time.Second

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits until f returns nil, and fails t with its last error when it
// does not.
func eventually(t testing.TB, f func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal(err)
		}
	}
}

// Package page runs apps on plain web servers, whose pages have a peer of their
// own, in real browsers.
package page_test

import (
	"context"
	"regexp"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
)

const within = 10 * time.Minute

func TestPageHost(t *testing.T) {
	if testing.Short() {
		harness.Skip(t, "the browser tests are long")
	}
	cases := harness.NeedPlaywright(t, ".", within)
	kith, err := harness.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	cases.Env = []string{"TMPDIR=" + t.TempDir(), "KITH_RELAY=ws://" + startRelay(t, kith)}
	cases.Run(t)
}

// startRelay runs a relay until the test ends and returns its address.
func startRelay(t *testing.T, kith string) string {
	t.Helper()
	addr := harness.Loopback(harness.FreePort(t))
	relay := harness.Start(t, harness.Program{Path: kith, Args: []string{"relay", "--home", t.TempDir(), "--listen", addr}})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := relay.Await(ctx, regexp.MustCompile(`\bready\b.*\n`)); err != nil {
		t.Fatal(err)
	}
	return addr
}

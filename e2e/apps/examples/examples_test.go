// Package examples runs the apps in examples as people use them, in real browsers:
// on a plain web server, where friends meet by a relay, and opened on a node.
package examples_test

import (
	"context"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
)

const within = 8 * time.Minute

func TestExamples(t *testing.T) {
	if testing.Short() {
		harness.Skip(t, "the browser tests are long")
	}
	cases := harness.NeedPlaywright(t, ".", within)
	kith, err := harness.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	relay := "ws://" + startRelay(t, kith)
	ada := harness.StartNode(t, harness.Options{
		Binary: kith, Config: harness.Config{"mailbox.relays": []string{relay}, "friends.direct": false, "friends.name": "Ada"},
	})
	t.Cleanup(func() { ada.End(t) })
	cases.Env = []string{
		"TMPDIR=" + t.TempDir(), "KITH_BIN=" + kith, "KITH_RELAY=" + relay, "KITH_EXAMPLES=" + filepath.Join(harness.Root(), "examples"),
		"KITH_ADA=" + strings.TrimSuffix(ada.Console, "/"), "KITH_ADA_HOME=" + ada.Home, "KITH_ADA_PID=0",
	}
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

package browser_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
)

const friendsWithin = 5 * time.Minute

// TestFriends runs people's consoles against real nodes and a relay: they become
// friends, share, ask somebody who is away, delete, and link a device.
func TestFriends(t *testing.T) {
	if testing.Short() {
		harness.Skip(t, "the browser tests are long")
	}
	cases := harness.NeedPlaywright(t, ".", friendsWithin)
	cases.Config = "friends.config.ts"
	kith, err := harness.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	relay := startRelay(t, kith)
	cases.Env = []string{"TMPDIR=" + t.TempDir()}
	for _, name := range []string{"ADA", "BO", "PHONE"} {
		n := harness.StartNode(t, harness.Options{
			Binary: kith, Config: harness.Config{"mailbox.relays": []string{"ws://" + relay}, "friends.direct": false},
		})
		t.Cleanup(func() { n.End(t) })
		cases.Env = append(cases.Env, "KITH_"+name+"="+strings.TrimSuffix(n.Console, "/"), fmt.Sprintf("KITH_%s_PID=%d", name, n.PID()))
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

// Package apps runs the suite of the app API (spec/app-api.md) in pages of a real
// Chromium: apps opened in the shell of a node, with the person's consent given in
// the console. The suite itself, in suite, is for every host of the API.
package apps_test

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
)

const within = 8 * time.Minute

// TestNode runs the suite against nodes: Ada's, where the apps are, and those of Bo
// and Cy, who are her friends.
func TestNode(t *testing.T) {
	if testing.Short() {
		harness.Skip(t, "the browser tests are long")
	}
	cases := harness.NeedPlaywright(t, ".", within)
	cases.Config = filepath.Join("node", "playwright.config.ts")
	kith, err := harness.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	relay := startRelay(t, kith)
	cases.Env = []string{"TMPDIR=" + t.TempDir(), "KITH_BIN=" + kith}
	for _, name := range []string{"ADA", "BO", "CY"} {
		n := harness.StartNode(t, harness.Options{
			Binary: kith, Config: harness.Config{
				"mailbox.relays": []string{"ws://" + relay}, "friends.direct": false, "friends.name": name[:1] + strings.ToLower(name[1:]),
			},
		})
		t.Cleanup(func() { n.End(t) })
		cases.Env = append(cases.Env,
			"KITH_"+name+"="+strings.TrimSuffix(n.Console, "/"), "KITH_"+name+"_HOME="+n.Home, fmt.Sprintf("KITH_%s_PID=%d", name, n.PID()))
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

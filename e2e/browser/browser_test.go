// Package browser runs Kith as people see it: real nodes, and a real Chromium
// that opens, publishes and is kept out. The cases are Playwright's, in tests;
// this test starts what they need and reports each of them as its own.
package browser_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
)

const allWithin = 15 * time.Minute

func TestBrowser(t *testing.T) {
	if testing.Short() {
		harness.Skip(t, "the browser tests are long")
	}
	cases := harness.NeedPlaywright(t, ".", allWithin)
	scratch := t.TempDir() // outlives the nodes, which read published folders in place
	kith, err := harness.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	reader, _ := start(t, kith)
	author, port := start(t, kith)
	cases.Env = []string{
		"TMPDIR=" + scratch,
		"KITH_BIN=" + kith,
		"KITH_READER=" + strings.TrimSuffix(reader.Console, "/"), "KITH_READER_HOME=" + reader.Home,
		"KITH_AUTHOR=" + strings.TrimSuffix(author.Console, "/"), "KITH_AUTHOR_HOME=" + author.Home,
		fmt.Sprintf("KITH_AUTHOR_PEER=127.0.0.1:%d", port),
	}
	cases.Run(t)
}

// start runs a node until the test ends, and checks that it ends well. port is
// where BitTorrent peers connect.
func start(t *testing.T, kith string) (n *harness.Node, port int) {
	t.Helper()
	port = harness.FreePort(t)
	n = harness.StartNode(t, harness.Options{
		Binary: kith, Config: harness.Config{"bittorrent.listen": harness.Loopback(port), "gateway.timeout": "60s"},
	})
	t.Cleanup(func() { n.End(t) })
	return n, port
}

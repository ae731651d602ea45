package browser_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
)

const eyesWithin = 5 * time.Minute

// TestEyes runs the console of a person who has sites, a friend and documents: at
// twice the size, by keyboard alone, in colours of the system. With KITH_PICTURES=1
// it takes the pictures of the documents (e2e/picture).
func TestEyes(t *testing.T) {
	if testing.Short() {
		harness.Skip(t, "the browser tests are long")
	}
	cases := harness.NeedPlaywright(t, ".", eyesWithin)
	cases.Config = "eyes.config.ts"
	scratch := t.TempDir() // outlives the nodes, which read published folders in place
	kith, err := harness.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	relay := startRelay(t, kith)
	cases.Env = []string{"TMPDIR=" + scratch, "KITH_BIN=" + kith}
	for role, name := range map[string]string{"AUTHOR": "Ada", "READER": "Bo"} {
		port := harness.FreePort(t)
		n := harness.StartNode(t, harness.Options{Binary: kith, Config: harness.Config{
			"bittorrent.listen": harness.Loopback(port), "mailbox.relays": []string{"ws://" + relay}, "friends.direct": false, "friends.name": name,
		}})
		t.Cleanup(func() { n.End(t) })
		cases.Env = append(cases.Env,
			"KITH_"+role+"="+strings.TrimSuffix(n.Console, "/"), "KITH_"+role+"_HOME="+n.Home,
			fmt.Sprintf("KITH_%s_PEER=127.0.0.1:%d", role, port))
	}
	cases.Run(t)
}

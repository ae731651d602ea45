// Package people runs people's browsers, whose pages have a peer of their own, with
// a relay and with their nodes: they become friends, share, delete, lose devices.
package people_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
)

// envMeasure has the cases take figures too, in more time.
const (
	envMeasure = "KITH_MEASURE"
	within     = 12 * time.Minute
	measuring  = 50 * time.Minute
)

// roomyRelay is the configuration of a relay that takes all people of one computer
// for as many computers.
const roomyRelay = `[relay]
connections = 10000
rate = 100000

[relay.mailbox]
sessions = 10000
create_burst = 100000
create_rate = 3600000
disk = 100
`

// TestPeople runs the stories in real browsers: everything is done as a person does
// it, by pages of an app and the people pages.
func TestPeople(t *testing.T) {
	if testing.Short() {
		harness.Skip(t, "the browser tests are long")
	}
	cases := harness.NeedPlaywright(t, ".", within)
	kith, err := harness.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, "config.toml"), []byte(roomyRelay), 0o600); err != nil {
		t.Fatal(err)
	}
	relay := startRelay(t, kith, home)
	cases.Env = []string{"TMPDIR=" + t.TempDir(), "KITH_BIN=" + kith, "KITH_RELAY=ws://" + relay, "KITH_RELAY_HOME=" + home}
	for _, story := range []string{"DEVICES", "DELETION", "RECOVERY"} {
		n := harness.StartNode(t, harness.Options{Binary: kith, Config: harness.Config{"mailbox.relays": []string{"ws://" + relay}}})
		t.Cleanup(func() { n.End(t) })
		cases.Env = append(cases.Env, "KITH_"+story+"="+strings.TrimSuffix(n.Console, "/"), "KITH_"+story+"_HOME="+n.Home)
	}
	figures := filepath.Join(t.TempDir(), "figures")
	cases.Env = append(cases.Env, "KITH_FIGURES="+figures)
	if os.Getenv(envMeasure) != "" {
		cases.Within = measuring
		t.Cleanup(func() {
			text, err := os.ReadFile(figures)
			t.Logf("figures (%v):\n%s", err, text)
		})
	}
	cases.Run(t)
}

// startRelay runs a relay until the test ends and returns its address.
func startRelay(t *testing.T, kith, home string) string {
	t.Helper()
	addr := harness.Loopback(harness.FreePort(t))
	relay := harness.Start(t, harness.Program{Path: kith, Args: []string{"relay", "--home", home, "--listen", addr}})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := relay.Await(ctx, regexp.MustCompile(`\bready\b.*\n`)); err != nil {
		t.Fatal(err)
	}
	return addr
}

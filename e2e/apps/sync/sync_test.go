// Package sync brings many documents to a browser that has none, by Kith and by other
// people's programs, when KITH_MEASURE asks for it.
package sync

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
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

func TestSync(t *testing.T) {
	if os.Getenv("KITH_MEASURE") == "" {
		t.Skip("measured when KITH_MEASURE is set: it takes minutes")
	}
	cases := harness.NeedPlaywright(t, ".", 25*time.Minute)
	if _, err := os.Stat(filepath.Join("peers", "node_modules", "rxdb")); err != nil {
		harness.Skip(t, "run 'npm ci --ignore-scripts --prefix e2e/apps/sync/peers' first")
	}
	kith, err := harness.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	home, addr := t.TempDir(), harness.Loopback(harness.FreePort(t))
	if err := os.WriteFile(filepath.Join(home, "config.toml"), []byte(roomyRelay), 0o600); err != nil {
		t.Fatal(err)
	}
	relay := harness.Start(t, harness.Program{Path: kith, Args: []string{"relay", "--home", home, "--listen", addr}})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := relay.Await(ctx, regexp.MustCompile(`\bready\b.*\n`)); err != nil {
		t.Fatal(err)
	}
	cases.Env = []string{"TMPDIR=" + t.TempDir(), "KITH_BIN=" + kith, "KITH_RELAY=ws://" + addr, "KITH_RELAY_HOME=" + home}
	cases.Run(t)
}

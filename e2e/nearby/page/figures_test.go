package page_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/coder/websocket"

	"github.com/kith-web/kith/e2e/harness"
)

const (
	// envBench switches the figures on.
	envBench = "KITH_BENCH_NEARBY"
	// envRelay is where the relay of a process of its own listens.
	envRelay = "KITH_BENCH_RELAY"
)

// TestFigures prints how long a message takes from page to page and back. It
// measures and does not judge: a busy machine would make any bound a lie.
func TestFigures(t *testing.T) {
	if os.Getenv(envBench) == "" {
		t.Skipf("figures are measured with %s=1", envBench)
	}
	harness.NeedRoot(t)
	cases := harness.NeedPlaywright(t, ".", allWithin)
	cases.Config = "figures.config.ts"
	kith, err := harness.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	places := makePlaces(t)
	scratch := t.TempDir()
	site, figures := filepath.Join(scratch, "site"), filepath.Join(scratch, "figures")
	writeSite(t, site)
	relay := net.JoinHostPort(places.at[1].addr, "8080")
	cases.Env = []string{"TMPDIR=" + scratch, "KITH_FIGURES=" + figures, "KITH_RELAY=ws://" + relay, "KITH_RTT=" + places.roundTrip(t)}
	cases.Env = append(cases.Env, people(t, kith, site, places)...)
	p := harness.Start(t, harness.Program{
		Path: os.Args[0], Args: []string{"-test.run=^TestRelay$", "-test.v"}, Env: []string{envRelay + "=" + relay}, Namespace: places.at[1].namespace,
	})
	if _, err := p.Await(t.Context(), regexp.MustCompile("relays at")); err != nil {
		t.Fatal(err)
	}
	cases.Run(t)
	data, err := os.ReadFile(figures)
	if err != nil {
		t.Fatal(err)
	}
	load, _ := os.ReadFile("/proc/loadavg")
	t.Logf("load %s\n%s", load, data)
}

// TestRelay is the process that TestFigures starts at the far device: what one
// WebSocket brings goes to the other.
func TestRelay(t *testing.T) {
	addr := os.Getenv(envRelay)
	if addr == "" {
		t.Skip("is a process of TestFigures")
	}
	first := make(chan *websocket.Conn)
	h := func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
		if err != nil {
			return
		}
		select {
		case first <- c:
			<-t.Context().Done()
		case other := <-first:
			go pass(t.Context(), c, other)
			pass(t.Context(), other, c)
		}
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("relays at", l.Addr())
	t.Fatal(http.Serve(l, http.HandlerFunc(h))) //nolint:gosec // of a measurement
}

func pass(ctx context.Context, from, to *websocket.Conn) {
	for {
		kind, data, err := from.Read(ctx)
		if err != nil {
			return
		}
		if err := to.Write(ctx, kind, data); err != nil {
			return
		}
	}
}

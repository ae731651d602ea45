package openscreen

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/loud"
)

// TestGoLP2P talks with backkem/go-lp2p, the only other implementation, by the
// legacy profile: discovery, agent-info, authentication, and a data channel there
// and back.
//
// KITH_GO_LP2P names a program around it, started with a display name and a code
// in hexadecimal: it advertises itself by the name, takes the code as if it had
// been typed (ease of input 50), and sends every message of the first data
// channel back. Its CBOR decoder must not read ahead of a message.
func TestGoLP2P(t *testing.T) {
	program := os.Getenv("KITH_GO_LP2P")
	if program == "" {
		loud.Skip(t, "set KITH_GO_LP2P to a program around backkem/go-lp2p")
	}
	ns := namespace(t)
	for _, key := range []string{"all", "default", "osp0"} {
		if out, err := exec.Command("ip", "netns", "exec", ns[1], "sysctl", "-q", "-w", "net.ipv6.conf."+key+".disable_ipv6=1").CombinedOutput(); err != nil {
			loud.Skip(t, "IPv6 cannot be turned off for go-lp2p: %s", out)
		}
	}
	peer := exec.Command("ip", "netns", "exec", ns[1], program, "another implementation", "01e240")
	peer.Stderr = t.Output()
	peer.Stdout = t.Output()
	if err := peer.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = peer.Process.Kill() // it may be gone already
		_ = peer.Wait()
	})
	a := inNamespace(t, ns[0], legacyName)
	a.tell("discover")
	a.expect("done")
	found := a.expect("found")
	var d Device
	if err := json.Unmarshal([]byte(found), &d); err != nil || !strings.HasPrefix(d.Name, "another implementation") {
		t.Fatalf("found %s, %v", found, err)
	}
	begin := time.Now()
	a.tell("dial " + found)
	a.expect("ping")
	t.Logf("authenticated and a hundred messages there and back in %s", time.Since(begin))
	a.expect("done dial")
}

package nearby

import (
	"context"
	"encoding/json"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
	kith "github.com/kith-web/kith/internal/nearby"
	"github.com/kith-web/kith/internal/openscreen"
	"github.com/kith-web/kith/internal/openscreen/dnssd"
)

// envForge makes this program announce a device that it is not: its fingerprint,
// a port and a name.
const envForge = "KITH_NEARBY_FORGE"

// TestForgedAnnouncement is no test: it is what an impostor runs.
func TestForgedAnnouncement(t *testing.T) {
	said := strings.Fields(os.Getenv(envForge))
	if len(said) != 3 {
		t.Skip("started by tests of impostors only")
	}
	port, err := strconv.ParseUint(said[1], 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	node, err := dnssd.New(dnssd.Options{
		Service: "_openscreen._udp", Rename: func(instance string, n int) string { return instance + strconv.Itoa(n) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	err = node.Register(dnssd.Service{Instance: said[2], Port: uint16(port), TXT: []dnssd.Pair{
		{Key: "fp", Value: said[0]}, {Key: "mv", Value: "\x01"}, {Key: "at", Value: "c29tZXRoaW5n"}, {Key: "sn", Value: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	println("announced")
	<-ctx.Done()
}

// forge has the device announce another, at its own port.
func (d *device) forge(fingerprint, name string) *harness.Process {
	d.t.Helper()
	self, err := os.Executable()
	if err != nil {
		d.t.Fatal(err)
	}
	p := harness.Start(d.t, harness.Program{
		Path: self, Args: []string{"-test.run=^TestForgedAnnouncement$"}, Namespace: d.Namespace,
		Env: []string{envForge + "=" + fingerprint + " 5485 " + name},
	})
	d.awaits(p, "announced")
	return p
}

// state is what the device's node, or a command there, says of the devices around.
func (d *device) state() (st kith.State) {
	d.t.Helper()
	if err := json.Unmarshal([]byte(harness.Run(d.t, d.program("--json"))), &st); err != nil {
		d.t.Fatal(err)
	}
	return st
}

// sees waits until the device's node says what is wanted.
func (d *device) sees(what string, is func(kith.State) bool) {
	d.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		st := d.state()
		if is(st) {
			return
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("%s does not see %s: %+v", d.name, what, st)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func warned(st kith.State, reason openscreen.RefusalReason) *kith.Warning {
	for _, w := range st.Warnings {
		if w.Reason == string(reason) {
			return &w
		}
	}
	return nil
}

// TestWhoPretendsToBeAPairedDeviceIsRefused: somebody announces the fingerprint of
// a device that is known, at an address of their own.
func TestWhoPretendsToBeAPairedDeviceIsRefused(t *testing.T) {
	r := newRoom(t)
	alice, bob, mallory := r.join("alice"), r.join("bob"), r.join("mallory")
	pair(t, alice, bob)
	src, in := filepath.Join(t.TempDir(), "secret"), t.TempDir()
	fill(t, src, 1000, 1)
	id := bob.state()
	alice.node()
	mallory.node(harness.Config{"nearby.visible": false})
	mallory.forge(id.Fingerprint, "bob")
	alice.sees("the false bob", func(st kith.State) bool {
		for _, d := range st.Devices {
			if d.ID == id.ID && d.Near {
				return true
			}
		}
		return false
	})
	// Bob is not here: nobody gets the file, and both sides are told.
	_, stderr, err := harness.TryRun(t, alice.program("send", src, "--to", "bob"))
	if code := exitCode(t, err); code != exitDeclined || !strings.Contains(stderr, `somebody pretends to be "bob"`) {
		t.Errorf("sending to an impostor ended with %d: %s", code, stderr)
	}
	want(t, "what the impostor is not given", stderr, "do not enter codes")
	w := warned(alice.state(), openscreen.Impostor)
	if w == nil || w.Device != id.ID || w.Name != "bob" || !strings.Contains(w.Addr, ":5485") {
		t.Errorf("alice is warned of %+v", w)
	}
	_, stderr, _ = harness.TryRun(t, alice.program())
	want(t, "what alice reads", stderr, "pretended to be bob and was turned away")
	mallory.sees("that it was turned away", func(st kith.State) bool { return warned(st, openscreen.Disowned) != nil })
	_, stderr, _ = harness.TryRun(t, mallory.program())
	want(t, "what mallory reads", stderr, "turned this one away")

	// Bob is here, too: both are looked at, and the one with the key gets the file.
	p := bob.receive(in, "--once", "--yes")
	alice.sees("two of bob", func(st kith.State) bool {
		for _, d := range st.Devices {
			if d.ID == id.ID && d.Suspicious {
				return true
			}
		}
		return false
	})
	_, stderr, _ = harness.TryRun(t, alice.program())
	want(t, "what alice reads", stderr, "two devices say that they are bob")
	if _, code := alice.send(src, "--to", "bob"); code != 0 || ended(t, p) != 0 {
		t.Fatalf("sending to bob ended with %d:\n%s", code, p.Output())
	}
	same(t, src, filepath.Join(in, "secret"))
}

// TestANameIsNoIdentity: another device takes the name of a known one, whose
// fingerprint it does not have, and asks to send.
func TestANameIsNoIdentity(t *testing.T) {
	r := newRoom(t)
	alice, bob, mallory := r.join("alice"), r.join("bob"), r.join("bob")
	pair(t, bob, alice)
	src, in := filepath.Join(t.TempDir(), "virus"), t.TempDir()
	fill(t, src, 1000, 1)
	p := alice.receive(in, "--yes", "--code", "135790")
	if _, code := mallory.send(src, "--to", "alice", "--code", "111111"); code != exitCodeBad {
		t.Errorf("a stranger by a known name ended with %d\n%s", code, p.Output())
	}
	if names := whole(t, in); len(names) != 0 {
		t.Errorf("%q arrived", names)
	}
	// The one that is known needs no code.
	if _, code := bob.send(src, "--to", "alice"); code != 0 {
		t.Errorf("the known one ended with %d\n%s", code, p.Output())
	}
}

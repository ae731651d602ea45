package friends

import (
	"fmt"
	"net"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// TestARelayIsKilledUnderLoad: what it accepted it has, and what it did not the
// sides say again.
func TestARelayIsKilledUnderLoad(t *testing.T) {
	const questions = 24
	r := startRelay(t)
	alice, bob := start(t, "alice", false, r), start(t, "bob", false, r)
	befriend(t, bob, alice)
	for i := range questions {
		bob.CLI(t, "data", "put", fmt.Sprintf("n/%d", i), file(t, "n.txt", fmt.Sprintf("note %d", i)), "--for", "alice")
	}
	var wg sync.WaitGroup
	failed := make(chan string, questions)
	asked := make(chan struct{}, questions)
	for i := range questions {
		wg.Go(func() {
			resp, err := alice.Client.AskFriend(t.Context(), "bob", fmt.Sprintf("n/%d", i), nil, 0)
			if err != nil {
				failed <- err.Error()
				return
			}
			_ = resp.Body.Close()
			asked <- struct{}{}
		})
		if i%8 == 7 {
			<-asked
			r.Kill()
			r.start(t)
		}
	}
	wg.Wait()
	close(failed)
	for f := range failed {
		t.Fatal(f)
	}
	for i := range questions {
		if got := alice.CLI(t, "friend", "get", fmt.Sprintf("bob/n/%d", i), "--wait", "60s"); got != fmt.Sprintf("note %d", i) {
			t.Errorf("to question %d alice got %q", i, got)
		}
	}
}

// TestOneOfTwoRelaysLiesDead: messages go by the other, and when the dead one is
// back, all is quiet.
func TestOneOfTwoRelaysLiesDead(t *testing.T) {
	one, two := startRelay(t), startRelay(t)
	alice, bob := start(t, "alice", false, one, two), start(t, "bob", false, one, two)
	befriend(t, bob, alice)
	one.Kill()
	hole, err := net.Listen("tcp", one.addr) // it takes connections and says nothing
	must(t, err)
	bob.CLI(t, "data", "put", "n/1", file(t, "n.txt", "by the other"), "--for", "alice")
	if got := alice.CLI(t, "friend", "get", "bob/n/1", "--wait", "60s"); got != "by the other" {
		t.Fatalf("alice got %q", got)
	}
	must(t, hole.Close())
	one.start(t)
	two.Kill()
	bob.CLI(t, "data", "put", "n/2", file(t, "n.txt", "by the first again"), "--for", "alice")
	if got := alice.CLI(t, "friend", "get", "bob/n/2", "--wait", "60s"); got != "by the first again" {
		t.Fatalf("alice got %q", got)
	}
}

// TestFriendsWhoAreNoneAnyMore: one who is blocked is told what strangers are, one
// who is removed nothing.
func TestFriendsWhoAreNoneAnyMore(t *testing.T) {
	const marker = "MARKER-OF-A-FRIENDSHIP-90c2"
	r := startRelay(t)
	alice, bob := start(t, "alice", false, r), start(t, "bob", false, r)
	befriend(t, bob, alice)
	bob.CLI(t, "data", "put", "n/1", file(t, "n.txt", marker), "--for", "alice")
	if got := alice.CLI(t, "friend", "get", "bob/n/1", "--wait", "60s"); got != marker {
		t.Fatalf("alice got %q", got)
	}
	bob.CLI(t, "friend", "block", "alice")
	bob.CLI(t, "data", "put", "n/2", file(t, "n.txt", "not for alice any more"), "--for", "alice")
	if out, _, err := alice.TryCLI(t, "friend", "get", "bob/n/2", "--wait", "2s"); err == nil {
		t.Errorf("one who is blocked got %q", out)
	}
	bob.CLI(t, "friend", "block", "alice", "--off")
	if got := alice.CLI(t, "friend", "get", "bob/n/2", "--wait", "60s"); got != "not for alice any more" {
		t.Errorf("one who is blocked no more got %q", got)
	}
	bob.CLI(t, "friend", "remove", "alice")
	if n := len(bob.state(t).Friends); n != 0 {
		t.Errorf("bob has %d friends", n)
	}
	eventually(t, func() error {
		if _, ok := alice.friend(t, "bob"); ok {
			return fmt.Errorf("alice was not told")
		}
		if found := traces(t, alice.Home, marker); len(found) > 0 {
			return fmt.Errorf("alice has copies in %v", found)
		}
		return nil
	})
}

// typed runs a command that is given lines to read.
func (p *person) typed(t *testing.T, lines string, args ...string) error {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), kith, append(args, "--home", p.Home)...)
	cmd.Stdin = strings.NewReader(lines)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("kith %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}

// TestAPassphrase locks everything until it is typed.
func TestAPassphrase(t *testing.T) {
	r := startRelay(t)
	alice, bob := start(t, "alice", false, r), start(t, "bob", false, r)
	befriend(t, bob, alice)
	bob.CLI(t, "data", "put", "n/1", file(t, "n.txt", "a note"), "--for", "alice")
	must(t, bob.typed(t, "correct horse battery\n", "person", "passphrase"))
	bob.End(t)
	bob.restart(t)
	if !bob.state(t).Person.Locked {
		t.Fatal("it is open after a start")
	}
	if out, _, err := bob.TryCLI(t, "data", "get", "n/1"); err == nil {
		t.Fatalf("without the passphrase there is %q", out)
	}
	if out, _, err := alice.TryCLI(t, "friend", "get", "bob/n/1", "--wait", "1s"); err == nil {
		t.Fatalf("a locked node answered %q", out)
	}
	if bob.typed(t, "wrong horse\n", "person", "unlock") == nil {
		t.Fatal("another passphrase opens it")
	}
	must(t, bob.typed(t, "correct horse battery\n", "person", "unlock"))
	if got := alice.CLI(t, "friend", "get", "bob/n/1", "--wait", "60s"); got != "a note" {
		t.Fatalf("alice got %q", got)
	}
	bob.has(t, "n/1", "a note")
}

package friends

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
)

// TestSharingWithAFriend is the whole of it by the command line: invite, accept,
// put, get, delete, and no trace afterwards on either side or on the relay.
func TestSharingWithAFriend(t *testing.T) {
	for _, direct := range []bool{false, true} {
		t.Run(map[bool]string{false: "through a relay", true: "directly"}[direct], func(t *testing.T) {
			r := startRelay(t)
			alice, bob := start(t, "alice", direct, r), start(t, "bob", direct, r)
			befriend(t, bob, alice)
			a, _ := alice.friend(t, "bob")
			b, _ := bob.friend(t, "alice")
			if a.Safety == "" || a.Safety != b.Safety {
				t.Fatalf("safety codes %q and %q", a.Safety, b.Safety)
			}

			const marker = "MARKER-OF-A-PHOTO-5c1f"
			bob.CLI(t, "data", "put", "photos/1", file(t, "photo.txt", strings.Repeat(marker+"\n", 100)), "--for", "alice")
			bob.CLI(t, "data", "put", "photos/secret", file(t, "other.txt", "not for alice"))
			out := filepath.Join(t.TempDir(), "got")
			alice.CLI(t, "friend", "get", "bob/photos/1", "-o", out, "--wait", "30s")
			got, err := os.ReadFile(out)
			must(t, err)
			if string(got) != strings.Repeat(marker+"\n", 100) {
				t.Fatalf("alice got %d bytes: %.60q", len(got), got)
			}
			list := alice.CLI(t, "friend", "ls", "bob", "--wait", "30s")
			if !strings.Contains(list, "photos/1") || strings.Contains(list, "secret") {
				t.Fatalf("alice sees %s", list)
			}
			refused(t, alice, "bob/photos/secret", "bob/photos/absent")

			bob.CLI(t, "data", "rm", "photos/1")
			eventually(t, func() error {
				for _, receipt := range bob.state(t).Receipts {
					if receipt.State == "confirmed" && receipt.Answered != nil {
						return nil
					}
				}
				return fmt.Errorf("no confirmation: %+v", bob.state(t).Receipts)
			})
			for _, home := range []string{alice.Home, bob.Home, r.home} {
				if found := traces(t, home, marker); len(found) > 0 {
					t.Errorf("traces in %v", found)
				}
			}
			alice.End(t)
			bob.End(t)
		})
	}
}

// refused checks that two documents, one that may not be seen and one that does
// not exist, are answered alike.
func refused(t *testing.T, p *person, paths ...string) {
	t.Helper()
	said := map[string]bool{}
	for _, path := range paths {
		_, stderr, err := p.TryCLI(t, "friend", "get", path, "--wait", "30s")
		if err == nil {
			t.Fatalf("%s was answered", path)
		}
		_, name, _ := strings.Cut(path, "/")
		said[strings.ReplaceAll(stderr, name, "")] = true
	}
	if len(said) != 1 {
		t.Errorf("%v are told apart: %v", paths, said)
	}
}

// TestSidesThatAreNeverOnTogether: the question waits on the relay for bob, the
// answer for alice.
func TestSidesThatAreNeverOnTogether(t *testing.T) {
	r := startRelay(t)
	alice, bob := start(t, "alice", false, r), start(t, "bob", false, r)
	befriend(t, bob, alice)
	bob.CLI(t, "data", "put", "notes/1", file(t, "note.txt", "see you there"), "--for", "alice")
	bob.End(t)

	_, stderr, err := alice.TryCLI(t, "friend", "get", "bob/notes/1", "--wait", "1s")
	if err == nil || !strings.Contains(stderr, "waits for one of their devices") {
		t.Fatalf("a question to nobody: %v %s", err, stderr)
	}
	eventually(t, func() error {
		if f, _ := alice.friend(t, "bob"); f.Waiting > 0 {
			return fmt.Errorf("the question has not left yet")
		}
		return nil
	})
	alice.End(t)
	r.Kill()
	r.start(t)

	// They take turns until bob was on for long enough to answer.
	eventually(t, func() error {
		began := time.Now()
		bob.restart(t)
		eventually(t, func() error {
			if f, _ := bob.friend(t, "alice"); f.Heard == nil || f.Heard.Before(began) || f.Waiting > 0 {
				return fmt.Errorf("bob has not answered yet: %+v", f)
			}
			return nil
		})
		bob.End(t)
		alice.restart(t)
		defer alice.End(t)
		got, stderr, err := alice.TryCLI(t, "friend", "get", "bob/notes/1", "--wait", "5s")
		if err != nil {
			return fmt.Errorf("%w: %s", err, stderr)
		}
		if got != "see you there" {
			t.Fatalf("alice got %q", got)
		}
		return nil
	})
}

// TestALargeDocument travels in chunks, and one that is larger than an answer may be
// in several answers.
func TestALargeDocument(t *testing.T) {
	r := startRelay(t)
	alice, bob := start(t, "alice", false, r), start(t, "bob", false, r)
	befriend(t, bob, alice)
	for _, size := range []int{20 << 20, 70 << 20} {
		name := fmt.Sprint("film-", size>>20)
		want := harness.Bytes(7, size)
		path := filepath.Join(t.TempDir(), name)
		must(t, os.WriteFile(path, want, 0o600))
		bob.CLI(t, "data", "put", name, path, "--for", "all")
		out := filepath.Join(t.TempDir(), "got")
		if size == 20<<20 {
			if _, _, err := alice.TryCLI(t, "friend", "get", "bob/"+name, "-o", out, "--wait", "60s"); err == nil {
				t.Fatal("an unverified friend is among all friends")
			}
			bob.CLI(t, "friend", "verify", "alice")
		}
		alice.CLI(t, "friend", "get", "bob/"+name, "-o", out, "--wait", "120s")
		got, err := os.ReadFile(out)
		must(t, err)
		if !bytes.Equal(got, want) {
			t.Fatalf("of %d bytes came %d that differ", size, len(got))
		}
	}
}

// TestAnInvitationIsGoodOnce: the second who takes a link gets nothing.
func TestAnInvitationIsGoodOnce(t *testing.T) {
	r := startRelay(t)
	alice, bob, eve := start(t, "alice", false, r), start(t, "bob", false, r), start(t, "eve", false, r)
	link := strings.TrimSpace(bob.CLI(t, "friend", "invite", "--name", "alice"))
	alice.CLI(t, "friend", "accept", link, "--name", "bob")
	eventually(t, func() error {
		if f, ok := bob.friend(t, "alice"); !ok || f.Pending {
			return fmt.Errorf("not friends yet")
		}
		return nil
	})
	_, stderr, err := eve.TryCLI(t, "friend", "accept", link, "--name", "bob")
	if err == nil {
		eventually(t, func() error {
			if f, ok := eve.friend(t, "bob"); ok && !f.Pending {
				t.Fatal("eve is a friend by a link that was used")
			} else if !ok {
				return nil
			}
			return nil
		})
	} else if !strings.Contains(stderr, "kith:") {
		t.Fatalf("eve was told %q", stderr)
	}
	if n := len(bob.state(t).Friends); n != 1 {
		t.Fatalf("bob has %d friends", n)
	}
	cancelled := strings.TrimSpace(bob.CLI(t, "friend", "invite"))
	id := bob.state(t).Invitations[0].ID
	bob.CLI(t, "friend", "cancel", id)
	if _, _, err := eve.TryCLI(t, "friend", "accept", cancelled, "--name", "bob"); err == nil {
		if f, _ := eve.friend(t, "bob"); !f.Pending {
			t.Fatal("a link that was cancelled made a friend")
		}
	}
}

package friends

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/kith-web/kith/internal/sharing"
)

// linkDevice makes fresh a device of old's person, by the commands a person types
// on both, and waits until both say so.
func linkDevice(t *testing.T, old, fresh *person) {
	t.Helper()
	var shown struct{ Link string }
	must(t, json.Unmarshal([]byte(fresh.CLI(t, "device", "link", "--name", fresh.name, "--json")), &shown))
	var l sharing.Link
	must(t, json.Unmarshal([]byte(old.CLI(t, "device", "accept", shown.Link, "--json")), &l))
	confirmLink(t, old, fresh)
}

// confirmLink compares the codes that both devices show, says that they are the
// same, and waits until the devices are one person's.
func confirmLink(t *testing.T, old, fresh *person) {
	t.Helper()
	sides, codes := []*person{fresh, old}, map[string]bool{}
	ids := make([]string, len(sides))
	for i, p := range sides {
		eventually(t, func() error {
			for _, link := range p.state(t).Links {
				if link.Safety != "" {
					codes[link.Safety], ids[i] = true, link.ID
					return nil
				}
			}
			return fmt.Errorf("%s has no code to compare: %+v", p.name, p.state(t).Links)
		})
	}
	if len(codes) != 1 {
		t.Fatalf("the devices show the codes %v", codes)
	}
	for i, p := range sides {
		p.CLI(t, "device", "confirm", ids[i])
	}
	old.devices(t, 2)
	fresh.devices(t, 2)
}

// devices waits until p knows of n own devices.
func (p *person) devices(t *testing.T, n int) {
	t.Helper()
	eventually(t, func() error {
		if st := p.state(t); len(st.Devices) != n {
			return fmt.Errorf("%s has %d devices, not %d: %+v, %+v", p.name, len(st.Devices), n, st.Devices, st.Links)
		}
		return nil
	})
}

// has waits until p can read a document, and compares it.
func (p *person) has(t *testing.T, path, want string) {
	t.Helper()
	eventually(t, func() error {
		out, stderr, err := p.TryCLI(t, "data", "get", path)
		if err != nil || out != want {
			return fmt.Errorf("%s has %.40q at %s, not %.40q: %v %s", p.name, out, path, want, err, stderr)
		}
		return nil
	})
}

// lacks waits until p has no document at path.
func (p *person) lacks(t *testing.T, path string) {
	t.Helper()
	eventually(t, func() error {
		if p.lists(t, path) {
			return fmt.Errorf("%s still has %s", p.name, path)
		}
		return nil
	})
}

func (p *person) lists(t *testing.T, path string) bool {
	t.Helper()
	var docs []sharing.Document
	p.command(t, &docs, "data", "ls")
	for _, d := range docs {
		if d.Path == path {
			return true
		}
	}
	return false
}

// restart starts p's node again after its end.
func (p *person) restart(t *testing.T) {
	t.Helper()
	p.Node = p.Restart(t)
}

// clean checks that no file of the homes holds marker.
func clean(t *testing.T, marker string, homes ...string) {
	t.Helper()
	for _, home := range homes {
		if found := traces(t, home, marker); len(found) > 0 {
			t.Errorf("traces of %q in %v", marker, found)
		}
	}
}

// TestASecondDevice has what the first has, answers for it, and when it is revoked
// learns nothing new.
func TestASecondDevice(t *testing.T) {
	r := startRelay(t)
	alice, laptop, phone := start(t, "alice", false, r), start(t, "bob", false, r), start(t, "phone", false, r)
	befriend(t, laptop, alice)
	laptop.CLI(t, "data", "put", "notes/1", file(t, "1.txt", "from the laptop"), "--for", "alice")
	linkDevice(t, laptop, phone)
	phone.has(t, "notes/1", "from the laptop")
	eventually(t, func() error {
		if f, ok := phone.friend(t, "alice"); !ok || f.Pending {
			return fmt.Errorf("the phone does not know alice: %+v", f)
		}
		return nil
	})

	laptop.End(t)
	if got := alice.CLI(t, "friend", "get", "bob/notes/1", "--wait", "60s"); got != "from the laptop" {
		t.Fatalf("the phone answered %q", got)
	}
	phone.CLI(t, "data", "put", "notes/2", file(t, "2.txt", "from the phone"), "--for", "alice")
	laptop.restart(t)
	laptop.has(t, "notes/2", "from the phone")

	laptop.CLI(t, "device", "revoke", "phone")
	laptop.devices(t, 1)
	laptop.CLI(t, "data", "put", "notes/3", file(t, "3.txt", "after the theft"), "--for", "alice")
	alice.CLI(t, "data", "put", "hello", file(t, "hello.txt", "hello bob"), "--for", "bob")
	if got := alice.CLI(t, "friend", "get", "bob/notes/3", "--wait", "60s"); got != "after the theft" {
		t.Fatalf("alice got %q", got)
	}
	eventually(t, func() error {
		out, stderr, err := laptop.TryCLI(t, "friend", "get", "alice/hello", "--wait", "5s")
		if err != nil || out != "hello bob" {
			return fmt.Errorf("the laptop got %q: %v %s", out, err, stderr)
		}
		return nil
	})
	if out, _, err := phone.TryCLI(t, "friend", "get", "alice/hello", "--wait", "3s"); err == nil {
		t.Errorf("alice told a revoked device %q", out)
	}
	if phone.lists(t, "notes/3") {
		t.Error("a revoked device has what was written after")
	}
	clean(t, "after the theft", phone.Home)
}

// TestDeletedWhileADeviceWasOff: what one device deletes, one that was off and one
// that was put back from an old copy do not bring back, and no disk holds it.
func TestDeletedWhileADeviceWasOff(t *testing.T) {
	const marker = "MARKER-OF-A-LETTER-77ae"
	r := startRelay(t)
	laptop, phone := start(t, "bob", false, r), start(t, "phone", false, r)
	laptop.CLI(t, "person", "name", "bob")
	linkDevice(t, laptop, phone)
	for _, path := range []string{"letters/1", "letters/2"} {
		// one is kept beside its description, the other in a file of its own
		n := map[string]int{"letters/1": 10, "letters/2": 1000}[path]
		laptop.CLI(t, "data", "put", path, file(t, "letter.txt", strings.Repeat(marker+path+"\n", n)))
		phone.has(t, path, strings.Repeat(marker+path+"\n", n))
	}
	laptop.CLI(t, "data", "put", "kept", file(t, "kept.txt", "kept"))
	phone.has(t, "kept", "kept")

	phone.End(t)
	old := t.TempDir()
	must(t, os.CopyFS(old, os.DirFS(phone.Home)))
	laptop.CLI(t, "data", "rm", "letters/1")
	phone.restart(t)
	phone.lacks(t, "letters/1")
	laptop.CLI(t, "data", "rm", "letters/2")
	phone.lacks(t, "letters/2")
	clean(t, marker, laptop.Home, phone.Home, r.home)

	phone.End(t)
	must(t, os.RemoveAll(phone.Home))
	must(t, os.CopyFS(phone.Home, os.DirFS(old)))
	phone.restart(t)
	phone.lacks(t, "letters/1")
	phone.lacks(t, "letters/2")
	laptop.CLI(t, "data", "put", "later", file(t, "later.txt", "later"))
	phone.has(t, "later", "later")
	phone.has(t, "kept", "kept")
	laptop.has(t, "kept", "kept")
	for _, path := range []string{"letters/1", "letters/2"} {
		if laptop.lists(t, path) || phone.lists(t, path) {
			t.Errorf("%s is back", path)
		}
	}
	clean(t, marker, laptop.Home, phone.Home, r.home)
}

package friends

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/kith-web/kith/e2e/harness"
	"github.com/kith-web/kith/internal/sharing"
)

// TestSomebodyInTheRoom: a friend is invited, and a device linked, by handing the
// link to the device beside, which a code has to be agreed on with first.
func TestSomebodyInTheRoom(t *testing.T) {
	const code = "246810"
	room := harness.NewRoom(t)
	r := relayAt(t, room.Join())
	in := func(name string) *person {
		return startAt(t, room.Join(), name, harness.Config{"nearby.enabled": true, "nearby.name": name}, r)
	}
	alice, bob, phone := in("alice"), in("bob"), in("phone")
	waits := func(p *person) *harness.Process { return harness.Start(t, p.Command("nearby", "pair", "--code", code)) }

	_, stderr, err := alice.TryCLI(t, "friend", "accept", "--nearby", "bob", "--wait", "1s")
	if err == nil || !strings.Contains(stderr, "handed over no link") {
		t.Fatalf("a link that nobody gave: %v %s", err, stderr)
	}
	waits(bob)
	alice.CLI(t, "friend", "invite", "--nearby", "bob", "--code", code, "--name", "bob")
	bob.CLI(t, "friend", "accept", "--nearby", "alice", "--name", "alice")
	for _, side := range []struct {
		p     *person
		other string
	}{{alice, "bob"}, {bob, "alice"}} {
		eventually(t, func() error {
			if f, ok := side.p.friend(t, side.other); !ok || f.Pending {
				return fmt.Errorf("%s has no friend %s: %+v", side.p.name, side.other, side.p.state(t).Friends)
			}
			return nil
		})
	}

	waits(alice)
	var shown, l sharing.Link
	must(t, json.Unmarshal([]byte(phone.CLI(t, "device", "link", "--nearby", "alice", "--code", code, "--json")), &shown))
	must(t, json.Unmarshal([]byte(alice.CLI(t, "device", "accept", "--nearby", "phone", "--json")), &l))
	confirmLink(t, alice, phone)
	bob.CLI(t, "data", "put", "hello", file(t, "h.txt", "hello alice"), "--for", "alice")
	phone.gets(t, "bob/hello", "hello alice")
}

package friends

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kith-web/kith/e2e/harness"
)

// place is where a person's device or a relay is in a network.
type place = harness.Place

// relayAt starts a relay on a computer of its own.
func relayAt(t *testing.T, at *place) *relay {
	t.Helper()
	r := &relay{home: t.TempDir(), addr: at.IP + ":5499"}
	r.Process = harness.Start(t, harness.Program{
		Path: kith, Args: []string{"relay", "--home", r.home, "--listen", r.addr}, Namespace: at.Namespace,
	})
	return r
}

// startAt starts somebody's device on a computer of its own, configured by more.
func startAt(t *testing.T, at *place, name string, more harness.Config, relays ...*relay) *person {
	t.Helper()
	urls := []string{}
	for _, r := range relays {
		urls = append(urls, r.url())
	}
	home := filepath.Join(t.TempDir(), name)
	must(t, os.MkdirAll(home, 0o700))
	config := harness.Config{"mailbox.relays": urls, "friends.listen": at.IP + ":5488", "friends.direct": true}
	maps.Copy(config, more)
	return &person{name: name, Node: harness.StartNode(t, harness.Options{
		Binary: kith, Home: home, Namespace: at.Namespace, Config: config,
	})}
}

// TestTwoPeopleThreeDevicesTwoRelays, each on a computer of its own, whose cables
// are pulled in turn.
func TestTwoPeopleThreeDevicesTwoRelays(t *testing.T) {
	const marker = "MARKER-OF-A-FILM-3b9d"
	room := harness.NewRoom(t)
	first, second := room.Join(), room.Join()
	one, two := relayAt(t, first), relayAt(t, second)
	atLaptop, atPhone, atBob := room.Join(), room.Join(), room.Join()
	laptop := startAt(t, atLaptop, "alice", nil, one, two)
	phone := startAt(t, atPhone, "phone", nil, one, two)
	bob := startAt(t, atBob, "bob", nil, one, two)
	befriend(t, laptop, bob)
	linkDevice(t, laptop, phone)

	film := bytes.Repeat([]byte(marker+"\n"), 3<<20/len(marker))
	reel := filepath.Join(t.TempDir(), "film")
	must(t, os.WriteFile(reel, film, 0o600))
	laptop.CLI(t, "data", "put", "films/1", reel, "--for", "bob")
	phone.has(t, "films/1", string(film))

	first.Plug(false) // one relay is gone
	laptop.CLI(t, "data", "put", "notes/1", file(t, "n.txt", "by the second relay"), "--for", "bob")
	bob.gets(t, "alice/notes/1", "by the second relay")
	phone.has(t, "notes/1", "by the second relay")

	atLaptop.Plug(false) // and the laptop with it: the phone answers
	bob.gets(t, "alice/films/1", string(film))

	first.Plug(true)
	second.Plug(false) // the other relay is gone; what the phone writes goes by the first
	phone.CLI(t, "data", "put", "notes/2", file(t, "n.txt", "by the first relay"), "--for", "bob")
	atPhone.Plug(false)
	bob.asks(t, "alice/notes/2") // nobody is there; the question waits
	atPhone.Plug(true)
	bob.gets(t, "alice/notes/2", "by the first relay")
	atLaptop.Plug(true)
	laptop.has(t, "notes/2", "by the first relay")
	second.Plug(true)

	atBob.Plug(false) // bob is away while alice deletes
	phone.CLI(t, "data", "rm", "films/1")
	laptop.lacks(t, "films/1")
	atBob.Plug(true)
	eventually(t, func() error {
		for _, p := range []*person{laptop, phone} {
			for _, receipt := range p.state(t).Receipts {
				if receipt.State == "confirmed" && receipt.Answered != nil {
					return nil
				}
			}
		}
		return fmt.Errorf("bob has not confirmed: %+v and %+v", laptop.state(t).Receipts, phone.state(t).Receipts)
	})
	clean(t, marker, laptop.Home, phone.Home, bob.Home, one.home, two.home)
	laptop.End(t)
	phone.End(t)
	bob.End(t)
}

// gets waits until p has fetched a friend's document, and compares it.
func (p *person) gets(t *testing.T, path, want string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "got")
	eventually(t, func() error {
		if _, stderr, err := p.TryCLI(t, "friend", "get", path, "-o", out, "--wait", "30s"); err != nil {
			return fmt.Errorf("%s has not got %s: %w %s", p.name, path, err, stderr)
		}
		return nil
	})
	got, err := os.ReadFile(out)
	must(t, err)
	if string(got) != want {
		t.Fatalf("%s got %d octets of %s, not %d: %.60q", p.name, len(got), path, len(want), got)
	}
}

// asks asks for a friend's document that nobody is there to answer for.
func (p *person) asks(t *testing.T, path string) {
	t.Helper()
	if _, stderr, err := p.TryCLI(t, "friend", "get", path, "--wait", "1s"); err == nil || !strings.Contains(stderr, "waits for one of their devices") {
		t.Fatalf("a question to nobody: %v %s", err, stderr)
	}
}

// command reads what a command prints as JSON.
func (p *person) command(t *testing.T, into any, args ...string) {
	t.Helper()
	must(t, json.Unmarshal([]byte(p.CLI(t, append(args, "--json")...)), into))
}

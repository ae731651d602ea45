package friends

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
	"github.com/kith-web/kith/internal/sharing"
)

// kith is the kith program, built once.
var kith string

func TestMain(m *testing.M) { os.Exit(harness.Main(m, &kith)) }

// patience is for everything that two nodes and a relay do together.
const patience = 60 * time.Second

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits until f returns nil, and fails t with its last error when it
// does not.
func eventually(t *testing.T, f func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal(err)
		}
	}
}

// relay is a running 'kith relay'.
type relay struct {
	*harness.Process
	home, addr string
}

func startRelay(t *testing.T) *relay {
	t.Helper()
	r := newRelay(t)
	r.start(t)
	return r
}

// newRelay is a relay that is yet to be started.
func newRelay(t *testing.T) *relay {
	t.Helper()
	return &relay{home: t.TempDir(), addr: harness.Loopback(harness.FreePort(t))}
}

// start starts it, again where it has ended, at the same address and home.
func (r *relay) start(t *testing.T) {
	t.Helper()
	r.Process = harness.Start(t, harness.Program{Path: kith, Args: []string{"relay", "--home", r.home, "--listen", r.addr}})
	eventually(t, func() error {
		c, err := net.Dial("tcp", r.addr)
		if err != nil {
			return err
		}
		return c.Close()
	})
}

func (r *relay) url() string { return "ws://" + r.addr }

// person is somebody's device: a running node.
type person struct {
	*harness.Node
	name string
}

// start starts a node with mailboxes on these relays, reached by them alone
// unless direct.
func start(t *testing.T, name string, direct bool, relays ...*relay) *person {
	t.Helper()
	urls := []string{}
	for _, r := range relays {
		urls = append(urls, r.url())
	}
	home := filepath.Join(t.TempDir(), name)
	must(t, os.MkdirAll(home, 0o700))
	return &person{name: name, Node: harness.StartNode(t, harness.Options{
		Binary: kith, Home: home, Config: harness.Config{
			"mailbox.relays": urls, "friends.direct": direct,
		},
	})}
}

// state reads what the person sees.
func (p *person) state(t *testing.T) sharing.State {
	t.Helper()
	if p.Client == nil { // in another network
		var st sharing.State
		p.command(t, &st, "friend")
		return st
	}
	st, err := p.Client.SharingState(t.Context())
	must(t, err)
	return st
}

// friend finds one by name.
func (p *person) friend(t *testing.T, name string) (sharing.Friend, bool) {
	t.Helper()
	for _, f := range p.state(t).Friends {
		if f.Name == name {
			return f, true
		}
	}
	return sharing.Friend{}, false
}

// befriend makes a and b friends by a's link, and waits until both say so.
func befriend(t *testing.T, a, b *person) {
	t.Helper()
	var invited struct{ Link string }
	must(t, json.Unmarshal([]byte(a.CLI(t, "friend", "invite", "--name", b.name, "--json")), &invited))
	b.CLI(t, "friend", "accept", invited.Link, "--name", a.name)
	for _, side := range []struct{ p, other *person }{{a, b}, {b, a}} {
		eventually(t, func() error {
			if f, ok := side.p.friend(t, side.other.name); !ok || f.Pending {
				return fmt.Errorf("%s has no friend %s yet: %+v", side.p.name, side.other.name, side.p.state(t).Friends)
			}
			return nil
		})
	}
}

// file writes a file and returns its path.
func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// traces returns the files below dir in which marker is found, raw.
func traces(t *testing.T, dir, marker string) (found []string) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil && (strings.Contains(string(data), marker) || strings.Contains(path, marker)) {
			found = append(found, path)
		}
		return err
	}))
	return found
}

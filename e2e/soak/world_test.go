package soak

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
)

// kith is the kith program, built once.
var kith string

func TestMain(m *testing.M) { os.Exit(harness.Main(m, &kith)) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// patience is for what two nodes and a relay do together on a busy machine.
const patience = 90 * time.Second

// roomy is the configuration of a relay that takes eight hours' messages in minutes.
const roomy = "[relay]\nudp = \"off\"\nconnections = 1000\nrate = 100000\n\n[relay.mailbox]\ncreate_burst = 100000\ncreate_rate = 3600000\nput_rate = 1000000\n"

// world is a node, its friend's, the relay that both are watched with, and another
// one that is restarted now and then.
type world struct {
	t          *testing.T
	alice, bob *harness.Node
	relays     [2]*harness.Process
	homes      [2]string
	addrs      [2]string
	hands      [hands]*hand

	mu    sync.Mutex
	count map[string]int
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, count: map[string]int{}}
	var urls []string
	for i := range w.relays {
		w.homes[i], w.addrs[i] = t.TempDir(), harness.Loopback(harness.FreePort(t))
		must(t, os.WriteFile(filepath.Join(w.homes[i], "config.toml"), []byte(roomy), 0o600))
		w.startRelay(i)
		urls = append(urls, "ws://"+w.addrs[i])
	}
	node := func() *harness.Node {
		return harness.StartNode(t, harness.Options{Binary: kith, Config: harness.Config{"mailbox.relays": urls}})
	}
	w.alice, w.bob = node(), node()
	w.befriend()
	var all sync.WaitGroup
	for i := range w.hands {
		w.hands[i] = w.newHand(i)
		all.Go(w.hands[i].begin)
	}
	all.Wait()
	return w
}

func (w *world) startRelay(i int) {
	w.t.Helper()
	w.relays[i] = harness.Start(w.t, harness.Program{Path: kith, Args: []string{"relay", "--home", w.homes[i], "--listen", w.addrs[i]}})
	w.eventually(func() error {
		c, err := net.Dial("tcp", w.addrs[i])
		if err != nil {
			return err
		}
		return c.Close()
	})
}

// restartRelay has the nodes connect again to one of their relays.
func (w *world) restartRelay() {
	w.t.Helper()
	if err := w.relays[1].Stop(patience); err != nil {
		w.t.Logf("a relay ended badly: %v", err)
	}
	w.startRelay(1)
	w.did("relay restarted")
}

func (w *world) eventually(f func() error) {
	w.t.Helper()
	end := time.Now().Add(patience)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f()
		if err == nil {
			return
		}
		if <-tick.C; time.Now().After(end) {
			w.t.Fatal(err)
		}
	}
}

// befriend makes the two friends, who are called alice and bob.
func (w *world) befriend() {
	w.t.Helper()
	var invited struct{ Link string }
	must(w.t, json.Unmarshal([]byte(w.alice.CLI(w.t, "friend", "invite", "--name", "bob", "--json")), &invited))
	w.bob.CLI(w.t, "friend", "accept", invited.Link, "--name", "alice")
	for _, n := range []*harness.Node{w.alice, w.bob} {
		w.eventually(func() error {
			st, err := n.Client.SharingState(w.t.Context())
			if err != nil || len(st.Friends) != 1 || st.Friends[0].Pending {
				return fmt.Errorf("no friends yet: %+v, %w", st.Friends, err)
			}
			return nil
		})
	}
}

// logSites says how many sites the nodes know in the end.
func (w *world) logSites() {
	for _, n := range []*harness.Node{w.alice, w.bob} {
		list, err := n.Client.Sites(w.t.Context())
		must(w.t, err)
		w.t.Logf("%d sites are known", len(list.Sites))
	}
}

func (w *world) did(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count[what]++
}

func (w *world) counts() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.count
}

// watched are the processes that have to stay as they are.
func (w *world) watched() map[string]watched {
	node := func(n *harness.Node) watched {
		token, err := os.ReadFile(filepath.Join(n.Home, "token"))
		must(w.t, err)
		return watched{pid: n.PID(), console: n.Console, token: strings.TrimSpace(string(token)), client: n.Client.HTTP()}
	}
	return map[string]watched{"the node": node(w.alice), "its friend's": node(w.bob), "the relay": {pid: w.relays[0].PID()}}
}

// hand does one thing after another, with folders and documents of its own.
type hand struct {
	w     *world
	name  string
	rand  *rand.Rand
	token string
	sites [4]*site
	puts  map[string]bool
}

// site is a folder that is published again and again.
type site struct {
	folder string
	number int
	// wtp and magnet are the last version's addresses, "" before the first; had says
	// that the friend opened it.
	wtp, magnet string
	had         bool
}

func (w *world) newHand(i int) *hand {
	token, err := os.ReadFile(filepath.Join(w.alice.Home, "token"))
	must(w.t, err)
	h := &hand{w: w, name: fmt.Sprintf("hand%d", i), rand: rand.New(rand.NewPCG(uint64(i), 7)), token: strings.TrimSpace(string(token)), puts: map[string]bool{}}
	for n := range h.sites {
		h.sites[n] = &site{folder: filepath.Join(w.t.TempDir(), fmt.Sprintf("site%d", n))}
		must(w.t, os.MkdirAll(h.sites[n].folder, 0o700))
	}
	return h
}

package page_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
)

const (
	readyWithin = 60 * time.Second
	allWithin   = 10 * time.Minute
)

func TestPages(t *testing.T) {
	if testing.Short() {
		harness.Skip(t, "the browser tests are long")
	}
	cases := harness.NeedPlaywright(t, ".", allWithin)
	scratch := t.TempDir() // outlives the nodes, which read published folders in place
	kith, err := harness.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	places := makePlaces(t)
	site := filepath.Join(scratch, "site")
	writeSite(t, site)
	figures := filepath.Join(scratch, "figures")
	cases.Env = []string{"TMPDIR=" + scratch, "KITH_FIGURES=" + figures}
	cases.Env = append(cases.Env, people(t, kith, site, places)...)
	cases.Env = append(cases.Env, "KITH_RTT="+places.roundTrip(t))
	cases.Run(t)
	if data, err := os.ReadFile(figures); err == nil {
		t.Logf("measured:\n%s", data)
	}
}

// writeSite writes the page that both devices have, at one address.
func writeSite(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	page := `<!doctype html><html lang="en"><meta charset="utf-8"><title>Board</title><h1>Board</h1><script src="/.kith/lp2p.js"></script></html>`
	if err := os.WriteFile(filepath.Join(dir, "index.html"), []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
}

// place is where a node and its browser run: a network namespace, or "" for this
// one, and the interface over which devices are near.
type place struct{ namespace, link, addr string }

type places struct{ at [2]place }

// makePlaces joins two namespaces by a cable; where this user may not, both nodes
// share the loopback interface.
func makePlaces(t *testing.T) places {
	t.Helper()
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Log("SKIPPED in part: network namespaces need root on Linux; both nodes are on loopback")
		return places{[2]place{{link: loopback()}, {link: loopback()}}}
	}
	id := os.Getpid()
	a := place{fmt.Sprintf("kith-pa-%d", id), "eth0", "10.86.7.1"}
	b := place{fmt.Sprintf("kith-pb-%d", id), "eth0", "10.86.7.2"}
	t.Cleanup(func() {
		for _, p := range []place{a, b} {
			_ = exec.Command("ip", "netns", "del", p.namespace).Run()
		}
	})
	for _, line := range []string{
		"netns add " + a.namespace, "netns add " + b.namespace,
		"link add eth0 netns " + a.namespace + " type veth peer name eth0 netns " + b.namespace,
		"-n " + a.namespace + " addr add " + a.addr + "/24 dev eth0", "-n " + b.namespace + " addr add " + b.addr + "/24 dev eth0",
		"-n " + a.namespace + " link set lo up", "-n " + b.namespace + " link set lo up",
		"-n " + a.namespace + " link set eth0 up", "-n " + b.namespace + " link set eth0 up",
	} {
		if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			harness.Skip(t, "network namespaces cannot be made: ip %s: %v %s", line, err, out)
		}
	}
	return places{[2]place{a, b}}
}

func loopback() string {
	if runtime.GOOS == "linux" {
		return "lo"
	}
	return "lo0"
}

// echo and asker are the two ends of a round trip over UDP.
const (
	echo  = `const s = require("dgram").createSocket("udp4"); s.on("message", (m, from) => s.send(m, from.port, from.address)); s.bind(7, () => console.log("ready"));`
	asker = `const s = require("dgram").createSocket("udp4"); const all = []; let start;
const ask = () => { start = performance.now(); s.send("x", 7, process.argv[1]); };
s.on("message", () => { all.push(performance.now() - start); all.length < 200 ? ask() : (console.log(all.sort((a, b) => a - b)[100].toFixed(2)), s.close()); });
s.bind(0, ask);`
)

// roundTrip is the network's own, between two programs, in milliseconds; "" where
// it is not measured.
func (p places) roundTrip(t *testing.T) string {
	t.Helper()
	if p.at[0].namespace == "" {
		return ""
	}
	node := harness.Need(t, "node")
	far := harness.Start(t, harness.Program{Path: node, Args: []string{"-e", echo}, Namespace: p.at[1].namespace})
	ctx, cancel := context.WithTimeout(t.Context(), readyWithin)
	defer cancel()
	if _, err := far.Await(ctx, regexp.MustCompile("ready")); err != nil {
		t.Fatal(err)
	}
	defer far.Kill()
	return strings.TrimSpace(harness.Run(t, harness.Program{Path: node, Args: []string{"-e", asker, p.at[1].addr}, Namespace: p.at[0].namespace}))
}

// people starts a node for each of two people, and returns what the cases have to
// know of them.
func people(t *testing.T, kith, site string, p places) (env []string) {
	t.Helper()
	for i, name := range []string{"alice", "bob"} {
		n := start(t, kith, name, p.at[i])
		prefix := "KITH_" + strings.ToUpper(name)
		env = append(env, prefix+"="+strings.TrimSuffix(n.Console, "/"), prefix+"_NS="+p.at[i].namespace,
			prefix+"_DIR="+n.received, prefix+"_SITE="+n.site(t, site))
	}
	return env
}

// node is a running node, and the folder for files that arrive.
type node struct {
	*harness.Node
	received string
}

// start runs a node until the test ends, and checks that it ends well.
func start(t *testing.T, kith, name string, at place) node {
	t.Helper()
	n := node{received: t.TempDir()}
	n.Node = harness.StartNode(t, harness.Options{
		Binary: kith, Namespace: at.namespace,
		Config: harness.Config{
			"bittorrent.enabled": false, "nearby.enabled": true, "nearby.name": name,
			"nearby.interfaces": []string{at.link}, "nearby.dir": n.received, "nearby.listen": ":0",
		},
	})
	t.Cleanup(func() { n.End(t) })
	return n
}

// site makes a folder a site of the node, and returns its URL there.
func (n node) site(t *testing.T, folder string) string {
	t.Helper()
	var p struct {
		URLs []string `json:"urls"`
	}
	out := n.CLI(t, "publish", "--json", folder)
	if err := json.Unmarshal([]byte(out), &p); err != nil || len(p.URLs) == 0 {
		t.Fatalf("kith publish: %v\n%s", err, out)
	}
	return p.URLs[0]
}

package doctor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/kith-web/kith/e2e/loud"
)

// envInside tells this program that it runs in a namespace, and with which device.
const envInside = "DOCTOR_TEST_INSIDE"

// network is two namespaces that a cable joins: in "a" the doctor looks, in "b" a
// device answers.
type network struct {
	t    *testing.T
	a, b string
	at   netip.AddrPort
}

func newNetwork(t *testing.T) *network {
	t.Helper()
	loud.NeedRoot(t)
	loud.Need(t, "ip")
	id := os.Getpid() % 100000
	n := &network{t: t, a: fmt.Sprintf("doc%da", id), b: fmt.Sprintf("doc%db", id)}
	for _, name := range []string{n.a, n.b} {
		n.run("ip", "netns", "add", name)
		t.Cleanup(func() { n.run("ip", "netns", "delete", name) })
	}
	n.run("ip", "link", "add", "doc0", "netns", n.a, "type", "veth", "peer", "name", "doc0", "netns", n.b)
	for i, name := range []string{n.a, n.b} {
		n.run("ip", "-n", name, "address", "add", fmt.Sprintf("10.78.0.%d/24", i+1), "dev", "doc0")
		n.run("ip", "-n", name, "link", "set", "lo", "up")
		n.run("ip", "-n", name, "link", "set", "doc0", "up")
	}
	n.start()
	return n
}

func (n *network) run(args ...string) {
	n.t.Helper()
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		n.t.Fatalf("%s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// start has a device answer in "b" until the test ends.
func (n *network) start() {
	n.t.Helper()
	cmd := exec.Command("ip", "netns", "exec", n.b, os.Args[0], "-test.run=^TestInside$")
	cmd.Env = append(os.Environ(), envInside+"=device")
	hold, err := cmd.StdinPipe()
	if err != nil {
		n.t.Fatal(err)
	}
	said, err := cmd.StdoutPipe()
	if err != nil {
		n.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() {
		_ = hold.Close()
		_ = cmd.Wait() // it is told by the end of its input
	})
	var at string
	if _, err := fmt.Fscanln(said, &at); err != nil {
		n.t.Fatal(err)
	}
	n.at = netip.AddrPortFrom(netip.MustParseAddr("10.78.0.2"), netip.MustParseAddrPort(at).Port())
}

// examine has the doctor look around in "a", and returns what it finds by name.
func (n *network) examine() map[string]Check {
	n.t.Helper()
	cmd := exec.Command("ip", "netns", "exec", n.a, os.Args[0], "-test.run=^TestInside$")
	cmd.Env = append(os.Environ(), envInside+"="+n.at.String())
	out, err := cmd.Output()
	if err != nil {
		n.t.Fatalf("%v: %s", err, out)
	}
	var all []Check
	if err := json.NewDecoder(bytes.NewReader(out)).Decode(&all); err != nil {
		n.t.Fatalf("%v: %s", err, out)
	}
	found := map[string]Check{}
	for _, c := range all {
		found[c.Name] = c
	}
	return found
}

// TestInside is no test: it is the doctor, or a device, in a namespace.
func TestInside(t *testing.T) {
	switch inside := os.Getenv(envInside); inside {
	case "":
		t.Skip("started by tests with network namespaces only")
	case "device":
		fmt.Println(deviceAt(t, "10.78.0.2:0"))
		_, _ = os.Stdin.Read(make([]byte, 1))
	default:
		l, err := net.Listen("tcp", "0.0.0.0:42069")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		all := Examine(t.Context(), Options{
			Home:    "/",
			Doors:   []Door{{Name: "bittorrent", Want: 42069, Open: []Place{{"tcp", netip.MustParseAddrPort("0.0.0.0:42069")}}}},
			Devices: []Device{{"Bo", []netip.AddrPort{netip.MustParseAddrPort(inside)}}},
		})
		if err := json.NewEncoder(os.Stdout).Encode(all); err != nil {
			t.Fatal(err)
		}
	}
}

func TestANetworkAndWhatIsWrongWithIt(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	found := n.examine()
	expect(t, found["bittorrent port"], OK, "answers at tcp://10.78.0.1:42069")
	expect(t, found["devices nearby"], OK, "answer: 1")
	expect(t, found["multicast"], OK, "works on doc0")
	expect(t, found["IPv6"], Warning, "no address of the internet")

	n.run("ip", "-n", n.a, "address", "add", "2001:db8::1/64", "dev", "doc0", "nodad")
	expect(t, n.examine()["IPv6"], Warning, "no way out from it")
	n.run("ip", "-n", n.a, "route", "add", "default", "via", "2001:db8::2")
	expect(t, n.examine()["IPv6"], OK, "2001:db8::1")

	// What follows is wrong all at once: each finding is about one of them.
	n.run("ip", "netns", "exec", n.a, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")
	n.run("ip", "-n", n.a, "link", "set", "dev", "doc0", "multicast", "off")
	n.run("ip", "-n", n.a, "route", "add", "blackhole", "10.78.0.2/32")
	found = n.examine()
	expect(t, found["IPv6"], Warning, "switched off on this computer")
	expect(t, found["multicast"], Failed, "doc0 (the interface has it switched off)")
	expect(t, found["devices nearby"], Failed, "keeps its devices apart")
}

func TestAPacketFilterThatDropsThePort(t *testing.T) {
	loud.Need(t, "nft")
	n := newNetwork(t)
	n.run("ip", "netns", "exec", n.a, "nft", "add table inet guard; add chain inet guard in { type filter hook input priority 0; policy accept; }")
	found := n.examine()
	expect(t, found["firewall"], OK, "lets others in at 42069/tcp")
	n.run("ip", "netns", "exec", n.a, "nft", "add rule inet guard in tcp dport { 42069, 42070 } drop")
	found = n.examine()
	expect(t, found["bittorrent port"], Failed, "tcp://10.78.0.1:42069")
	expect(t, found["firewall"], Warning, "keeps others out at 42069/tcp")
	words := strings.Split(strings.Trim(strings.TrimPrefix(found["firewall"].Hint, "run "), "'"), " ")
	if words[0] != "sudo" {
		t.Fatalf("the hint is %q", found["firewall"].Hint)
	}
	n.run(append([]string{"ip", "netns", "exec", n.a}, words[1:]...)...) // the hint helps
	found = n.examine()
	expect(t, found["bittorrent port"], OK, "tcp://10.78.0.1:42069")
	expect(t, found["firewall"], OK, "42069/tcp")
}

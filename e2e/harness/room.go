package harness

import (
	"crypto/rand"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// Room is a network of its own: a bridge in a namespace, with a computer in each
// Place. It ends with the test.
type Room struct {
	t         testing.TB
	namespace string
	prefix    string
	places    int
}

// Place is a computer in a Room.
type Place struct {
	// Namespace is where its programs run.
	Namespace string
	// IP is its address in the room.
	IP    string
	room  *Room
	cable string // the end at the bridge
}

// NewRoom makes an empty room. It skips t where that is not possible.
func NewRoom(t testing.TB) *Room {
	t.Helper()
	NeedRoot(t)
	Need(t, "ip")
	r := &Room{t: t, prefix: "k" + strings.ToLower(rand.Text()[:5])}
	r.namespace = r.prefix + "-room"
	r.ip("netns", "add", r.namespace)
	t.Cleanup(func() { r.ip("netns", "del", r.namespace) })
	r.ip("-n", r.namespace, "link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
	r.ip("-n", r.namespace, "link", "set", "br0", "up")
	return r
}

// Join puts a computer into the room.
func (r *Room) Join() *Place {
	r.t.Helper()
	r.places++
	p := &Place{
		Namespace: fmt.Sprintf("%s-%d", r.prefix, r.places), IP: fmt.Sprintf("10.88.0.%d", r.places),
		room: r, cable: fmt.Sprintf("p%d", r.places),
	}
	r.ip("netns", "add", p.Namespace)
	r.t.Cleanup(func() { r.ip("netns", "del", p.Namespace) })
	r.ip("-n", p.Namespace, "link", "set", "lo", "up")
	r.ip("-n", r.namespace, "link", "add", p.cable, "type", "veth", "peer", "name", "eth0", "netns", p.Namespace)
	r.ip("-n", r.namespace, "link", "set", p.cable, "master", "br0", "up")
	r.ip("-n", p.Namespace, "addr", "add", p.IP+"/24", "dev", "eth0")
	r.ip("-n", p.Namespace, "link", "set", "eth0", "up")
	r.ip("-n", p.Namespace, "route", "add", "224.0.0.0/4", "dev", "eth0")
	return p
}

// Plug puts the computer's cable in, or cuts it.
func (p *Place) Plug(in bool) {
	p.room.t.Helper()
	p.room.ip(strings.Fields(p.PlugCommand(in))[1:]...)
}

// PlugCommand is what Plug runs, for others to run.
func (p *Place) PlugCommand(in bool) string {
	return fmt.Sprintf("ip -n %s link set %s %s", p.room.namespace, p.cable, map[bool]string{true: "up", false: "down"}[in])
}

func (r *Room) ip(args ...string) {
	r.t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		r.t.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

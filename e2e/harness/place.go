package harness

import (
	"crypto/rand"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
)

// Namespace makes a network namespace that ends with t, in which the host has
// the address that is returned: some programs take no peer on 127.0.0.1.
func Namespace(t testing.TB) (name, ip string) {
	t.Helper()
	NeedRoot(t)
	Need(t, "ip")
	name, ip = "kith-"+strings.ToLower(rand.Text()[:8]), "10.77.0.1"
	run(t, "ip", "netns", "add", name)
	t.Cleanup(func() { run(t, "ip", "netns", "del", name) })
	run(t, "ip", "-n", name, "link", "set", "lo", "up")
	run(t, "ip", "-n", name, "addr", "add", ip+"/24", "dev", "lo")
	return name, ip
}

// SmallDisk mounts a file system of the given size that ends with t.
func SmallDisk(t testing.TB, size string) (dir string) {
	t.Helper()
	NeedRoot(t)
	dir = t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "kith", dir).CombinedOutput(); err != nil {
		Skip(t, "no file system can be mounted: %v: %s", err, out)
	}
	t.Cleanup(func() { run(t, "umount", "-l", dir) })
	return dir
}

func run(t testing.TB, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Errorf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
}

// FreePort returns a TCP port that was free on loopback a moment ago, for programs
// that cannot choose one themselves.
func FreePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// Loopback is a TCP address on loopback.
func Loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

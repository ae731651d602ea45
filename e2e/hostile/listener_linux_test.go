package hostile

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// listener is a port that a process listens on.
type listener struct {
	network string // tcp or udp
	addr    netip.AddrPort
}

func (l listener) String() string { return l.network + " " + l.addr.String() }

// listeners are all of a process, as the kernel tells: none can be forgotten.
func listeners(t testing.TB, pid int) (all []listener) {
	t.Helper()
	own := map[string]bool{}
	links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	must(t, err)
	for _, link := range links {
		to, err := os.Readlink(link)
		if inode, ok := strings.CutPrefix(to, "socket:["); err == nil && ok {
			own[strings.TrimSuffix(inode, "]")] = true
		}
	}
	for _, table := range []string{"tcp", "tcp6", "udp", "udp6"} {
		f, err := os.Open(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		must(t, err)
		defer func() { _ = f.Close() }()
		for s := bufio.NewScanner(f); s.Scan(); {
			// sl local_address rem_address st … inode (proc(5))
			fields := strings.Fields(s.Text())
			if len(fields) < 10 || !own[fields[9]] {
				continue
			}
			network := strings.TrimSuffix(table, "6")
			if state := fields[3]; network == "tcp" && state != "0A" || network == "udp" && state != "07" {
				continue
			}
			addr := kernelAddr(t, fields[1])
			if addr.Addr().IsUnspecified() || addr.Addr().IsMulticast() {
				addr = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), addr.Port())
			}
			if addr.Addr().IsLoopback() && addr.Addr().Is4() && addr.Port() != 5353 {
				all = append(all, listener{network, addr})
			}
		}
	}
	return all
}

// kernelAddr reads an address: words of four octets, the last octet first.
func kernelAddr(t testing.TB, text string) netip.AddrPort {
	t.Helper()
	host, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(host)
	must(t, err)
	n, err := strconv.ParseUint(port, 16, 16)
	must(t, err)
	for i := 0; i+4 <= len(raw); i += 4 {
		raw[i], raw[i+1], raw[i+2], raw[i+3] = raw[i+3], raw[i+2], raw[i+1], raw[i]
	}
	ip, ok := netip.AddrFromSlice(raw)
	if !ok {
		t.Fatalf("the kernel's address %q", text)
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(n))
}

// descriptors counts the open files of a process.
func descriptors(t testing.TB, pid int) int {
	t.Helper()
	links, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	must(t, err)
	return len(links)
}

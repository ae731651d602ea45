package webtransport

import (
	"fmt"
	"net"
	"testing"
)

func TestOnlyWhatOthersReachIsAnnounced(t *testing.T) {
	var interfaces []net.Addr
	for _, s := range []string{
		"127.0.0.1/8", "::1/128", "fe80::1/64", "10.1.2.3/8", "192.168.0.2/24", "100.64.0.9/10", "fd00::1/64",
		"203.0.113.7/24", "2001:db8::7/64", "203.0.113.7/32", "169.254.1.1/16",
	} {
		ip, n, err := net.ParseCIDR(s)
		if err != nil {
			t.Fatal(err)
		}
		interfaces = append(interfaces, &net.IPNet{IP: ip, Mask: n.Mask})
	}
	if got := fmt.Sprint(reachable(interfaces, false)); got != "[203.0.113.7 2001:db8::7]" {
		t.Errorf("public: %s", got)
	}
	if got := fmt.Sprint(reachable(interfaces, true)); got != "[10.1.2.3 192.168.0.2 100.64.0.9 fd00::1 203.0.113.7 2001:db8::7]" {
		t.Errorf("private too: %s", got)
	}
}

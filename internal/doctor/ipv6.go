package doctor

import (
	"context"
	"net"
	"net/netip"

	"github.com/kith-web/kith/internal/text"
)

// somewhere is an address of the global range of IPv6 (RFC 4291 §2.5.4). Nothing is
// sent to it: the system only says whether it knows a way.
const somewhere = "[2000::1]:9"

// checkIPv6 looks for the loopback address, for one of the internet, and for a way
// out.
func checkIPv6(ctx context.Context) Check {
	c := Check{Name: "IPv6", State: OK}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "[::1]:0")
	if err != nil {
		c.Found(Warning, "switched off on this computer: not even its own address ::1 is there, so readers and devices that have IPv6 alone are not reached")
		c.advise(hint(map[string]text.Phrase{
			"linux":   text.Of("run 'sudo sysctl -w net.ipv6.conf.all.disable_ipv6=0', and start the node again"),
			"darwin":  text.Of("run 'networksetup -setv6automatic Wi-Fi', and start the node again"),
			"windows": text.Of("tick Internet Protocol Version 6 in the properties of the network adapter, and start the node again"),
			"":        text.Of("switch it on in the settings of the network, and start the node again"),
		}))
		return c
	}
	_ = l.Close()
	global := globalAddrs()
	conn, err := (&net.Dialer{}).DialContext(ctx, "udp6", somewhere)
	if err == nil {
		_ = conn.Close()
	}
	switch {
	case len(global) == 0:
		c.Found(Warning, "no address of the internet: peers that have IPv6 alone are not reached, and IPv4 often needs a router's help to be reached by others")
		c.Advise("switch on IPv6 in your router; if your provider has none, nothing can be done here, and IPv4 works all the same")
	case err != nil:
		c.Found(Warning, "there is the address %s, and no way out from it", global[0])
		c.advise(hint(map[string]text.Phrase{
			"linux":   text.Of("'ip -6 route' should name a default route: connect to the network again, or ask who runs it"),
			"darwin":  text.Of("'netstat -rn -f inet6' should name a default route: connect to the network again, or ask who runs it"),
			"windows": text.Of("'route print -6' should name ::/0: connect to the network again, or ask who runs it"),
			"":        text.Of("connect to the network again, or ask who runs it"),
		}))
	default:
		c.Found(OK, "works: %s", global[0])
	}
	return c
}

// globalAddrs are this computer's addresses in the internet of IPv6.
func globalAddrs() []string {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var global []string
	for _, a := range addrs {
		prefix, err := netip.ParsePrefix(a.String())
		if ip := prefix.Addr(); err == nil && ip.Is6() && !ip.Is4In6() && ip.IsGlobalUnicast() && !ip.IsPrivate() {
			global = append(global, ip.String())
		}
	}
	return global
}
